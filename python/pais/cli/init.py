"""`pais init`: a small project that is served at once."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pais.cli.dockerfile import DEFAULT_BASE, Recipe
from pais.cli.failing import fail

TEMPLATES = Path(__file__).parents[1] / "templates"
COMMON = TEMPLATES / "common"
PLACEHOLDER = "my-agent"  # what every template calls its project, its agent and its image
LONGEST_NAME = 63  # of what is deployed: a label of DNS
UNSEEN = {"__pycache__", ".pytest_cache", ".ruff_cache", ".mypy_cache"}


class Template(StrEnum):
    basic = "basic"
    tools = "tools"
    mcp = "mcp"
    multi_agent = "multi-agent"
    structured = "structured"
    rag_sqlite = "rag-sqlite"


Folder = Annotated[Path, typer.Argument(metavar="[DIR]", help="Folder of the project; made when it is not there.")]
Chosen = Annotated[Template, typer.Option("--template", help="What the project shows.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite files that are there.")]
WithDockerfile = Annotated[
    bool, typer.Option("--dockerfile/--no-dockerfile", help="Write the Dockerfile down that `pais build` would use.")
]


def init(
    directory: Folder = Path(),
    template: Chosen = Template.basic,
    force: Force = False,
    dockerfile: WithDockerfile = False,
) -> None:
    """Begin a project: an agent that runs without a key, its tests, and what it takes to deploy it.

    Files that are there are kept, unless --force says otherwise. Example: pais init my-agent --template tools
    """
    name = project_name(directory)
    files = dict(project_files(template, name))
    if dockerfile:
        files[Path("Dockerfile")] = Recipe(DEFAULT_BASE, "server.py", is_package=False).text()
    for path, text in sorted(files.items()):
        write_new(directory / path, text, shown=path, overwrite=force)
    tell_next_steps(directory, name)


def project_name(directory: Path) -> str:
    """The folder's, as packages, images and services may be called."""
    said = re.sub(r"[^a-z0-9]+", "-", directory.resolve().name.lower())
    return said.strip("-")[:LONGEST_NAME].strip("-") or PLACEHOLDER


def project_files(template: Template, name: str) -> Iterator[tuple[Path, str]]:
    """The files of every project, and the template's own instead of or beside them."""
    texts = {path: text for folder in (COMMON, TEMPLATES / template) for path, text in files_below(folder)}
    readme = Path("README.md")
    texts[readme] += (COMMON / readme).read_text(encoding="utf-8")  # how to run it, below what it is
    for path, text in texts.items():
        yield path, text.replace(PLACEHOLDER, name)


def files_below(folder: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(folder.rglob("*")):
        place = path.relative_to(folder)
        if path.is_file() and not UNSEEN & set(place.parts):
            yield place, path.read_text(encoding="utf-8")


def write_new(path: Path, text: str, *, shown: Path, overwrite: bool) -> None:
    if os.path.lexists(path) and not overwrite:
        typer.echo(f"⚠️  Skipping {shown} (already exists, use --force to overwrite)")
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as reason:
        fail(f"cannot write {path}: {reason.strerror}")
    typer.echo(f"✅ Created {shown}")


def tell_next_steps(directory: Path, name: str) -> None:
    typer.echo("\nNext steps:")
    if directory.resolve() != Path.cwd():
        typer.echo(f"  cd {shlex.quote(str(directory))}")
    for command, does in {
        "pais run": "serves it on http://127.0.0.1:8000, without a key",
        "pytest": "tests it, with a scripted model",
        "pais build": f"makes the image {name}:latest",
    }.items():
        typer.echo(f"  {command:<12} {does}")
