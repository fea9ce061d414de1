"""What a model thinks before it speaks."""

from __future__ import annotations

from conformance.agent import Agent
from conformance.conftest import Agents
from fake_model import FakeModel, Thought, says


def test_reasoning_is_kept_from_clients_memory_and_history(agent: Agent, model: FakeModel, session: str) -> None:
    model.always(says(Thought("Let me"), Thought(" see."), "It is 3."))

    plain = agent.chat("1+2?", session_id=session)
    streamed = agent.stream("again?", session_id=session)

    assert plain.json["choices"][0]["message"] == {"role": "assistant", "content": "It is 3."}
    assert not any("reasoning_content" in each.delta for each in streamed.messages)
    assert streamed.contents == ["It is 3."]
    assert "see" not in str(agent.told(session))
    assert "see" not in str(model.last.messages)


def test_reasoning_is_passed_on_beside_the_content_where_that_is_set(agents: Agents, session: str) -> None:
    agent = agents(PAIS_REASONING="true")
    agent.model.always(says(Thought("Let me"), Thought(" see."), "It is", " 3."))

    plain = agent.chat("1+2?", session_id=session)
    streamed = agent.stream("again?", session_id=session)

    assert plain.json["choices"][0]["message"]["reasoning_content"] == "Let me see."
    assert plain.text == "It is 3."
    thoughts = [each.delta["reasoning_content"] for each in streamed.messages if "reasoning_content" in each.delta]
    assert thoughts == ["Let me", " see."]
    assert streamed.contents == ["It is", " 3."]
    assert "see" not in str(agent.told(session))
    assert "see" not in str(agent.model.last.messages)
