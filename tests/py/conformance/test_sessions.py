"""How a request names its conversation."""

from __future__ import annotations

import re
from typing import Any

import pytest

from conformance.agent import Agent, new_session
from conformance.conftest import Agents
from fake_model import FakeModel, says


def test_the_body_names_a_session(agent: Agent, model: FakeModel, session: str) -> None:
    model.will(says("yes"))

    answer = agent.chat("hi", session_id=session)

    assert answer.json["id"] == answer.json["session_id"] == answer.headers["X-Session-ID"] == session


def test_the_header_wins_over_the_body_in_any_letter_case(agent: Agent, model: FakeModel, session: str) -> None:
    model.will(says("yes"))

    answer = agent.chat("hi", session_id=new_session(), headers={"x-session-id": session})

    assert answer.json["id"] == session


def test_an_empty_name_falls_through_to_the_next(agent: Agent, model: FakeModel, session: str) -> None:
    model.always(says("yes"))

    by_body = agent.chat("hi", session_id=session, headers={"X-Session-ID": ""})
    by_nobody = agent.chat("hi", session_id="", headers={"X-Session-ID": ""})

    assert by_body.json["id"] == session
    assert re.fullmatch(r"session_[0-9a-f]{12}", by_nobody.json["id"])


def test_requests_without_a_session_never_share_one(agent: Agent, model: FakeModel) -> None:
    model.always(says("yes"))

    ids = {agent.chat("hi").json["id"] for _ in range(5)}

    assert len(ids) == 5


def test_an_integer_is_its_decimal_text(agent: Agent, model: FakeModel) -> None:
    model.always(says("yes"))

    assert agent.chat("hi", session_id=42).json["id"] == "42"
    assert agent.chat("hi", session_id=-7).json["id"] == "-7"


@pytest.mark.parametrize("name", ["x" * 256, "with blanks and / ? # %20", "ünï-🦜", "null", "0"])
def test_odd_names_are_names(agent: Agent, model: FakeModel, name: str) -> None:
    model.will(says("yes"))

    answer = agent.chat("hi", session_id=name)

    assert answer.json["id"] == name
    assert answer.headers["X-Session-ID"].encode("latin-1").decode() == name
    assert agent.told(name)[-1] == ("agent_response", "yes")


@pytest.mark.parametrize("name", ["x" * 257, "🦜" * 65, "a\nb", "a\x00", "\x7f", 1.5, True, [], ["a"], {}])
def test_what_is_no_name_is_refused(agent: Agent, name: Any) -> None:
    answer = agent.chat("hi", session_id=name)

    assert answer.refusal == (400, "invalid_session_id")
    assert answer.error["param"] == "session_id"


def test_a_header_that_is_no_name_is_refused(agent: Agent) -> None:
    assert agent.chat("hi", headers={"X-Session-ID": "\xff"}).refusal == (400, "invalid_session_id")
    assert agent.chat("hi", headers={"X-Session-ID": "x" * 257}).refusal == (400, "invalid_session_id")


def test_a_refused_request_creates_no_session(agent: Agent, session: str) -> None:
    agent.post({"session_id": session})
    agent.chat("hi", session_id=session, temperature="hot")

    assert session not in agent.get("/memory/sessions").json["sessions"]


def test_without_memory_names_are_echoed_and_fresh_ones_made(agents: Agents, session: str) -> None:
    agent = agents(MEMORY_ENABLED="false")
    agent.model.always(says("yes"))

    assert agent.chat("hi", session_id=session).json["id"] == session
    assert agent.chat("hi").json["id"] != agent.chat("hi").json["id"]
