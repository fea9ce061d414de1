"""`pais doctor` and `pais config`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from cli.conftest import Pais
from cli.odd_server import OddServer
from host import RunningHost
from pais.cli import checks

DECLARED = {"AGENT_NAME": "declared", "DEBUG_MOCK_RESPONSES": "Hello!"}
DEAD = "http://127.0.0.1:1"
PYPROJECT = Path(__file__).parents[3] / "pyproject.toml"


@pytest.fixture(autouse=True)
def _no_settings_of_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AGENT_NAME", "MODEL_API_URL", "MODEL_NAME", "MCP_SERVERS", "OTEL_EXPORTER_OTLP_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)


def findings(pais: Pais, env: dict[str, str], *words: str) -> dict[str, dict[str, Any]]:
    outcome = pais("doctor", "--json", *words, env=env)
    found = {each["what"]: each for each in json.loads(outcome.stdout)}
    assert outcome.exit_code == (1 if any(each["state"] == "wrong" for each in found.values()) else 0)
    assert all(bool(each["advice"]) == (each["state"] == "wrong") for each in found.values())
    return found


def test_a_healthy_place_has_nothing_wrong(pais: Pais) -> None:
    outcome = pais("doctor", env=DECLARED)

    assert outcome.exit_code == 0, outcome.stdout
    assert "ok     agent          declared, declared\n" in outcome.stdout
    assert "ok     settings       AGENT_NAME (environment), DEBUG_MOCK_RESPONSES (environment)\n" in outcome.stdout
    assert "ok     model          scripted: answers that are written down\n" in outcome.stdout
    assert "-      MCP servers    none\n" in outcome.stdout
    assert "ok     memory         kept in the process, until it ends\n" in outcome.stdout
    assert "-      telemetry      goes nowhere\n" in outcome.stdout


def test_what_is_away_is_named_with_what_to_do(pais: Pais, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"MCP_SERVERS=tools\nMCP_SERVER_tools_URL={DEAD}\n")
    found = findings(
        pais,
        {
            "AGENT_NAME": "declared",
            "MODEL_API_URL": DEAD,
            "MODEL_NAME": "some",
            "AGENT_SUB_AGENTS": f"math:{DEAD}",
            "MEMORY_TYPE": "redis",
            "MEMORY_REDIS_URL": "redis://:hush@127.0.0.1:1",
            "OTEL_EXPORTER_OTLP_ENDPOINT": DEAD,
        },
    )

    assert found["model"]["told"] == f"some at {DEAD}/v1: Connection refused"
    assert found["MCP tools"]["told"] == f"{DEAD}/mcp: Connection refused"
    assert "MCP_SERVER_tools_URL" in found["MCP tools"]["advice"]
    assert found["agent math"]["told"] == f"{DEAD} cannot be reached: Connection refused"
    assert found["memory"]["told"] == "redis://:***@127.0.0.1:1: Connection refused"
    assert found["telemetry"]["told"] == f"{DEAD}: Connection refused"
    assert "hush" not in json.dumps(found)


def test_others_that_answer_are_ok(pais: Pais, calc: RunningHost, odd: OddServer) -> None:
    odd.answers(200, b'{"jsonrpc": "2.0", "id": 1, "result": {"serverInfo": {"name": "weather"}}}')

    found = findings(
        pais,
        {
            **DECLARED,
            "AGENT_SUB_AGENTS": f"math:{calc.url}",
            "MCP_SERVERS": "w",
            "MCP_SERVER_w_URL": odd.url,
            "MCP_SERVER_w_TOKEN": "opens",
            "OTEL_EXPORTER_OTLP_ENDPOINT": odd.url,
        },
    )

    assert found["agent math"]["told"] == f"calc at {calc.url}"
    assert found["MCP w"]["told"] == f"weather at {odd.url}/mcp"
    assert b"Bearer opens" in odd.requests[0]
    assert found["telemetry"]["state"] == "ok"


@pytest.mark.parametrize(
    ("status", "body", "state", "told"),
    [
        (200, b'{"data": [{"id": "other"}, {"id": "some"}]}', "ok", "some at {}/v1"),
        (200, b'{"data": [{"id": "some:latest"}]}', "ok", "some at {}/v1"),
        (200, b'{"data": [{"id": "other"}]}', "wrong", "{}/v1 does not list some"),
        (200, b"<html>", "ok", "some at {}/v1, which has no list of its models"),
        (404, b"", "ok", "some at {}/v1, which has no list of its models"),
        (401, b"", "wrong", "{}/v1 answered 401"),
        (500, b"", "wrong", "{}/v1 answered 500"),
    ],
)
def test_the_server_of_the_model_is_asked_for_its_models(
    pais: Pais, odd: OddServer, status: int, body: bytes, state: str, told: str
) -> None:
    odd.answers(status, body)

    found = findings(
        pais, {"AGENT_NAME": "a", "MODEL_API_URL": odd.url, "MODEL_NAME": "some", "MODEL_API_KEY": "k-123"}
    )

    assert (found["model"]["state"], found["model"]["told"]) == (state, told.format(odd.url))
    assert b"Bearer k-123" in odd.requests[0]
    assert "k-123" not in json.dumps(found)


def test_bad_settings_and_nothing_to_serve_are_told(pais: Pais) -> None:
    found = pais("doctor", env={"AGENT_PORT": "many"})

    assert found.exit_code == 1
    assert 'wrong  settings       AGENT_PORT: "many" is not a whole number\n' in found.stdout
    assert "wrong  agent          there is no server.py here, and no AGENT_NAME\n" in found.stdout
    assert f"{' ' * 22}→ pais init makes one\n" in found.stdout


def test_a_file_is_loaded(pais: Pais, tmp_path: Path) -> None:
    (tmp_path / "server.py").write_text("raise RuntimeError('no key')\n")

    found = findings(pais, {})

    assert found["agent"]["told"] == "RuntimeError: no key"
    assert found["agent"]["advice"] == "pais run --check server.py shows all"
    assert found["model"]["state"] == "off"


def test_a_file_that_is_not_there_is_named(pais: Pais) -> None:
    assert pais("doctor", "nowhere.py").stderr == "Error: File 'nowhere.py' not found\n"


def test_settings_are_shown_with_where_they_come_from(pais: Pais, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("AGENTIC_LOOP_MAX_STEPS=7\nMODEL_API_KEY=hush\n")
    (tmp_path / "more.env").write_text("AGENT_DESCRIPTION=Two\nAGENT_NAME=filed\n")

    outcome = pais("config", "--changed", "--env-file", "more.env", env={"LOG_LEVEL": "DEBUG"})
    listed = json.loads(pais("config", "--json", "--env-file", "more.env").stdout)

    assert outcome.stdout.splitlines() == [
        "AGENT_NAME=filed  # more.env",
        "AGENT_DESCRIPTION=Two  # more.env",
        "MODEL_API_KEY=***  # .env",
        "AGENTIC_LOOP_MAX_STEPS=7  # .env",
        "LOG_LEVEL=DEBUG  # environment",
    ]
    assert {"name": "AGENTIC_LOOP_MAX_STEPS", "value": "7", "source": ".env"} in listed
    assert {"name": "AGENT_PORT", "value": "8000", "source": "default"} in listed


def test_bad_settings_end_with_2(pais: Pais) -> None:
    assert pais("config", "--json", env={**DECLARED, "AGENT_PORT": "many"}).exit_code == 2


def test_where_a_file_is_served_its_agent_is_called_after_the_folder(pais: Pais, tmp_path: Path) -> None:
    (tmp_path / "server.py").write_text("")

    assert f"AGENT_NAME={tmp_path.name}  # command line\n" in pais("config", "--changed").stdout


@pytest.mark.parametrize("found", ["0.8.1", "1.92.9", "2", "dev"])
def test_a_pydantic_ai_that_is_too_old_is_named_with_what_to_do(
    pais: Pais, monkeypatch: pytest.MonkeyPatch, found: str
) -> None:
    monkeypatch.setattr(checks, "version_of_pydantic_ai", lambda: found)
    told = findings(pais, DECLARED)["pydantic-ai"]

    assert told["state"] == "wrong"
    assert told["told"] == found
    (wanted,) = re.findall(r"pydantic-ai-slim>=[\d.]+", PYPROJECT.read_text())
    assert told["advice"] == f"pip install '{wanted}'"


def test_a_pydantic_ai_that_is_new_enough_is_ok(pais: Pais) -> None:
    assert checks.is_supported("1.93.0")
    assert checks.is_supported("2.0.0")
    assert findings(pais, DECLARED)["pydantic-ai"]["state"] == "ok"
