"""The arguments that several commands have, and the server they mean."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pais.cli.failing import fail, misuse
from pais.cli.remote import NotAUrl, Remote

DEFAULT_FILE = "server.py"
KEY_VARIABLES = ["PAIS_API_KEY", "AGENT_API_KEY"]

Url = Annotated[str, typer.Argument(metavar="URL", help="Where the agent is served, such as http://127.0.0.1:8000.")]
ApiKey = Annotated[
    str | None,
    typer.Option("--api-key", envvar=KEY_VARIABLES, show_default=False, help="Key that the server wants."),
]
EnvFile = Annotated[str | None, typer.Option(help="Read variables from this file too.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def remote_at(url: str, api_key: str | None) -> Remote:
    try:
        return Remote(url, api_key)
    except NotAUrl as reason:
        misuse(str(reason))


def usual_target() -> str | None:
    return DEFAULT_FILE if Path(DEFAULT_FILE).is_file() else None


def refuse_absent(target: str) -> None:
    place = target.partition(":")[0]
    if place.endswith(".py") and not Path(place).is_file():
        fail(f"File '{place}' not found")
