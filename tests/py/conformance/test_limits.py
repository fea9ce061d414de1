"""What ends a turn that would not end by itself: steps, retries of tools, tokens, calls, time."""

from __future__ import annotations

import pytest

from conformance.agent import Agent
from conformance.conftest import Agents
from conformance.wire import DONE, Answer, Streamed
from fake_model import Call, FakeModel, Usage, after, calls, fails, says


def check_refused(answer: Answer, status: int, code: str) -> None:
    assert answer.refusal == (status, code)
    assert answer.error["type"] == "agent_error"
    assert answer.headers["x-should-retry"] == "false"


def check_broken_off(streamed: Streamed, code: str) -> None:
    assert [error["code"] for error in streamed.errors] == [code]
    assert streamed.finish_reasons == []
    assert streamed.messages[-1].data == DONE


def test_a_tool_may_be_called_wrongly_once(agent: Agent, model: FakeModel) -> None:
    model.will(calls(Call("add")), says("I see."))

    assert agent.chat("go").text == "I see."


def test_a_tool_that_is_called_wrongly_again_fails_the_turn(agent: Agent, model: FakeModel, session: str) -> None:
    model.will(calls(Call("add", id="c1")), calls(Call("add", id="c2")))

    answer = agent.chat("go", session_id=session)

    check_refused(answer, 500, "tool_retries_exceeded")
    assert "add" in answer.error["message"]
    kinds = [kind for kind, _ in agent.told(session)]
    assert kinds == ["user_message", "tool_call", "tool_result", "tool_call", "tool_result", "error"]


def test_a_tool_that_is_called_wrongly_again_breaks_a_stream_off(agent: Agent, model: FakeModel) -> None:
    model.will(calls(Call("add", id="c1")), calls(Call("add", id="c2")))

    streamed = agent.stream("go")

    check_broken_off(streamed, "tool_retries_exceeded")
    assert len(streamed.contents) == 2, "both calls are announced"


def test_each_tool_has_retries_of_its_own(agent: Agent, model: FakeModel) -> None:
    model.will(calls(Call("a")), calls(Call("b")), calls(Call("c")), says("done"))

    assert agent.chat("go").text == "done"


def test_retries_are_a_setting(agents: Agents) -> None:
    agent = agents(PAIS_TOOL_RETRIES="0")
    agent.model.will(calls(Call("a")))

    check_refused(agent.chat("go"), 500, "tool_retries_exceeded")


def test_the_step_limit_counts_requests_to_the_model(agents: Agents, session: str) -> None:
    agent = agents(AGENTIC_LOOP_MAX_STEPS="2")
    agent.model.will(calls(Call("a")), calls(Call("b")))

    answer = agent.chat("go", session_id=session)

    check_refused(answer, 500, "step_limit_exceeded")
    event = agent.events(session)[-1]
    assert (event["event_type"], event["metadata"]["code"]) == ("error", "step_limit_exceeded")
    assert event["content"] == answer.error["message"]


def test_the_last_step_may_answer(agents: Agents) -> None:
    agent = agents(AGENTIC_LOOP_MAX_STEPS="2")
    agent.model.will(calls(Call("a")), says("done"))

    assert agent.chat("go").text == "done"


def test_one_step_allows_an_answer_but_no_tool(agents: Agents) -> None:
    agent = agents(AGENTIC_LOOP_MAX_STEPS="1")
    agent.model.will(says("yes"), calls(Call("a")))

    assert agent.chat("go").text == "yes"
    check_refused(agent.chat("go"), 500, "step_limit_exceeded")


def test_the_step_limit_breaks_a_stream_off(agents: Agents) -> None:
    agent = agents(AGENTIC_LOOP_MAX_STEPS="2")
    agent.model.will(calls(Call("a")), calls(Call("b")))

    check_broken_off(agent.stream("go"), "step_limit_exceeded")


def test_the_default_limit_is_five_steps(agent: Agent, model: FakeModel) -> None:
    model.will(*(calls(Call(name)) for name in "abcde"))

    check_refused(agent.chat("go"), 500, "step_limit_exceeded")


@pytest.mark.parametrize("stream", [False, True])
def test_tokens_have_a_budget(agents: Agents, stream: bool) -> None:
    agent = agents(PAIS_RUN_MAX_TOKENS="10")
    agent.model.will(calls(Call("a"), text=("Let me see.",), usage=Usage(8, 8)))

    if stream:
        check_broken_off(agent.stream("go"), "budget_exceeded")
    else:
        check_refused(agent.chat("go"), 500, "budget_exceeded")


def test_a_turn_that_fails_says_what_it_has_used(agent: Agent) -> None:
    wrong = Call("add", "{}")
    agent.model.will(*[calls(wrong, usage=Usage(9, 4)), calls(wrong, usage=Usage(20, 4, cached=2))] * 2)

    answer = agent.chat("go")
    streamed = agent.stream("go")

    check_refused(answer, 500, "tool_retries_exceeded")
    check_broken_off(streamed, "tool_retries_exceeded")
    for told in (answer.json, streamed.chunks[-1]):
        assert told["usage"] == {
            "prompt_tokens": 29,
            "completion_tokens": 8,
            "total_tokens": 37,
            "prompt_tokens_details": {"cached_tokens": 2},
        }


def test_a_turn_that_fails_before_it_has_used_anything_says_nothing_of_it(agent: Agent, model: FakeModel) -> None:
    model.will(fails(400))

    assert set(agent.chat("go").json) == {"error", "detail"}


def test_a_turn_within_its_budget_of_tokens_is_answered(agents: Agents) -> None:
    agent = agents(PAIS_RUN_MAX_TOKENS="10")
    agent.model.will(calls(Call("a"), usage=Usage(3, 1)), says("done", usage=Usage(4, 2)))

    assert agent.chat("go").text == "done"


def test_a_budget_of_tokens_is_each_turns_own(agents: Agents, session: str) -> None:
    agent = agents(PAIS_RUN_MAX_TOKENS="10")
    agent.model.always(says("yes", usage=Usage(6, 2)))

    for _ in range(3):
        assert agent.chat("go", session_id=session).text == "yes"


@pytest.mark.parametrize("stream", [False, True])
def test_tool_calls_have_a_budget(agents: Agents, stream: bool) -> None:
    agent = agents(PAIS_RUN_MAX_TOOL_CALLS="2")
    agent.model.will(calls(Call("a"), Call("b", id="c2")), calls(Call("c", id="c3")))

    if stream:
        check_broken_off(agent.stream("go"), "budget_exceeded")
    else:
        check_refused(agent.chat("go"), 500, "budget_exceeded")


def test_a_turn_within_its_budget_of_tool_calls_is_answered(agents: Agents) -> None:
    agent = agents(PAIS_RUN_MAX_TOOL_CALLS="2")
    agent.model.will(calls(Call("a"), Call("b", id="c2")), says("done"))

    assert agent.chat("go").text == "done"


def test_a_turn_has_a_limit_in_time_and_then_leaves_the_model(agents: Agents, session: str) -> None:
    agent = agents(PAIS_RUN_TIMEOUT_SECONDS="0.3")
    held = agent.model.gate()
    agent.model.will(after(held, says("late")))

    answer = agent.chat("go", session_id=session)

    check_refused(answer, 504, "run_timeout")
    agent.model.last.wait_until_closed()
    assert agent.events(session)[-1]["metadata"]["code"] == "run_timeout"


def test_the_limit_in_time_breaks_a_stream_off(agents: Agents) -> None:
    agent = agents(PAIS_RUN_TIMEOUT_SECONDS="0.3")
    held = agent.model.gate()
    agent.model.will(says("It is", held, " 3."))

    streamed = agent.stream("go")

    assert streamed.contents == ["It is"]
    check_broken_off(streamed, "run_timeout")
    agent.model.last.wait_until_closed()
