"""The list of models: the agent itself."""

from __future__ import annotations

import time

import openai

from conformance.agent import Agent
from conformance.conftest import Agents


def test_the_agent_is_the_one_model_there_is(agent: Agent) -> None:
    listed = agent.get("/v1/models")
    one = agent.get("/v1/models/calc")

    assert listed.status == one.status == 200
    (model,) = listed.json["data"]
    assert listed.json == {"object": "list", "data": [model]}
    assert one.json == model
    assert abs(model.pop("created") - time.time()) < 3600
    assert model == {"id": "calc", "object": "model", "owned_by": "pais"}


def test_an_agent_whose_name_a_url_cannot_hold_is_found(start_agent: Agents) -> None:
    agent = start_agent(AGENT_NAME="my org/agent")

    (model,) = agent.get("/v1/models").json["data"]

    assert model["id"] == "my org/agent"
    assert agent.get("/v1/models/my%20org%2Fagent").json == model


def test_another_model_is_not_found(agent: Agent) -> None:
    assert agent.get("/v1/models/gpt-x").refusal == (404, "model_not_found")


def test_the_openai_client_lists_the_agent(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["calc"]
    assert client.models.retrieve("calc").owned_by == "pais"
