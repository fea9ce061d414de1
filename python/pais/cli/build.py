"""`pais build`: an agent's image, by the container engine that is there."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from pais.cli.dockerfile import DEFAULT_BASE, Recipe
from pais.cli.failing import INTERRUPTED, fail, misuse

NAME = re.compile(r"[a-z0-9]+([._/:-]+[a-z0-9]+)*")  # with a registry's address before it, perhaps
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")


class Engine(StrEnum):
    """In the order in which they are looked for."""

    docker = "docker"
    podman = "podman"
    buildah = "buildah"


What = Annotated[str, typer.Argument(metavar="[image]", help="What to build: there is only the image.")]
Name = Annotated[str | None, typer.Option("--name", "-n", help="Name of the image; default: the project's.")]
Tag = Annotated[str, typer.Option("--tag", "-t", help="Tag of the image.")]
Folder = Annotated[Path, typer.Option("--dir", "-d", help="Folder of the project.")]
Entry = Annotated[str, typer.Option("--entry", "-e", help="The file to serve, or file:attribute.")]
KindLoad = Annotated[bool, typer.Option("--kind-load", help="Load the image into the kind cluster.")]
CreateDockerfile = Annotated[
    bool, typer.Option("--create-dockerfile", help="Write the Dockerfile down, over one that is there.")
]
Platform = Annotated[str | None, typer.Option(help="What to build for, e.g. linux/arm64.")]
BaseImage = Annotated[str | None, typer.Option(help=f"The image to begin with; default: {DEFAULT_BASE}.")]
Push = Annotated[bool, typer.Option("--push", help="Push the image to its registry.")]
Builder = Annotated[Engine | None, typer.Option(help="The engine; default: the first that is there.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the Dockerfile and the commands, and run nothing.")]


@dataclass(frozen=True)
class Step:
    """A command, and what its user sees before it."""

    mark: str
    command: Sequence[str]
    stdin: str | None = None


def build(
    what: What = "image",
    name: Name = None,
    tag: Tag = "latest",
    directory: Folder = Path(),
    entry: Entry = "server.py",
    kind_load: KindLoad = False,
    create_dockerfile: CreateDockerfile = False,
    platform: Platform = None,
    base_image: BaseImage = None,
    push: Push = False,
    builder: Builder = None,
    dry_run: DryRun = False,
) -> None:
    """Build the image of an agent, with docker, podman or buildah.

    Without a Dockerfile in the folder one is made, and not left behind. Example: pais build --tag v1 --push
    """
    if what != "image":
        misuse(f"there is no {what!r} to build, only 'image'")
    project = checked_project(directory, entry)
    image = f"{checked_name(name, project)}:{checked_tag(tag)}"
    engine = found_engine(builder, needed=not dry_run)
    if kind_load and not dry_run:
        expect_program("kind", "--kind-load needs it")

    recipe = None
    if create_dockerfile or not (directory / "Dockerfile").is_file():
        recipe = Recipe(base_image or DEFAULT_BASE, entry, is_package="build-system" in project).text()
    elif base_image:
        fail("--base-image is for a Dockerfile that is made, and there is one; add --create-dockerfile")
    with tempfile.TemporaryDirectory() as scratch:
        steps = [build_step(engine, image, directory, platform, piped=None if create_dockerfile else recipe)]
        steps += [Step("🚀 Pushing", [engine, "push", image])] if push else []
        steps += kind_steps(engine, image, Path(scratch) / "image.tar") if kind_load else []
        if dry_run:
            return show(recipe, steps)
        typer.echo(f"📦 {image} from {directory}, with {engine}")
        if recipe:
            hand_over(recipe, directory / "Dockerfile" if create_dockerfile else None)
        for step in steps:
            carry_out(step)
    typer.echo(f"✅ Built {image}")
    typer.echo(f"🎉 {run_line(engine, image)}")
    return None


def checked_project(directory: Path, entry: str) -> dict[str, Any]:
    """What pyproject.toml says; everything that a build reads is there."""
    if not directory.is_dir():
        fail(f"Directory '{directory}' not found")
    entry_file = entry.partition(":")[0]
    if Path(entry_file).is_absolute() or ".." in Path(entry_file).parts:
        fail(f"Entry file '{entry_file}' has to lie in {directory}")
    if not (directory / entry_file).is_file():
        fail(f"Entry file '{entry_file}' not found in {directory}")
    path = directory / "pyproject.toml"
    if not path.is_file():
        fail(f"pyproject.toml not found in {directory}")
    try:
        project = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as reason:
        fail(f"{path}: {reason}")
    return project


def checked_name(given: str | None, project: dict[str, Any]) -> str:
    declared = project.get("project")
    name = given or (declared.get("name") if isinstance(declared, dict) else None)
    if not isinstance(name, str):
        fail("pyproject.toml has no project.name; say --name")
    if given is None:
        name = re.sub(r"[._-]+", "-", name.lower())
    if not NAME.fullmatch(name):
        misuse(f"{name!r} cannot be an image's name: lower case letters, digits and . _ - between")
    return name


def checked_tag(tag: str) -> str:
    if not TAG.fullmatch(tag):
        misuse(f"{tag!r} cannot be a tag: letters, digits, _ . - and no more than 128 of them")
    return tag


def found_engine(wanted: Engine | None, *, needed: bool) -> Engine:
    if wanted:
        if needed:
            expect_program(wanted, "--builder asks for it")
        return wanted
    for engine in Engine:
        if shutil.which(engine):
            return engine
    if needed:
        fail(f"none of {', '.join(Engine)} is on PATH; install one of them")
    return Engine.docker


def expect_program(program: str, reason: str) -> None:
    if not shutil.which(program):
        fail(f"{program} is not on PATH; {reason}")


def build_step(engine: Engine, image: str, directory: Path, platform: str | None, *, piped: str | None) -> Step:
    command = [engine, "build", "--tag", image]
    command += ["--platform", platform] if platform else []
    command += ["--file", "-"] if piped else []
    return Step("🔨 Building", [*command, str(directory)], piped)


def kind_steps(engine: Engine, image: str, archive: Path) -> Iterator[Step]:
    """kind looks for images where docker keeps them; those of others come to it in a file."""
    if engine is Engine.docker:
        yield Step("🚚 Loading into kind", ["kind", "load", "docker-image", image])
        return
    if engine is Engine.podman:
        yield Step("🚚 Saving", ["podman", "save", "--format", "docker-archive", "--output", str(archive), image])
    else:
        yield Step("🚚 Saving", ["buildah", "push", image, f"docker-archive:{archive}:{image}"])
    yield Step("🚚 Loading into kind", ["kind", "load", "image-archive", str(archive)])


def show(recipe: str | None, steps: Sequence[Step]) -> None:
    if recipe:
        typer.echo(f"# Dockerfile\n{recipe}")
    for step in steps:
        typer.echo(shlex.join(step.command))


def hand_over(recipe: str, path: Path | None) -> None:
    if path is None:
        typer.echo("📝 Made a Dockerfile (--dry-run shows it, --create-dockerfile keeps it)")
        return
    try:
        path.write_text(recipe, encoding="utf-8")
    except OSError as reason:
        fail(f"cannot write {path}: {reason.strerror}")
    typer.echo(f"📝 Created {path}")


def carry_out(step: Step) -> None:
    """What the engine says goes to the screen as it comes; its failure is ours."""
    typer.echo(f"{step.mark}: {shlex.join(step.command)}")
    try:
        outcome = subprocess.run(step.command, input=step.stdin, text=True, check=False)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    if outcome.returncode != 0:
        code = outcome.returncode if outcome.returncode > 0 else 128 - outcome.returncode  # a signal, as shells say it
        typer.echo(f"Error: {shlex.join(step.command[:2])} ended with {code}", err=True)
        raise typer.Exit(code)


def run_line(engine: Engine, image: str) -> str:
    runner = Engine.podman if engine is Engine.buildah else engine  # buildah runs no images
    agent = image.rpartition(":")[0].rpartition("/")[2]
    return f"Run it: {runner} run --rm --publish 8000:8000 --env AGENT_NAME={agent} {image}"
