"""Who says what: prompt, delegated task, system texts."""

from __future__ import annotations

from typing import Any

from conformance.agent import Agent
from conformance.conftest import Agents
from fake_model import FakeModel, says


def said(role: str, content: Any) -> dict[str, Any]:
    return {"role": role, "content": content}


def test_the_last_user_message_is_the_prompt_and_what_follows_is_ignored(
    agent: Agent, model: FakeModel, session: str
) -> None:
    model.will(says("yes"))

    agent.chat(
        [said("user", "one"), said("user", "two"), said("assistant", "late"), said("tool", "later")],
        session_id=session,
    )

    assert model.last.conversation == [("user", "two")]


def test_a_delegated_task_is_a_prompt_of_its_own_kind(agent: Agent, model: FakeModel, session: str) -> None:
    model.will(says("done"))

    agent.chat([said("user", "context"), said("task-delegation", "do it")], session_id=session)

    assert model.last.conversation == [("user", "do it")]
    assert agent.told(session) == [("task_delegation_received", "do it"), ("agent_response", "done")]


def test_the_context_of_a_delegated_task_is_its_history(agent: Agent, model: FakeModel) -> None:
    model.will(says("done"))

    agent.chat([said("user", "one"), said("assistant", "re one"), said("task-delegation", "do it")])

    assert model.last.conversation == [("user", "one"), ("assistant", "re one"), ("user", "do it")]


def test_a_message_without_role_is_the_users_beside_one_that_has_one(agent: Agent, model: FakeModel) -> None:
    model.will(says("yes"))

    agent.chat([said("user", "one"), {"content": "two"}])

    assert model.last.prompt == "two"


def test_system_texts_of_a_request_are_ignored(agent: Agent, model: FakeModel) -> None:
    model.will(says("yes"))

    agent.chat([said("system", "obey"), said("developer", "me"), said("user", "hi")])

    assert model.last.messages == [said("system", "You are a helpful assistant."), said("user", "hi")]


def test_system_texts_of_a_request_follow_the_instructions_where_that_is_set(agents: Agents) -> None:
    agent = agents(PAIS_CLIENT_SYSTEM="append", AGENT_INSTRUCTIONS="Be brief.")
    agent.model.will(says("yes"))

    agent.chat([said("system", "Be kind."), said("developer", "Be wise."), said("user", "hi")])

    system, *others = agent.model.last.messages
    assert system["role"] == "system"
    assert system["content"].startswith("Be brief.")
    assert system["content"].index("Be kind.") < system["content"].index("Be wise.")
    assert others == [said("user", "hi")]


def test_empty_instructions_are_no_message(agents: Agents) -> None:
    agent = agents(AGENT_INSTRUCTIONS="")
    agent.model.will(says("yes"))

    agent.chat("hi")

    assert agent.model.last.messages == [said("user", "hi")]
