"""`pais sessions`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from pais.cli.arguments import ApiKey, AsJson, Url, remote_at
from pais.cli.failing import fail, misuse
from pais.cli.remote import Refused

Session = Annotated[str, typer.Argument(metavar="SESSION", help="Id of a session.")]

sessions = typer.Typer(no_args_is_help=True, help="The conversations that a served agent remembers.")


@contextmanager
def sentences() -> Iterator[None]:
    from pais.screen import take_any_text

    take_any_text()
    try:
        yield
    except Refused as reason:
        fail(str(reason))


@sessions.command("list")
def list_(url: Url, as_json: AsJson = False, api_key: ApiKey = None) -> None:
    """List the ids of all sessions.

    Example: pais sessions list http://127.0.0.1:8000
    """
    with sentences():
        found = remote_at(url, api_key).sessions()
    if as_json:
        print(json.dumps(found))
        return
    from pais.plain_text import one_line

    for name in found:
        print(one_line(name))


@sessions.command()
def show(
    url: Url,
    session: Session,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many of the newest events.")] = 100,
    as_json: AsJson = False,
    api_key: ApiKey = None,
) -> None:
    """Show what was said and done in a session.

    Example: pais sessions show http://127.0.0.1:8000 monday
    """
    with sentences():
        remote = remote_at(url, api_key)
        found = remote.events(session, limit)
        if not found and session not in remote.sessions():
            raise Refused(f"there is no session {session!r}")
    if as_json:
        print(json.dumps(found))
        return
    from pais.cli.events import show_events

    show_events(found)


@sessions.command()
def delete(
    url: Url,
    names: Annotated[list[str], typer.Argument(metavar="SESSION", help="Ids of sessions.")],
    api_key: ApiKey = None,
) -> None:
    """Forget sessions.

    Example: pais sessions delete http://127.0.0.1:8000 monday tuesday
    """
    with sentences():
        remote = remote_at(url, api_key)
        for name in names:
            remote.delete(name)


@sessions.command()
def clear(
    url: Url,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    api_key: ApiKey = None,
) -> None:
    """Forget all sessions, after asking.

    Example: pais sessions clear http://127.0.0.1:8000 --yes
    """
    with sentences():
        remote = remote_at(url, api_key)
        names = remote.sessions()
        if names and not yes:
            if not sys.stdin.isatty():
                misuse("nobody can be asked here; say --yes")
            typer.confirm(f"Forget {len(names)} session(s) of {remote.url}?", abort=True)
        forgotten = 0
        for name in names:
            try:
                remote.delete(name)
            except Refused as refused:
                if refused.status != 404:  # somebody else was quicker
                    raise
            else:
                forgotten += 1
    print(f"{forgotten} session(s) forgotten")


@sessions.command()
def export(
    url: Url,
    names: Annotated[list[str] | None, typer.Argument(metavar="SESSION", help="Default: all.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write; default: the screen.")] = None,
    api_key: ApiKey = None,
) -> None:
    """Write sessions as JSON Lines: an event a line.

    Example: pais sessions export http://127.0.0.1:8000 monday --output monday.jsonl
    """
    with sentences():
        remote = remote_at(url, api_key)
        content = b"".join(remote.export(name) for name in names or remote.sessions())
    if output is None:
        show_or_pass_on(content)
        return
    try:
        output.write_bytes(content)
    except OSError as reason:
        fail(f"{output} cannot be written: {reason.strerror}")


def show_or_pass_on(content: bytes) -> None:
    """As it is, but not to a terminal, which would obey what is in it."""
    if not sys.stdout.isatty():
        sys.stdout.buffer.write(content)
        return
    from pais.plain_text import plain

    sys.stdout.write(plain(content.decode("utf-8", "replace")))
