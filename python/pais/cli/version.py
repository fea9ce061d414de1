"""`pais version`."""

from __future__ import annotations

import json
import platform
from typing import Annotated

import typer

import pais


def version(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print the version, and what it runs on.

    Example: pais version
    """
    from pais import _core

    core = _core.build_info()
    runs_on = {"python": platform.python_version(), "pydantic_ai": version_of_pydantic_ai()}
    if as_json:
        typer.echo(json.dumps({"version": pais.__version__, "core": core, **runs_on}))
        return
    typer.echo(f"pais {pais.__version__}")
    typer.echo(f"core {core['version']}, {core['build_type']}, {core['compiler']}")
    typer.echo(f"Python {runs_on['python']}, pydantic-ai {runs_on['pydantic_ai'] or 'not installed'}")


def version_of_pydantic_ai() -> str | None:
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as version_of

    for name in ("pydantic-ai-slim", "pydantic-ai"):
        try:
            return version_of(name)
        except PackageNotFoundError:
            continue
    return None
