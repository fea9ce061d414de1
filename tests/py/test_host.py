"""The program `pais-host`: starting, answering, ending."""

from __future__ import annotations

import os
import subprocess
import sysconfig
from pathlib import Path

import pytest

import wire
from conftest import StartHost

PAIS = Path(sysconfig.get_path("scripts")) / "pais"


def run(program: Path, *arguments: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program, *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_it_says_where_it_listens_and_answers_there(start_host: StartHost) -> None:
    host = start_host("--mock=Hello!", AGENT_NAME="hello")

    health = wire.get(f"{host.url}/health")

    assert health["status"] == "healthy"
    assert health["name"] == "hello"


def test_a_declared_agent_answers_a_question(start_host: StartHost) -> None:
    host = start_host("--mock=Hello!", AGENT_NAME="hello")

    answer = wire.ask(host.url, "Who are you?")

    assert answer == "Hello!"


def test_pais_run_becomes_the_native_host(start_host: StartHost, pais_host: Path) -> None:
    host = start_host("--mock=Hello!", command=(PAIS, "run"), AGENT_NAME="hello")

    assert Path(f"/proc/{host.process.pid}/exe").readlink() == pais_host.resolve()
    assert wire.ask(host.url, "Who are you?") == "Hello!"


def test_a_taken_port_is_named(start_host: StartHost, pais_host: Path, tmp_path: Path) -> None:
    host = start_host("--mock=Hello!", AGENT_NAME="first")
    port = host.url.rpartition(":")[2]

    outcome = run(pais_host, "--port", port, "--mock=Hello!", folder=tmp_path, AGENT_NAME="second")

    assert outcome.returncode == 1
    assert f"Port {port} is in use" in outcome.stderr


def test_all_bad_settings_are_told_at_once(pais_host: Path, tmp_path: Path) -> None:
    outcome = run(pais_host, folder=tmp_path, AGENT_NAME="x", MEMORY_MAX_SESSIONS="abc", AGENTIC_LOOP_MAX_STEPS="many")

    assert outcome.returncode == 2
    assert 'MEMORY_MAX_SESSIONS: "abc"' in outcome.stderr
    assert 'AGENTIC_LOOP_MAX_STEPS: "many"' in outcome.stderr


@pytest.mark.parametrize("variable", ["AGENT_NAME", "MODEL_API_URL", "PAIS_MAX_RUNS", "DEBUG_MOCK_RESPONSES"])
def test_help_explains_the_variables(variable: str, pais_host: Path, tmp_path: Path) -> None:
    outcome = run(pais_host, "--help", folder=tmp_path)

    assert outcome.returncode == 0
    assert variable in outcome.stdout


def test_an_unknown_option_is_refused(pais_host: Path, tmp_path: Path) -> None:
    outcome = run(pais_host, "--prot", "1", folder=tmp_path, AGENT_NAME="x")

    assert outcome.returncode == 2
    assert "--prot" in outcome.stderr
