"""How a command ends that could not do what it was asked for: one sentence, an exit code, no traceback."""

from __future__ import annotations

from typing import NoReturn

import typer

from pais.plain_text import plain

FAILED = 1
MISUSED = 2
INTERRUPTED = 130


def fail(reason: str) -> NoReturn:
    end_with(reason, FAILED)


def misuse(reason: str) -> NoReturn:
    """What was typed, or what is configured, cannot be meant."""
    end_with(reason, MISUSED)


def end_with(reason: str, code: int) -> NoReturn:
    typer.echo(f"Error: {plain(reason)}", err=True)
    raise typer.Exit(code)
