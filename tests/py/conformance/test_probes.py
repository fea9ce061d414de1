"""Is it alive, is it ready."""

from __future__ import annotations

import time

import pytest

from conformance.agent import Agent
from conformance.conftest import Agents
from fake_model import nobody_listens


def test_health_and_readiness_name_the_agent(agent: Agent) -> None:
    health, ready = agent.get("/health").json, agent.get("/ready").json

    assert abs(health.pop("timestamp") - time.time()) < 60
    assert abs(ready.pop("timestamp") - time.time()) < 60
    assert health == {"status": "healthy", "name": "calc", "agent": "calc"}
    assert ready == {"status": "ready", "name": "calc"}


@pytest.mark.parametrize("missing", ["MODEL_API_URL", "MODEL_NAME"])
def test_an_agent_without_a_model_lives_but_is_not_ready(agents: Agents, missing: str) -> None:
    agent = agents(**{missing: ""})

    ready = agent.get("/ready")
    chat = agent.chat("hi")

    assert agent.get("/health").status == 200
    assert ready.status == 503
    assert set(ready.json) == {"status", "name", "timestamp", "reason"}
    assert (ready.json["status"], ready.json["reason"]) == ("not_ready", "model_not_configured")
    assert chat.refusal == (503, "not_configured")
    assert int(chat.headers["Retry-After"]) >= 1


def test_a_model_that_is_away_makes_nothing_unready(agents: Agents) -> None:
    with nobody_listens() as url:
        assert agents(MODEL_API_URL=url, PAIS_MODEL_RETRIES="0").get("/ready").status == 200


@pytest.mark.parametrize("path", ["/health", "/ready", "/v1/models", "/memory/sessions"])
def test_head_and_options_work(agent: Agent, path: str) -> None:
    head = agent.send("HEAD", path, None).answer()
    options = agent.send("OPTIONS", path, None).answer()

    assert head.status == 200
    assert int(head.headers["Content-Length"]) > 0
    assert head.body == b""
    assert options.status == 204
    assert "GET" in options.headers["Allow"]
