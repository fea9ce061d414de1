"""What a run may spend, together with the agents that it delegates to, and what is left of it for each of those."""

from __future__ import annotations

import pytest

from chat_peer import Peer
from conformance.agent import Agent
from conformance.conftest import Agents
from conformance.test_delegation import delegates
from conformance.test_tool_calls import results
from fake_model import Call, Usage, calls, says


def test_what_may_be_spent_is_told_to_those_below(agents: Agents, peer: Peer) -> None:
    lead = agents(
        AGENT_SUB_AGENTS=f"worker:{peer.url}",
        PAIS_RUN_MAX_STEPS="4",
        PAIS_RUN_MAX_TOKENS="100",
        PAIS_RUN_TIMEOUT_SECONDS="20",
    )
    lead.model.will(calls(delegates()), says("done"))

    lead.chat("one")

    headers = peer.headers(0)
    assert headers["x-pais-budget-steps"] == "3"
    assert headers["x-pais-budget-tokens"] == "93"
    assert 10 < float(headers["x-pais-budget-seconds"]) <= 20


def test_tokens_that_others_use_count(agents: Agents, peer: Peer) -> None:
    peer.answer = {**peer.answer, "usage": {"prompt_tokens": 90, "completion_tokens": 10, "total_tokens": 100}}
    lead = agents(AGENT_SUB_AGENTS=f"worker:{peer.url}", PAIS_RUN_MAX_TOKENS="105")
    lead.model.always(calls(delegates()))

    assert lead.chat("one").error["code"] == "budget_exceeded"

    assert len(peer.asked) == 1


@pytest.fixture
def failing_worker(agents: Agents) -> Agent:
    """An agent that is over its own budget once its model has answered; nothing else comes of what it is asked."""
    return agents(AGENT_NAME="worker", PAIS_RUN_MAX_TOKENS="50")


def test_what_an_agent_used_before_it_failed_counts(agents: Agents, failing_worker: Agent) -> None:
    lead = agents(AGENT_SUB_AGENTS=f"worker:{failing_worker.url}", PAIS_RUN_MAX_TOKENS="75")
    failing_worker.model.will(calls(Call("add"), usage=Usage(60, 1, cached=8)))
    lead.model.will(calls(delegates()), says("It failed."))

    usage = lead.chat("one").json["usage"]

    assert results(lead.model.last.body) == [("c1", "[Delegation failed: Agent worker answered 500]")]
    assert usage["total_tokens"] == 14
    assert usage["delegations"] == {
        "prompt_tokens": 60,
        "completion_tokens": 1,
        "total_tokens": 61,
        "prompt_tokens_details": {"cached_tokens": 8},
    }


def test_a_budget_may_be_spent_by_an_agent_that_fails(agents: Agents, failing_worker: Agent) -> None:
    lead = agents(AGENT_SUB_AGENTS=f"worker:{failing_worker.url}", PAIS_RUN_MAX_TOKENS="75")
    failing_worker.model.will(calls(Call("add"), usage=Usage(70, 1)))
    lead.model.always(calls(delegates()))

    answer = lead.chat("one")

    assert answer.error["code"] == "budget_exceeded"
    assert answer.json["usage"]["delegations"]["total_tokens"] == 71


def test_delegations_of_one_answer_share_the_tokens(agents: Agents, peer: Peer) -> None:
    lead = agents(AGENT_SUB_AGENTS=f"worker:{peer.url},other:{peer.url}", PAIS_RUN_MAX_TOKENS="107")
    lead.model.will(calls(delegates(id="c1"), delegates(to="other", id="c2")), says("done"))
    peer.wait_for(2)

    lead.chat("one")

    assert [peer.headers(at)["x-pais-budget-tokens"] for at in (0, 1)] == ["50", "50"]


@pytest.mark.parametrize(
    ("budget", "code"),
    [
        ({"X-PAIS-Budget-Steps": "1"}, "step_limit_exceeded"),
        ({"X-PAIS-Budget-Tokens": "3"}, "budget_exceeded"),
    ],
    ids=["steps", "tokens"],
)
def test_a_budget_from_above_is_kept(agent: Agent, budget: dict[str, str], code: str) -> None:
    agent.model.will(calls(Call("add")))

    assert agent.chat("one", headers={"X-PAIS-Delegation-Depth": "1", **budget}).error["code"] == code


def test_a_time_limit_from_above_is_kept(agent: Agent) -> None:
    gate = agent.model.gate()
    agent.model.will(says(gate, "late"))

    answer = agent.chat("one", headers={"X-PAIS-Budget-Seconds": "0.3"})

    assert answer.refusal == (504, "run_timeout")


def test_a_budget_from_above_cannot_raise_our_own(agents: Agents) -> None:
    agent = agents(AGENTIC_LOOP_MAX_STEPS="1")
    agent.model.will(calls(Call("add")))

    assert agent.chat("one", headers={"X-PAIS-Budget-Steps": "9"}).error["code"] == "step_limit_exceeded"
