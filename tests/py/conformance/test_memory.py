"""The memory, read from outside."""

from __future__ import annotations

import re
from typing import Any

import pytest

from conformance.agent import Agent
from conformance.conftest import Agents
from fake_model import FakeModel, says


@pytest.fixture
def scripted(agents: Agents) -> Agent:
    return agents(DEBUG_MOCK_RESPONSES="yes")


def test_an_event_has_id_time_kind_content_and_run(agent: Agent, model: FakeModel, session: str) -> None:
    model.will(says("It is 3."))

    answer = agent.chat("1+2?", session_id=session)

    listed = agent.get(f"/memory/events?session_id={session}").json
    assert (listed["agent"], listed["total"]) == ("calc", 2)
    for event in listed["events"]:
        assert list(event) == ["event_id", "timestamp", "event_type", "content", "metadata"]
        assert re.fullmatch(r"event_[0-9a-f]{16}", event["event_id"])
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", event["timestamp"])
        assert event["metadata"] == {"run_id": answer.headers["X-Run-ID"]}
    assert agent.told(session) == [("user_message", "1+2?"), ("agent_response", "It is 3.")]


def test_sessions_are_listed_in_order_of_creation(scripted: Agent, session: str) -> None:
    names = [f"{session}-{name}" for name in ("b", "a", "c")]

    for name in [*names, names[0]]:
        scripted.chat("hi", session_id=name)

    listed = scripted.get("/memory/sessions").json
    assert [name for name in listed["sessions"] if name.startswith(session)] == names
    assert listed["agent"] == "calc"
    assert listed["total"] == len(listed["sessions"])


def test_an_unknown_session_has_no_events(agent: Agent, session: str) -> None:
    answer = agent.get(f"/memory/events?session_id={session}")

    assert answer.status == 200
    assert answer.json == {"agent": "calc", "events": [], "total": 0}


def test_the_limit_keeps_the_newest_and_is_100_where_none_is_named(scripted: Agent, session: str) -> None:
    for turn in range(51):
        scripted.chat(str(turn), session_id=session)

    assert len(scripted.events(session)) == 100
    assert [event["content"] for event in scripted.events(session, "&limit=3")] == ["yes", "50", "yes"]
    assert len(scripted.events(session, "&limit=100000000000000000000")) == 102


@pytest.mark.parametrize("limit", ["0", "-1", "abc", "1.5", "", "1e3", "0x10"])
def test_a_limit_that_is_no_positive_number_is_refused(agent: Agent, limit: str) -> None:
    answer = agent.get(f"/memory/events?limit={limit}")

    assert answer.refusal == (422, "invalid_query")
    assert answer.error["param"] == "limit"
    (detail,) = answer.json["detail"]
    assert set(detail) == {"type", "loc", "msg", "input"}
    assert detail["loc"] == ["query", "limit"]


def test_a_refused_limit_is_quoted(agent: Agent) -> None:
    (detail,) = agent.get("/memory/events?limit=many").json["detail"]

    assert detail["input"] == "many"


def test_events_can_be_asked_for_by_kind_and_from_one_on(scripted: Agent, session: str) -> None:
    for prompt in ("one", "two"):
        scripted.chat(prompt, session_id=session)
    everything = scripted.events(session)

    prompts = scripted.events(session, "&event_type=user_message")
    both = scripted.events(session, "&event_type=user_message&event_type=agent_response")
    later = scripted.events(session, f"&after={everything[1]['event_id']}")

    assert [event["content"] for event in prompts] == ["one", "two"]
    assert both == everything
    assert later == everything[2:]
    assert scripted.events(session, "&event_type=nothing_of_that_kind") == []


def test_events_of_all_sessions_are_merged_by_time(scripted: Agent, session: str) -> None:
    for turn in range(3):
        scripted.chat(f"{turn} here", session_id=session)
        scripted.chat(f"{turn} there", session_id=session + "-other")

    latest: list[dict[str, Any]] = scripted.get("/memory/events?limit=12").json["events"]

    prompts = [event["content"] for event in latest if event["event_type"] == "user_message"]
    assert prompts == ["0 here", "0 there", "1 here", "1 there", "2 here", "2 there"]
    assert [event["timestamp"] for event in latest] == sorted(event["timestamp"] for event in latest)


def test_a_session_keeps_its_newest_events(agents: Agents, session: str) -> None:
    agent = agents(DEBUG_MOCK_RESPONSES="yes", MEMORY_MAX_SESSION_EVENTS="4")

    for prompt in "123":
        agent.chat(prompt, session_id=session)

    assert [content for _, content in agent.told(session)] == ["2", "yes", "3", "yes"]


def test_the_oldest_sessions_are_forgotten_when_there_are_too_many(agents: Agents) -> None:
    agent = agents(DEBUG_MOCK_RESPONSES="yes", MEMORY_MAX_SESSIONS="2")

    for name in ("a", "b", "a", "c"):
        agent.chat("hi", session_id=name)

    assert agent.get("/memory/sessions").json["sessions"] == ["a", "c"]


def test_a_very_long_text_is_cut_and_marked(agent: Agent, model: FakeModel, session: str) -> None:
    model.will(says("y" * 200_000))

    answer = agent.chat("x" * 200_000, session_id=session)

    assert len(answer.text) == 200_000
    for event in agent.events(session):
        assert 0 < len(event["content"]) <= 65_536
        assert len(event["metadata"]) > 1, "nothing says that it was cut"


def test_without_memory_the_lists_are_empty(agents: Agents, session: str) -> None:
    agent = agents(DEBUG_MOCK_RESPONSES="yes", MEMORY_ENABLED="false")
    agent.chat("hi", session_id=session)

    assert agent.get("/memory/sessions").json == {"agent": "calc", "sessions": [], "total": 0}
    assert agent.get("/memory/events").json == {"agent": "calc", "events": [], "total": 0}


def test_the_memory_can_be_closed_to_readers(agents: Agents) -> None:
    agent = agents(DEBUG_MOCK_RESPONSES="yes", PAIS_MEMORY_ENDPOINTS="off")

    assert agent.get("/memory/sessions").refusal == (404, "not_found")
    assert agent.get("/memory/events").refusal == (404, "not_found")
    assert agents(DEBUG_MOCK_RESPONSES="yes", PAIS_MEMORY_ENDPOINTS="loopback").get("/memory/sessions").status == 200
