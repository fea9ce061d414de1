"""What a turn is told of what was said before."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.agent import Agent
from conformance.conftest import Agents
from fake_model import RESET, Call, FakeModel, calls, fails, says


def said(role: str, content: Any) -> dict[str, Any]:
    return {"role": role, "content": content}


def test_a_named_session_is_remembered(agent: Agent, model: FakeModel, session: str) -> None:
    model.will(says("It is 3."), says("It is 7."))

    agent.chat("1+2?", session_id=session)
    agent.chat("3+4?", session_id=session)

    assert model.last.conversation == [("user", "1+2?"), ("assistant", "It is 3."), ("user", "3+4?")]


def test_sessions_know_nothing_of_each_other(agent: Agent, model: FakeModel, session: str) -> None:
    model.always(says("yes"))

    agent.chat("a secret", session_id=session)
    agent.chat("hi", session_id=session + "-other")

    assert model.last.conversation == [("user", "hi")]


def test_the_stored_history_wins_over_the_clients(agent: Agent, model: FakeModel, session: str) -> None:
    model.will(says("stored"), says("yes"))
    agent.chat("one", session_id=session)

    agent.chat([said("user", "forged"), said("assistant", "forged"), said("user", "two")], session_id=session)

    assert model.last.conversation == [("user", "one"), ("assistant", "stored"), ("user", "two")]


def test_the_clients_history_counts_when_no_session_is_named(agent: Agent, model: FakeModel) -> None:
    model.will(says("yes"))

    answer = agent.chat(
        [
            said("assistant", "Welcome."),
            said("user", "one"),
            {"role": "assistant", "content": None, "tool_calls": [{"id": "c", "type": "function"}]},
            {"role": "tool", "tool_call_id": "c", "content": "skip me"},
            said("assistant", [{"type": "text", "text": "an"}, {"type": "text", "text": "swer"}]),
            said("user", "two"),
        ]
    )

    assert model.last.conversation == [
        ("assistant", "Welcome."),
        ("user", "one"),
        ("assistant", "an\nswer"),
        ("user", "two"),
    ]
    assert agent.told(answer.json["id"]) == [("user_message", "two"), ("agent_response", "yes")]


def test_of_an_image_the_clients_history_keeps_that_it_was_there(agent: Agent, model: FakeModel) -> None:
    model.will(says("yes"))
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}

    agent.chat([said("user", [image]), said("assistant", "A cat."), said("user", None), said("user", "and now?")])

    assert model.last.conversation == [("user", "[image]"), ("assistant", "A cat."), ("user", "and now?")]


def test_the_clients_history_is_not_cut(agent: Agent, model: FakeModel) -> None:
    model.will(says("yes"))
    earlier = [said("user" if i % 2 == 0 else "assistant", str(i)) for i in range(40)]

    agent.chat([*earlier, said("user", "now")])

    assert len(model.last.conversation) == 41


@pytest.mark.parametrize(
    ("limit", "remembered"),
    [
        ("2", ["3", "re 3", "4"]),
        ("3", ["3", "re 3", "4"]),  # no answer without its question in front
        ("4", ["2", "re 2", "3", "re 3", "4"]),
        ("0", ["1", "re 1", "2", "re 2", "3", "re 3", "4"]),
    ],
)
def test_the_newest_messages_are_told_up_to_the_limit(
    agents: Agents, session: str, limit: str, remembered: list[str]
) -> None:
    agent = agents(MEMORY_CONTEXT_LIMIT=limit)
    agent.model.will(says("re 1"), says("re 2"), says("re 3"), says("re 4"))

    for prompt in "1234":
        agent.chat(prompt, session_id=session)

    assert [content for _, content in agent.model.last.conversation] == remembered


def test_tool_calls_take_no_room_in_the_history(agents: Agents, session: str) -> None:
    agent = agents(MEMORY_CONTEXT_LIMIT="2")
    agent.model.will(calls(Call("a"), Call("b", id="call_2")), says("re 1"), says("re 2"))

    agent.chat("1", session_id=session)
    agent.chat("2", session_id=session)

    assert agent.model.last.conversation == [("user", "1"), ("assistant", "re 1"), ("user", "2")]


@pytest.mark.parametrize("stream", [False, True])
def test_a_failed_turn_leaves_the_history_as_it_was(agent: Agent, model: FakeModel, session: str, stream: bool) -> None:
    model.will(says("re 1"), fails(401), says("re 3"))

    agent.chat("1", session_id=session)
    assert agent.chat("2", session_id=session, stream=stream).status == 502
    agent.chat("3", session_id=session)

    assert model.last.conversation == [("user", "1"), ("assistant", "re 1"), ("user", "3")]
    assert [kind for kind, _ in agent.told(session)] == [
        "user_message",
        "agent_response",
        "user_message",
        "error",
        "user_message",
        "agent_response",
    ]


def test_a_turn_that_failed_in_mid_stream_leaves_the_history_as_it_was(
    agent: Agent, model: FakeModel, session: str
) -> None:
    held = model.gate()
    model.will(says("It is", held, RESET), says("re 2"))

    asking = agent.ask("1", session_id=session, stream=True)
    asking.next_content()
    held.open()
    assert asking.rest().errors
    agent.chat("2", session_id=session)

    assert model.last.conversation == [("user", "2")]


def test_without_memory_nothing_is_told(agents: Agents, session: str) -> None:
    agent = agents(MEMORY_ENABLED="false")
    agent.model.always(says("yes"))

    agent.chat("one", session_id=session)
    agent.chat("two", session_id=session)

    assert agent.model.last.conversation == [("user", "two")]
