"""`pais query`."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from typing import Annotated, Any

import typer

from pais.cli.arguments import ApiKey, Url, remote_at
from pais.cli.failing import INTERRUPTED, fail, misuse
from pais.cli.remote import Refused, Remote

MOST_INPUT = 16 * 1024 * 1024

Prompt = Annotated[str | None, typer.Argument(metavar="TEXT", help="The question; `-` or none: read it from stdin.")]
Session = Annotated[str | None, typer.Option("--session", help="Go on with this session, or begin it.")]
Stream = Annotated[bool, typer.Option("--stream", help="Print the answer as it comes, and tool calls to stderr.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print what the server sends; with --stream, a line for each.")]


def query(
    url: Url,
    text: Prompt = None,
    session: Session = None,
    stream: Stream = False,
    as_json: AsJson = False,
    api_key: ApiKey = None,
) -> None:
    """Ask an agent one question and print its answer.

    Example: pais query http://127.0.0.1:8000 "What is 1 + 2?" --stream
    """
    from pais.screen import take_any_text

    take_any_text()
    remote = remote_at(url, api_key)
    prompt = read_prompt() if text in (None, "-") else str(text)
    if not prompt.strip():
        misuse("there is no question: say it after the URL, or on stdin")
    try:
        if as_json:
            print_as_sent(remote, prompt, session, stream=stream)
        elif stream:
            print_as_it_comes(remote, prompt, session)
        else:
            print_whole(remote, prompt, session)
    except Refused as reason:
        fail(str(reason))
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


def read_prompt() -> str:
    if sys.stdin.isatty():
        misuse("there is no question: say it after the URL, or on stdin")
    content = sys.stdin.buffer.read(MOST_INPUT + 1)
    if len(content) > MOST_INPUT:
        misuse("the question on stdin is longer than 16 MiB")
    return content.decode("utf-8", "replace").rstrip("\n")


def print_as_sent(remote: Remote, prompt: str, session: str | None, *, stream: bool) -> None:
    with closing((remote.stream if stream else remote.answer)(prompt, session)) as messages:
        for message in messages:
            print(json.dumps(message), flush=True)


def print_whole(remote: Remote, prompt: str, session: str | None) -> None:
    from pais.plain_text import plain

    for answer in remote.answer(prompt, session):
        print(plain(content_of(answer, "message")), flush=True)


def print_as_it_comes(remote: Remote, prompt: str, session: str | None) -> None:
    from pais.cli.progress import progress_line, progress_of
    from pais.plain_text import plain
    from pais.screen import styled

    at_line_start = True
    try:
        with closing(remote.stream(prompt, session)) as chunks:
            for chunk in chunks:
                if progress := progress_of(chunk):
                    typer.echo(styled(progress_line(progress), "dim", sys.stderr), err=True)
                elif text := plain(content_of(chunk, "delta")):
                    print(text, end="", flush=True)
                    at_line_start = text.endswith("\n")
    finally:
        if not at_line_start:
            print(flush=True)


def content_of(message: dict[str, Any], part: str) -> str:
    choices = message.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    found = choice.get(part) if isinstance(choice, dict) else None
    content = found.get("content") if isinstance(found, dict) else None
    return content if isinstance(content, str) else ""
