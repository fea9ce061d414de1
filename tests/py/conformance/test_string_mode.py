"""TOOL_CALL_MODE, as far as it shows on an agent that has no tools."""

from __future__ import annotations

import json

import pytest

from conformance.conftest import Agents
from fake_model import fails, says

CALL = json.dumps({"tool_calls": [{"name": "add", "arguments": {"a": 1}}]})


def test_string_mode_without_tools_asks_with_the_instructions_alone(agents: Agents, session: str) -> None:
    agent = agents(TOOL_CALL_MODE="string", AGENT_INSTRUCTIONS="Be brief.")
    agent.model.always(says("yes"))

    agent.chat("one", session_id=session)
    agent.chat("two", session_id=session)

    asked = agent.model.last
    assert "tools" not in asked.body
    assert "tool_choice" not in asked.body
    assert asked.messages[0] == {"role": "system", "content": "Be brief."}
    assert asked.conversation == [("user", "one"), ("assistant", "yes"), ("user", "two")]


def test_string_mode_without_tools_and_instructions_has_no_system_message(agents: Agents) -> None:
    agent = agents(TOOL_CALL_MODE="string", AGENT_INSTRUCTIONS="")
    agent.model.will(says("yes"))

    agent.chat("hi")

    assert agent.model.last.messages == [{"role": "user", "content": "hi"}]


@pytest.mark.parametrize("mode", ["auto", "native", "string"])
def test_a_call_in_words_is_an_answer_where_no_tools_are_offered(agents: Agents, mode: str) -> None:
    agent = agents(TOOL_CALL_MODE=mode)
    agent.model.will(says(CALL), says(CALL[:9], CALL[9:]))

    assert agent.chat("go").text == CALL
    assert agent.stream("go").contents == [CALL[:9], CALL[9:]]


def test_string_mode_streams_token_by_token(agents: Agents) -> None:
    agent = agents(TOOL_CALL_MODE="string")
    held = agent.model.gate()
    agent.model.will(says("one", held, "two"))

    asking = agent.ask("go", stream=True)

    assert asking.next_content() == "one"
    held.open()
    assert asking.rest().contents == ["two"]


@pytest.mark.parametrize("mode", ["auto", "native", "string"])
def test_a_refusal_of_tools_that_were_not_offered_is_a_refusal(agents: Agents, mode: str) -> None:
    agent = agents(TOOL_CALL_MODE=mode)
    agent.model.will(fails(400, "this model does not support tools"), says("yes"))

    assert agent.chat("hi").refusal == (502, "model_rejected")
    assert agent.chat("hi").text == "yes"
