"""Hosts that all tests of a process share, and the command line as it is typed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.odd_server import OddServer
from cli.terminal import Terminal
from host import RunningHost
from pais.cli import app

KEY = "sesame"
ADDS = json.dumps({"tool_calls": [{"name": "add", "arguments": {"a": 1, "b": 2}}]})
DELEGATES = json.dumps({"tool_calls": [{"name": "delegate_to_math", "arguments": {"task": "1+2?"}}]})
WORDS = 200  # of an answer that takes longer than any test

Pais = Callable[..., Result]
OpenTerminal = Callable[..., Terminal]


@pytest.fixture
def pais(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Pais:
    """`pais("query", url, "Hello")` in an empty folder, nothing of the tests' own environment in it."""
    monkeypatch.chdir(tmp_path)
    for name in ("PAIS_API_KEY", "AGENT_API_KEY", "AGENT_PORT"):
        monkeypatch.delenv(name, raising=False)

    def typed(*words: str, stdin: str | bytes | None = None, env: Mapping[str, str] | None = None) -> Result:
        outcome = CliRunner().invoke(app, list(words), input=stdin, env=env)
        assert outcome.exception is None or isinstance(outcome.exception, SystemExit), outcome.exc_info
        return outcome

    return typed


@pytest.fixture
def open_terminal(tmp_path: Path) -> Iterator[OpenTerminal]:
    """`open_terminal("chat", url, columns=40, NO_COLOR="1")`"""
    terminals: list[Terminal] = []

    def open_(*words: str, columns: int = 100, **environment: str) -> Terminal:
        terminals.append(Terminal(words, tmp_path, environment, columns))
        return terminals[-1]

    yield open_

    for terminal in terminals:
        terminal.close()


def running(program: Path, folder: Path, *words: str, **environment: str) -> Iterator[RunningHost]:
    host = RunningHost([program, "--port", "0", *words], environment, folder)
    host.wait_until_listening()
    yield host
    assert host.stop() == 0, "\n".join(host.output)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cli")


@pytest.fixture(scope="session")
def calc(pais_host: Path, folder: Path) -> Iterator[RunningHost]:
    """Asks for a tool, and then says what came of it."""
    yield from running(pais_host, folder, "--name=calc", f"--mock={ADDS}", "--mock=It is 3.", PAIS_METRICS="true")


@pytest.fixture(scope="session")
def chief(calc: RunningHost, pais_host: Path, folder: Path) -> Iterator[RunningHost]:
    """Hands what it is asked on to calc, which it knows as math."""
    yield from running(
        pais_host, folder, "--name=chief", f"--mock={DELEGATES}", "--mock=Done.", AGENT_SUB_AGENTS=f"math:{calc.url}"
    )


@pytest.fixture(scope="session")
def slow(pais_host: Path, folder: Path) -> Iterator[RunningHost]:
    yield from running(
        pais_host,
        folder,
        "--name=slow",
        "--mock=" + " ".join(f"word{number}" for number in range(WORDS)),
        PAIS_MOCK_DELAY_MS="500",
        PAIS_METRICS="true",
    )


@pytest.fixture(scope="session")
def locked(pais_host: Path, folder: Path) -> Iterator[RunningHost]:
    """Wants a key."""
    yield from running(
        pais_host, folder, "--name=locked", "--mock=Come in.", AGENT_AUTH_REQUIRED="true", AGENT_API_KEY=KEY
    )


@pytest.fixture
def odd() -> Iterator[OddServer]:
    server = OddServer()
    yield server
    server.stop()
