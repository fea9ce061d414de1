"""What a turn leaves in the memory, in the order in which it happened."""

from __future__ import annotations

import json

import pytest

from conformance.agent import Agent
from fake_model import Call, FakeModel, Thought, calls, fails, says


@pytest.mark.parametrize("stream", [False, True])
def test_calls_and_results_stand_between_prompt_and_answer(
    agent: Agent, model: FakeModel, session: str, stream: bool
) -> None:
    model.will(
        calls(Call("add", '{"a":1,"b":2}'), text=("I will add.",)),
        calls(Call("now", "", id="call_2")),
        says(Thought("Hm."), "It is 3."),
    )

    agent.ask("1+2?", session_id=session, stream=stream).answer()

    told = agent.told(session)
    assert [kind for kind, _ in told] == [
        "user_message",
        "tool_call",
        "tool_result",
        "tool_call",
        "tool_result",
        "agent_response",
    ]
    contents = [content for _, content in told]
    assert contents[0] == "1+2?"
    assert contents[1] == {"tool": "add", "arguments": {"a": 1, "b": 2}}
    assert contents[3] == {"tool": "now", "arguments": {}}
    assert contents[5] == "It is 3."
    for content, tool in ((contents[2], "add"), (contents[4], "now")):
        assert content["tool"] == tool
        assert content["is_error"] is True
        assert f"'{tool}'" in content["result"]


def test_all_events_of_a_turn_carry_its_run(agent: Agent, model: FakeModel, session: str) -> None:
    model.will(calls(Call("a")), says("one"), says("two"))

    first = agent.chat("1", session_id=session).headers["X-Run-ID"]
    second = agent.chat("2", session_id=session).headers["X-Run-ID"]

    runs = [event["metadata"]["run_id"] for event in agent.events(session)]
    assert runs == [first] * 4 + [second] * 2
    ids = [event["event_id"] for event in agent.events(session)]
    assert len(set(ids)) == len(ids)
    times = [event["timestamp"] for event in agent.events(session)]
    assert times == sorted(times)


def test_calls_of_other_agents_are_events_of_their_own(agent: Agent, model: FakeModel, session: str) -> None:
    model.will(calls(Call("delegate_to_helper", '{"task":"x"}')), says("done"))

    agent.chat("go", session_id=session)

    assert [kind for kind, _ in agent.told(session)] == [
        "user_message",
        "delegation_request",
        "delegation_response",
        "agent_response",
    ]
    assert agent.told(session)[1][1] == {"tool": "delegate_to_helper", "arguments": {"task": "x"}}


def test_a_failed_turn_keeps_its_calls_and_ends_in_an_error(agent: Agent, model: FakeModel, session: str) -> None:
    model.will(calls(Call("add")), fails(401))

    answer = agent.chat("go", session_id=session)

    told = agent.told(session)
    assert [kind for kind, _ in told] == ["user_message", "tool_call", "tool_result", "error"]
    assert told[-1][1] == answer.error["message"]
    assert agent.events(session)[-1]["metadata"]["code"] == answer.error["code"] == "model_rejected"


def test_the_prompt_is_there_while_the_turn_runs_and_the_rest_comes_at_once(
    agent: Agent, model: FakeModel, session: str
) -> None:
    held = model.gate()
    model.will(calls(Call("add")), says("It is", held, " 3."))

    asking = agent.ask("go", session_id=session, stream=True)
    while asking.next_content() != "It is":
        pass

    assert agent.told(session) == [("user_message", "go")]
    held.open()
    asking.rest()
    assert len(agent.told(session)) == 4


def test_an_empty_answer_is_remembered(agent: Agent, model: FakeModel, session: str) -> None:
    model.will(says())

    agent.chat("go", session_id=session)

    assert agent.told(session) == [("user_message", "go"), ("agent_response", "")]


def test_system_texts_progress_and_reasoning_are_not_remembered(agent: Agent, model: FakeModel, session: str) -> None:
    model.will(calls(Call("add"), text=("I will add.",)), says(Thought("Hm."), "It is 3."))

    agent.stream([{"role": "system", "content": "Be kind."}, {"role": "user", "content": "1+2?"}], session_id=session)

    remembered = json.dumps(agent.events(session))
    for text in ("Be kind", "progress", "Hm.", "I will add", "helpful assistant"):
        assert text not in remembered
