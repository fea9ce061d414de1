"""`pais build`: what the container engine is asked to do. The engines here only write down what they are told."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pais.cli import app

PYPROJECT = '[project]\nname = "Word_Counter"\nversion = "1"\n'

# Keeps its arguments and what it reads; fails where it was told to.
ENGINE = f"""#!{sys.executable}
import json, os, sys
log, failing = os.environ["ENGINE_LOG"], os.environ.get("ENGINE_FAILS", "")
reads = "--file" in sys.argv
call = dict(program=os.path.basename(sys.argv[0]), words=sys.argv[1:], read=sys.stdin.read() if reads else None)
with open(log, "a") as lines:
    print(json.dumps(call), file=lines)
print("the engine at work")
verb, _, code = failing.partition("=")
sys.exit(int(code) if verb and sys.argv[1] == verb else 0)
"""


@dataclass(frozen=True)
class Call:
    program: str
    words: list[str]
    read: str | None


class Engines:
    def __init__(self, folder: Path) -> None:
        self._bin = folder / "bin"
        self._bin.mkdir()
        self.log = folder / "engine.log"

    @property
    def path(self) -> str:
        return str(self._bin)

    def install(self, *names: str) -> None:
        for name in names:
            program = self._bin / name
            program.write_text(ENGINE)
            program.chmod(0o755)

    def calls(self) -> list[Call]:
        return [Call(**json.loads(line)) for line in self.log.read_text().splitlines()] if self.log.exists() else []


@pytest.fixture
def engines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engines:
    """None but those that the test installs is on PATH."""
    engines = Engines(tmp_path)
    monkeypatch.setenv("PATH", engines.path)
    monkeypatch.setenv("ENGINE_LOG", str(engines.log))
    return engines


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project, and the folder we are in."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "server.py").write_text("agent = None\n")
    monkeypatch.chdir(folder)
    return folder


def build(*words: str) -> Result:
    return CliRunner().invoke(app, ["build", *words])


def test_a_dockerfile_is_made_and_piped_and_not_left_behind(engines: Engines, project: Path) -> None:
    engines.install("docker")

    outcome = build()

    assert outcome.exit_code == 0, outcome.output
    (call,) = engines.calls()
    assert call.words == ["build", "--tag", "word-counter:latest", "--file", "-", "."]
    assert call.read is not None
    assert call.read.startswith("FROM kaos-agent:latest\nWORKDIR /app\n")
    assert call.read.endswith('USER 65532:65532\nCMD ["pais", "run", "server.py"]\n')
    assert sorted(path.name for path in project.iterdir()) == ["pyproject.toml", "server.py"]
    assert [mark for mark in "📦📝🔨✅🎉" if mark in outcome.output] == list("📦📝🔨✅🎉")


def test_what_changes_most_is_copied_last(engines: Engines, project: Path) -> None:
    engines.install("docker")

    build()

    lines = (engines.calls()[0].read or "").splitlines()
    installs = next(line for line in lines if line.startswith("RUN "))
    assert "|| true" not in installs  # what cannot be installed fails the build
    assert lines.index("COPY pyproject.toml ./") < lines.index(installs) < lines.index("COPY --chown=65532:65532 . .")


def test_a_project_that_is_a_package_is_installed_too(engines: Engines, project: Path) -> None:
    engines.install("docker")
    (project / "pyproject.toml").write_text(PYPROJECT + '[build-system]\nrequires = ["setuptools"]\n')

    build()

    assert "RUN pip install --no-cache-dir --no-deps .\n" in (engines.calls()[0].read or "")


def test_every_option_reaches_the_engine(engines: Engines, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engines.install("docker", "kind")
    (project / "main.py").write_text("")
    monkeypatch.chdir("/")
    options = ["-n", "hub.example:5000/team/bot", "-t", "v1.2", "-d", str(project), "-e", "main.py:bot"]
    more = ["--platform", "linux/arm64", "--base-image", "base:3", "--push", "--kind-load"]

    outcome = build("image", *options, *more)

    image = "hub.example:5000/team/bot:v1.2"
    built, pushed, loaded = engines.calls()
    assert built.words == ["build", "--tag", image, "--platform", "linux/arm64", "--file", "-", str(project)]
    assert built.read is not None
    assert built.read.startswith("FROM base:3\n")
    assert built.read.endswith('CMD ["pais", "run", "main.py:bot"]\n')
    assert pushed.words == ["push", image]
    assert (loaded.program, loaded.words) == ("kind", ["load", "docker-image", image])
    assert f"🎉 Run it: docker run --rm --publish 8000:8000 --env AGENT_NAME=bot {image}" in outcome.output


def test_a_dockerfile_of_the_users_own_is_used_and_kept(engines: Engines, project: Path) -> None:
    engines.install("docker")
    (project / "Dockerfile").write_text("FROM mine\n")

    outcome = build()

    assert outcome.exit_code == 0
    (call,) = engines.calls()
    assert call.words == ["build", "--tag", "word-counter:latest", "."]
    assert (project / "Dockerfile").read_text() == "FROM mine\n"


def test_create_dockerfile_writes_it_over_the_one_that_is_there(engines: Engines, project: Path) -> None:
    engines.install("docker")
    (project / "Dockerfile").write_text("FROM mine\n")

    outcome = build("--create-dockerfile", "--base-image", "base:3")

    assert "📝 Created Dockerfile\n" in outcome.output
    assert (project / "Dockerfile").read_text().startswith("FROM base:3\n")
    assert engines.calls()[0].words == ["build", "--tag", "word-counter:latest", "."]


def test_a_base_image_is_not_ignored_in_silence(engines: Engines, project: Path) -> None:
    engines.install("docker")
    (project / "Dockerfile").write_text("FROM mine\n")

    outcome = build("--base-image", "base:3")

    assert outcome.exit_code == 1
    assert "--create-dockerfile" in outcome.stderr
    assert not engines.calls()


@pytest.mark.parametrize(
    ("installed", "options", "used"),
    [
        (["docker", "podman", "buildah"], [], "docker"),
        (["podman", "buildah"], [], "podman"),
        (["buildah"], [], "buildah"),
        (["docker", "buildah"], ["--builder", "buildah"], "buildah"),
    ],
)
def test_the_first_engine_that_is_there_is_used(
    installed: list[str], options: list[str], used: str, engines: Engines, project: Path
) -> None:
    engines.install(*installed)

    assert build(*options).exit_code == 0

    assert [call.program for call in engines.calls()] == [used]


@pytest.mark.parametrize("engine", ["podman", "buildah"])
def test_kind_is_given_a_file_by_engines_it_does_not_know(engine: str, engines: Engines, project: Path) -> None:
    engines.install(engine, "kind")

    assert build("--kind-load").exit_code == 0

    _, saved, loaded = engines.calls()
    archive = loaded.words[-1]
    assert loaded.words == ["load", "image-archive", archive]
    assert any(archive in word for word in saved.words)
    assert not Path(archive).parent.exists()


@pytest.mark.parametrize(
    ("spoil", "options", "told"),
    [
        (None, ["--dir", "elsewhere"], "Error: Directory 'elsewhere' not found\n"),
        ("server.py", [], "Error: Entry file 'server.py' not found in .\n"),
        (None, ["--entry", "other.py"], "Error: Entry file 'other.py' not found in .\n"),
        (None, ["--entry", "../a.py"], "Error: Entry file '../a.py' has to lie in .\n"),
        ("pyproject.toml", [], "Error: pyproject.toml not found in .\n"),
    ],
)
def test_what_is_missing_is_told_before_the_engine_starts(
    spoil: str | None, options: list[str], told: str, engines: Engines, project: Path
) -> None:
    engines.install("docker")
    if spoil:
        (project / spoil).unlink()

    outcome = build(*options)

    assert (outcome.exit_code, outcome.stderr) == (1, told)
    assert not engines.calls()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[project\n", "pyproject.toml: "),
        ("[tool.x]\n", "no project.name; say --name"),
        ("project = 3\n", "no project.name; say --name"),
        ("[project]\nname = 3\n", "no project.name; say --name"),
    ],
)
def test_a_pyproject_without_a_name_is_told(text: str, told: str, engines: Engines, project: Path) -> None:
    engines.install("docker")
    (project / "pyproject.toml").write_text(text)

    outcome = build()

    assert outcome.exit_code == 1
    assert told in outcome.stderr
    assert "Traceback" not in outcome.output
    assert not engines.calls()


@pytest.mark.parametrize(
    "options",
    [["--name", "Upper"], ["--name", "a b"], ["--tag", "-x"], ["--tag", "a" * 129], ["--builder", "x"], ["mug"]],
)
def test_what_cannot_be_meant_is_a_misuse(options: list[str], engines: Engines, project: Path) -> None:
    engines.install("docker")

    assert build(*options).exit_code == 2
    assert not engines.calls()


def test_no_engine_is_told(engines: Engines, project: Path) -> None:
    outcome = build()

    assert outcome.exit_code == 1
    assert outcome.stderr == "Error: none of docker, podman, buildah is on PATH; install one of them\n"


@pytest.mark.parametrize(("options", "absent"), [(["--builder", "podman"], "podman"), (["--kind-load"], "kind")])
def test_a_program_that_was_asked_for_and_is_absent_is_told(
    options: list[str], absent: str, engines: Engines, project: Path
) -> None:
    engines.install("docker")

    outcome = build(*options)

    assert outcome.exit_code == 1
    assert outcome.stderr.startswith(f"Error: {absent} is not on PATH; ")
    assert not engines.calls()


@pytest.mark.parametrize(("failing", "code", "calls"), [("build=17", 17, 1), ("push=3", 3, 2)])
def test_the_exit_code_of_the_engine_is_passed_on(
    failing: str, code: int, calls: int, engines: Engines, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engines.install("docker")
    monkeypatch.setenv("ENGINE_FAILS", failing)

    outcome = build("--push")

    assert outcome.exit_code == code
    assert f"ended with {code}" in outcome.stderr
    assert "🎉" not in outcome.output
    assert len(engines.calls()) == calls


@pytest.mark.parametrize("installed", [["podman"], []])
def test_a_dry_run_shows_everything_and_does_nothing(installed: list[str], engines: Engines, project: Path) -> None:
    engines.install(*installed)

    outcome = build("--dry-run", "--push", "--create-dockerfile")

    engine = installed[0] if installed else "docker"
    assert outcome.exit_code == 0
    assert "FROM kaos-agent:latest\n" in outcome.stdout
    assert f"{engine} build --tag word-counter:latest .\n{engine} push word-counter:latest\n" in outcome.stdout
    assert not engines.calls()
    assert not (project / "Dockerfile").exists()
