"""PAIS_ERRORS=text, for front ends that cannot show errors."""

from __future__ import annotations

import pytest

from conformance.agent import Agent
from conformance.conftest import Agents
from fake_model import RESET, Call, calls, fails, says

SORRY = "Sorry, I encountered an error: "


@pytest.fixture
def agent(agents: Agents) -> Agent:
    return agents(PAIS_ERRORS="text", PAIS_MODEL_RETRIES="0", AGENTIC_LOOP_MAX_STEPS="2")


def test_a_failure_of_the_model_is_told_as_an_answer(agent: Agent, session: str) -> None:
    agent.model.will(fails(401, "PLANTED"))

    answer = agent.chat("hi", session_id=session)

    kind, sentence = agent.told(session)[-1]
    assert kind == "error"
    assert answer.text == SORRY + sentence
    assert "PLANTED" not in answer.text
    assert answer.json["choices"][0]["finish_reason"] == "stop"


def test_a_failure_of_the_agent_is_told_as_an_answer(agent: Agent) -> None:
    agent.model.will(calls(Call("a")), calls(Call("b")))

    assert agent.chat("hi").text.startswith(SORRY)


def test_a_failure_before_the_stream_is_told_in_the_stream(agent: Agent) -> None:
    agent.model.will(fails(401))

    streamed = agent.stream("hi")

    assert [content.startswith(SORRY) for content in streamed.contents] == [True]
    assert streamed.finish_reasons == ["stop"]
    assert streamed.errors == []


def test_a_failure_in_mid_stream_follows_what_was_said(agent: Agent) -> None:
    held = agent.model.gate()
    agent.model.will(says("It is", held, RESET))

    asking = agent.ask("hi", stream=True)
    assert asking.next_content() == "It is"
    held.open()
    streamed = asking.rest()

    assert [content.startswith(SORRY) for content in streamed.contents] == [True]
    assert streamed.finish_reasons == ["stop"]


def test_a_bad_request_is_refused_all_the_same(agent: Agent) -> None:
    assert agent.post({}).refusal == (400, "messages_required")


def test_a_failed_turn_is_still_no_history(agent: Agent, session: str) -> None:
    agent.model.will(fails(401), says("yes"))

    agent.chat("one", session_id=session)
    agent.chat("two", session_id=session)

    assert agent.model.last.conversation == [("user", "two")]
