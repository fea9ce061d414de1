"""The command `pais`, run as a user runs it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pais

PAIS = Path(sysconfig.get_path("scripts")) / "pais"


def run(*arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PAIS, *arguments], cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def test_without_arguments_it_shows_help_and_exits_with_2() -> None:
    outcome = run()

    assert outcome.returncode == 2
    assert "Usage: pais" in outcome.stdout + outcome.stderr


def test_the_version_is_the_first_line() -> None:
    outcome = run("version")

    first, core, python = outcome.stdout.splitlines()
    assert first == f"pais {pais.__version__}"
    assert core.startswith(f"core {pais.__version__}, ")
    assert python.startswith("Python 3.")
    assert outcome.returncode == 0


def test_version_as_json_tells_how_the_core_was_built() -> None:
    told = json.loads(run("version", "--json").stdout)

    assert told["version"] == pais.__version__
    assert told["core"]["version"] == pais.__version__
    assert told["core"]["compiler"]


def test_the_package_and_the_build_file_agree_on_the_version() -> None:
    build_file = (Path(__file__).parents[2] / "CMakeLists.txt").read_text(encoding="utf-8")

    found = re.search(r"project\(pais VERSION ([0-9.]+)", build_file)

    assert found
    assert found[1] == pais.__version__


def test_a_target_that_is_not_there_is_named(tmp_path: Path) -> None:
    outcome = run("run", "nowhere.py:agent", folder=tmp_path)

    assert outcome.stderr == "Error: File 'nowhere.py' not found\n"
    assert outcome.returncode == 1


def test_an_unknown_option_is_a_usage_error(tmp_path: Path) -> None:
    assert run("run", "--prot", "1", folder=tmp_path).returncode == 2


AGENT = """
import os
from pydantic_ai import Agent

agent = Agent("test", name=os.environ["OF_THE_USER"])

@agent.tool_plain
def add(a: int, b: int) -> int:
    return a + b
"""


def test_a_check_loads_the_file_and_prints_the_settings(tmp_path: Path) -> None:
    (tmp_path / "server.py").write_text(AGENT)
    (tmp_path / "some.env").write_text("OF_THE_USER=calc\nAGENTIC_LOOP_MAX_STEPS=7\n")

    outcome = run("run", "--check", "--env-file", "some.env", folder=tmp_path)

    assert outcome.returncode == 0, outcome.stderr
    assert "server.py: agent is served; its tools: add\n" in outcome.stdout
    assert f"AGENT_NAME={tmp_path.name}" in outcome.stdout
    assert "AGENTIC_LOOP_MAX_STEPS=7  # some.env" in outcome.stdout


def test_a_check_of_a_broken_file_fails_as_serving_it_would(tmp_path: Path) -> None:
    (tmp_path / "server.py").write_text("1 / 0\n")

    outcome = run("run", "--check", folder=tmp_path)

    assert outcome.returncode == 1
    assert "ZeroDivisionError" in outcome.stderr
    assert "LOG_LEVEL=" not in outcome.stdout


def test_an_agent_may_be_served_from_a_program(tmp_path: Path) -> None:
    (tmp_path / "server.py").write_text("import os\nos.kill(os.getpid(), 15)\n")
    code = "from pais.cli import run_agent_server; run_agent_server('server.py', '127.0.0.1', 0, False)"

    outcome = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )

    assert outcome.returncode == 0, outcome.stderr
    assert "Listening on http://127.0.0.1:" in outcome.stdout
