"""`pais init`: what it writes is served at once, and its own tests pass."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import wire
from asgi_client import Client, scope
from pais.cli import app
from pais.cli.init import Template
from pais.load import import_file
from peers import peer_program
from running_file import RunningFile

TEMPLATES = list(Template)
RUN_BY_THEIR_OWN_TESTS = {Template.mcp, Template.multi_agent}  # `pais run`, in processes of their own
PATIENCE = 120.0
EVERYWHERE = {".dockerignore", ".env.example", "README.md", "pyproject.toml", "server.py"}


def init(directory: Path, *options: str) -> Result:
    return CliRunner().invoke(app, ["init", str(directory), *options])


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> dict[Template, Path]:
    """A project of every template."""
    folder = tmp_path_factory.mktemp("projects")
    made = {template: folder / f"the-{template}" for template in TEMPLATES}
    for template, directory in made.items():
        outcome = init(directory, "--template", template)
        assert outcome.exit_code == 0, outcome.output
    return made


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_project_bears_the_name_of_its_folder(template: Template, projects: dict[Template, Path]) -> None:
    project = projects[template]

    texts = {str(path.relative_to(project)): path.read_text() for path in project.rglob("*") if path.is_file()}
    declared = tomllib.loads(texts["pyproject.toml"])["project"]

    assert texts.keys() >= EVERYWHERE
    assert any(re.fullmatch(r"tests/test_\w+\.py", name) for name in texts)
    assert declared["name"] == f"the-{template}"
    assert f"AGENT_NAME=the-{template}\n" in texts[".env.example"]
    assert texts["README.md"].startswith(f"# the-{template}\n")
    assert not [name for name, text in texts.items() if "my-agent" in text]


@pytest.mark.parametrize("template", TEMPLATES)
def test_its_own_tests_pass(template: Template, projects: dict[Template, Path]) -> None:
    # What the MCP server of a template is made of.
    mcp = peer_program("mcp-1", "python").parents[1].joinpath("lib", f"python3.{sys.version_info[1]}", "site-packages")

    outcome = subprocess.run(
        [sys.executable, "-m", "pytest", "--quiet", "-p", "no:cacheprovider", "-p", "no:xdist"],
        cwd=projects[template],
        env={**os.environ, **({"PYTHONPATH": str(mcp)} if template is Template.mcp else {})},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@pytest.mark.parametrize("template", [template for template in TEMPLATES if template not in RUN_BY_THEIR_OWN_TESTS])
def test_it_answers_without_a_key(template: Template, projects: dict[Template, Path]) -> None:
    server = RunningFile("server.py", {}, projects[template])
    try:
        server.wait_until_loaded()

        answer = json.loads(wire.ask(server.url, "Hello!"))

        assert len(answer) >= 2  # the stand-in for a model called each tool, or filled in the answer's shape
        card = wire.get(f"{server.url}/.well-known/agent.json")
        assert card["name"] == f"the-{template}"
        assert len(card["skills"]) == 2
    finally:
        assert server.stop() == 0


def test_it_is_served_by_asgi_servers_too(projects: dict[Template, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENT_NAME", "hello")
    client = Client({"type": "http.request", "body": b"", "more_body": False})

    served = import_file(projects[Template.basic] / "server.py").get_app()
    asyncio.run(served(scope(), client.receive, client.send))

    assert json.loads(client.body)["name"] == "hello"


def test_files_that_are_there_are_kept(tmp_path: Path) -> None:
    (tmp_path / "server.py").write_text("mine = True\n")
    (tmp_path / "notes.txt").write_text("mine too\n")

    outcome = init(tmp_path)

    assert outcome.exit_code == 0
    assert "⚠️  Skipping server.py (already exists, use --force to overwrite)\n" in outcome.output
    assert "✅ Created README.md\n" in outcome.output
    assert (tmp_path / "server.py").read_text() == "mine = True\n"
    assert (tmp_path / "notes.txt").read_text() == "mine too\n"


def test_a_link_to_nowhere_is_kept_too(tmp_path: Path) -> None:
    (tmp_path / "server.py").symlink_to(tmp_path / "elsewhere.py")

    outcome = init(tmp_path)

    assert "Skipping server.py" in outcome.output
    assert not (tmp_path / "elsewhere.py").exists()


def test_force_overwrites_what_a_project_is_made_of_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "server.py").write_text("mine = True\n")
    (tmp_path / "notes.txt").write_text("mine too\n")

    outcome = init(tmp_path, "--force")

    assert "✅ Created server.py\n" in outcome.output
    assert "Skipping" not in outcome.output
    assert "Agent(" in (tmp_path / "server.py").read_text()
    assert (tmp_path / "notes.txt").read_text() == "mine too\n"


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("My Agent!", "my-agent"),
        ("research_team.v2", "research-team-v2"),
        ("--", "my-agent"),
        ("Überblick", "berblick"),
        ("a" * 100, "a" * 63),
    ],
)
def test_a_folder_of_any_name_gives_a_valid_one(folder: str, name: str, tmp_path: Path) -> None:
    outcome = init(tmp_path / folder)

    assert outcome.exit_code == 0
    assert tomllib.loads((tmp_path / folder / "pyproject.toml").read_text())["project"]["name"] == name


def test_the_next_steps_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = init(tmp_path / "one agent").output
    monkeypatch.chdir(tmp_path)
    here = init(Path()).output

    assert f"  cd '{tmp_path}/one agent'\n  pais run " in elsewhere
    assert "cd " not in here
    assert "pais build" in here


def test_a_dockerfile_is_written_when_it_is_wanted(tmp_path: Path) -> None:
    without = init(tmp_path / "without")
    with_one = init(tmp_path / "with", "--dockerfile")

    assert "Dockerfile" not in without.output
    assert "✅ Created Dockerfile\n" in with_one.output
    assert 'CMD ["pais", "run", "server.py"]' in (tmp_path / "with" / "Dockerfile").read_text()


@pytest.mark.parametrize("place", ["/proc/agent", "file", "file/agent"])
def test_a_place_that_cannot_be_written_is_told_in_one_sentence(place: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    outcome = init(tmp_path / place)

    assert outcome.exit_code == 1
    assert outcome.stderr.startswith(f"Error: cannot write {tmp_path / place}/")
    assert outcome.stderr.count("\n") == 1


def test_a_template_that_does_not_exist_is_a_misuse(tmp_path: Path) -> None:
    outcome = init(tmp_path, "--template", "everything")

    assert outcome.exit_code == 2
    assert "rag-sqlite" in outcome.stderr
    assert not list(tmp_path.iterdir())
