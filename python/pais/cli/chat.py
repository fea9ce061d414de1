"""`pais chat`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from pais.cli.arguments import DEFAULT_FILE, ApiKey, refuse_absent, remote_at, usual_target
from pais.cli.failing import FAILED, INTERRUPTED, end_with, fail, misuse
from pais.cli.remote import NotAUrl, Refused, Remote, server_url

Place = Annotated[
    str | None,
    typer.Argument(metavar="URL|FILE", help="An agent that is served, or the file of one that is not."),
]
Session = Annotated[str | None, typer.Option("--session", help="Go on with this session; default: a new one.")]
Mock = Annotated[list[str] | None, typer.Option(help="With FILE: answers instead of a model's; repeatable.")]
EnvFile = Annotated[str | None, typer.Option(help="With FILE: read variables from this file too.")]


def chat(
    place: Place = None,
    session: Session = None,
    mock: Mock = None,
    env_file: EnvFile = None,
    api_key: ApiKey = None,
) -> None:
    """Talk to an agent in the terminal.

    With a FILE the agent is started for the conversation, on a free port, and ended with it. Without an argument it is
    the agent that answers at http://127.0.0.1:8000 (or AGENT_PORT), or else server.py of this folder. /help says what
    can be done. Ctrl-C stops an answer; twice, it leaves. What is typed is kept for the next time, in
    ~/.local/state/pais/chat_history. Example: pais chat server.py
    """
    from pais.screen import take_any_text

    take_any_text()
    options = [f"--mock={text}" for text in mock or []] + ([f"--env-file={env_file}"] if env_file else [])
    found = place or usual_place(api_key, wants_file=bool(options))
    if is_url(found):
        if options:
            misuse("--mock and --env-file are for a FILE, which is started here")
        raise typer.Exit(talk(remote_at(found, api_key), session))
    raise typer.Exit(talk_to_file(found, options, session, api_key))


def usual_place(api_key: str | None, *, wants_file: bool) -> str:
    port = os.environ.get("AGENT_PORT", "")
    usual = f"http://127.0.0.1:{port if port.isdigit() and port != '0' else 8000}"
    file = usual_target()
    if file and wants_file:
        return file
    try:
        remote_at(usual, api_key).card()
    except Refused:
        if file:
            return file
        fail(f"no agent answers at {usual}, and there is no {DEFAULT_FILE} here: say pais chat URL or pais chat FILE")
    return usual


def is_url(text: str) -> bool:
    try:
        server_url(text)
    except NotAUrl:
        return "://" in text
    return True


def talk_to_file(target: str, options: list[str], session: str | None, api_key: str | None) -> int:
    from pais.cli.own_server import served
    from pais.plain_text import plain
    from pais.screen import say

    refuse_absent(target)
    try:
        with served(target, options) as server:
            say(f"Starting {target} …", "dim")
            try:
                server.wait_until_ready()
            except Refused as reason:
                sys.stderr.write(plain(server.output))
                end_with(str(reason), FAILED)
            return talk(remote_at(server.url, api_key), session, lambda: server.output)
    except KeyboardInterrupt:
        return INTERRUPTED


def talk(remote: Remote, session: str | None, log: Callable[[], str] | None = None) -> int:
    from pais.cli.conversation import Conversation
    from pais.cli.typed_lines import TypedLines

    try:
        conversation = Conversation(remote, session, log)
    except Refused as reason:
        fail(str(reason))
    conversation.greet()
    return conversation.go_on(TypedLines())
