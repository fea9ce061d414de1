"""When the model is asked again."""

from __future__ import annotations

import pytest

from conformance.agent import Agent
from conformance.conftest import Agents
from fake_model import RESET, Call, FakeModel, Reply, calls, fails, says, sends


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", [fails(500), fails(408), sends(RESET)], ids=["500", "408", "reset"])
def test_a_passing_fault_is_mended_by_asking_again(agent: Agent, model: FakeModel, fault: Reply, stream: bool) -> None:
    model.will(fault, says("It is", " 3."))

    answer = agent.ask("1+2?", stream=stream).answer()

    assert answer.status == 200
    assert len(model.asked) == 2
    assert model.asked[0].body == model.asked[1].body


def test_retry_after_is_obeyed(agent: Agent, model: FakeModel) -> None:
    model.will(fails(429, Retry_After="1"), says("yes"))

    assert agent.chat("hi").text == "yes"

    first, second = model.asked
    assert second.at - first.at >= 1.0


def test_a_fault_that_stays_is_told_after_two_retries(agent: Agent, model: FakeModel) -> None:
    model.will(fails(500), fails(500), fails(500))

    assert agent.chat("hi").refusal == (502, "model_error")


def test_a_fault_in_a_later_step_is_mended_too(agent: Agent, model: FakeModel) -> None:
    model.will(calls(Call("a")), fails(500), says("done"))

    assert agent.chat("hi").text == "done"


@pytest.mark.parametrize("status", [400, 401, 404, 422])
def test_a_refusal_is_not_repeated(agent: Agent, model: FakeModel, status: int) -> None:
    model.will(fails(status))

    assert agent.chat("hi").refusal == (502, "model_rejected")


def test_nothing_is_repeated_once_a_token_was_passed_on(agent: Agent, model: FakeModel) -> None:
    held = model.gate()
    model.will(says("It is", held, RESET))

    asking = agent.ask("hi", stream=True)
    asking.next_content()
    held.open()

    assert [error["code"] for error in asking.rest().errors] == ["model_error"]


def test_a_wait_beyond_our_patience_is_passed_on(agent: Agent, model: FakeModel) -> None:
    model.will(fails(429, Retry_After="600"))

    answer = agent.chat("hi")

    assert answer.refusal == (502, "model_rate_limited")
    assert answer.headers["Retry-After"] == "600"


def test_the_number_of_retries_is_a_setting(agents: Agents) -> None:
    agent = agents(PAIS_MODEL_RETRIES="1")
    agent.model.will(fails(500), fails(500))

    assert agent.chat("hi").refusal == (502, "model_error")


@pytest.mark.parametrize("complaint", ["Unrecognized argument: stream_options", "bad request"])
def test_a_server_that_refuses_the_wish_for_usage_is_not_asked_for_it_again(
    start_agent: Agents, complaint: str
) -> None:
    agent = start_agent()
    agent.model.will(fails(400, complaint), says("one"), says("two"))

    assert agent.stream("hi").contents == ["one"]
    assert agent.stream("hi").contents == ["two"]

    assert [asked.wants_usage for asked in agent.model.asked] == [True, False, False]
