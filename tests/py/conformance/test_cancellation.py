"""A client that goes away."""

from __future__ import annotations

import pytest

from conformance.agent import Agent
from conformance.conftest import Agents
from fake_model import FakeModel, after, fails, says

LONGEST = 2.0  # seconds until the call of the model is closed; 0.2 is what we are after


def check_closed_in_time(model: FakeModel, left: float) -> None:
    delay = model.last.wait_until_closed() - left
    print(f"the call of the model was closed after {delay * 1000:.1f} ms")
    assert delay <= LONGEST


def test_a_client_that_leaves_in_mid_stream_stops_the_model(agent: Agent, model: FakeModel, session: str) -> None:
    model.will(says("It", " is", model.gate(), " 3."), says("yes"))

    asking = agent.ask("1+2?", stream=True, session_id=session)
    assert asking.next_content() == "It"
    assert asking.next_content() == " is"
    check_closed_in_time(model, asking.leave())
    assert agent.chat("again", session_id=session).text == "yes"

    assert model.last.conversation == [("user", "again")]
    prompt, cancelled, *_ = agent.events(session)
    assert prompt["content"] == "1+2?"
    assert (cancelled["event_type"], cancelled["content"]) == ("error", "Cancelled by the client.")
    assert cancelled["metadata"]["code"] == "cancelled"
    assert cancelled["metadata"]["partial"] == "It is"


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_leaves_before_the_first_token_stops_the_model(
    agent: Agent, model: FakeModel, session: str, stream: bool
) -> None:
    held = model.gate()
    model.will(after(held, says("late")), says("yes"))

    asking = agent.ask("1+2?", stream=stream, session_id=session)
    held.wait_until_reached()
    check_closed_in_time(model, asking.leave())
    assert agent.chat("again", session_id=session).text == "yes"

    assert model.last.conversation == [("user", "again")]
    cancelled = agent.events(session)[1]
    assert cancelled["metadata"]["code"] == "cancelled"
    assert not cancelled["metadata"].get("partial")


def test_a_client_that_leaves_a_plain_answer_in_the_making_stops_the_model(agent: Agent, model: FakeModel) -> None:
    held = model.gate()
    model.will(says("It is", held, " 3."))

    asking = agent.ask("1+2?")
    held.wait_until_reached()

    check_closed_in_time(model, asking.leave())


def test_a_client_that_leaves_ends_the_wait_for_the_next_try(agent: Agent, model: FakeModel, session: str) -> None:
    model.will(fails(429, Retry_After="20"), says("yes"))

    asking = agent.ask("one", session_id=session)
    model.wait_until_asked(1)
    asking.leave()

    assert agent.chat("two", session_id=session).text == "yes"
    assert model.last.conversation == [("user", "two")]


def test_a_client_that_leaves_the_line_of_its_session_is_never_served(
    agent: Agent, model: FakeModel, session: str
) -> None:
    held = model.gate()
    model.will(after(held, says("first")), says("third"))
    first = agent.ask("one", session_id=session)
    held.wait_until_reached()

    second = agent.ask("two", session_id=session)
    agent.get("/memory/sessions")  # by then it is in the line
    second.leave()
    agent.get("/memory/sessions")
    held.open()

    assert first.answer().text == "first"
    assert agent.chat("three", session_id=session).text == "third"
    assert model.last.conversation == [("user", "one"), ("assistant", "first"), ("user", "three")]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("by", ["setting", "header"])
def test_a_turn_may_be_finished_and_remembered_all_the_same(
    agents: Agents, session: str, by: str, stream: bool
) -> None:
    agent = agents(PAIS_ON_DISCONNECT="finish") if by == "setting" else agents()
    held = agent.model.gate()
    agent.model.will(says("It", held, " is 3."), says("yes"))
    headers = {"X-PAIS-On-Disconnect": "finish"} if by == "header" else {}

    asking = agent.ask("1+2?", session_id=session, stream=stream, headers=headers)
    held.wait_until_reached()
    asking.leave()
    agent.get("/health")
    held.open()
    assert agent.chat("again", session_id=session).text == "yes"

    assert agent.model.asked[0].closed_at is None
    assert agent.model.last.conversation == [("user", "1+2?"), ("assistant", "It is 3."), ("user", "again")]
    assert agent.told(session)[1] == ("agent_response", "It is 3.")


def test_a_request_may_ask_to_be_cancelled_where_others_are_finished(agents: Agents) -> None:
    agent = agents(PAIS_ON_DISCONNECT="finish")
    held = agent.model.gate()
    agent.model.will(after(held, says("late")))

    asking = agent.ask("1+2?", headers={"X-PAIS-On-Disconnect": "cancel"})
    held.wait_until_reached()

    check_closed_in_time(agent.model, asking.leave())


def test_a_client_that_leaves_harms_nobody_else(agent: Agent, model: FakeModel) -> None:
    held = model.gate()
    model.will(says("a", held, "b"), says("never", model.gate()), says("c"))

    staying = agent.ask("one", stream=True)
    assert staying.next_content() == "a"
    leaving = agent.ask("two", stream=True)
    assert leaving.next_content() == "never"
    check_closed_in_time(model, leaving.leave())
    assert agent.chat("three").text == "c"
    held.open()

    assert staying.rest().contents == ["b"]
