"""Delegation from Python: the tools, what the other agent is told, and the other agent itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from chat_peer import Peer
from pais.http_call import call
from pais.memory import LocalMemory
from pais.serverutils import AgentDeps, RemoteAgent
from pais.tools import DelegationToolset, execute_delegation

PATIENCE = 30.0


@pytest.fixture
def peer() -> Iterator[Peer]:
    one = Peer()
    yield one
    one.stop()


class Stand:
    """Stands in for a remote agent, as tests of existing agents do."""

    def __init__(self, answer: str | Exception = "done") -> None:
        self.answer = answer
        self.told: list[list[dict[str, str]]] = []

    async def process_message(self, messages: list[dict[str, str]]) -> str:
        self.told.append(messages)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def remembered(*said: tuple[str, str], metadata: dict[str, str] | None = None) -> LocalMemory:
    memory = LocalMemory()
    await memory.create_session("app", "user", "s1")
    for event_type, content in said:
        await memory.add_event("s1", memory.create_event(event_type, content, metadata))
    return memory


def told_of(*said: tuple[str, str], limit: int = 6, metadata: dict[str, str] | None = None) -> list[dict[str, str]]:
    """What another agent is told of a conversation."""

    async def delegate() -> list[dict[str, str]]:
        stand = Stand()
        memory = await remembered(*said, metadata=metadata)
        await execute_delegation("w", "T1", stand, "s1", memory, limit)  # type: ignore[arg-type]
        return stand.told[0]

    return asyncio.run(delegate())


TASK = {"role": "task-delegation", "content": "T1"}


# --- What the other agent is told ---


def test_on_a_first_turn_it_is_told_the_prompt_and_the_task() -> None:
    assert told_of(("user_message", "one")) == [{"role": "user", "content": "one"}, TASK]


def test_tool_calls_are_not_told_on() -> None:
    said = [("user_message", "one"), ("tool_call", "x"), ("tool_result", "y"), ("agent_response", "two")]

    assert told_of(*said, ("task_delegation_received", "three")) == [
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "two"},
        {"role": "user", "content": "three"},
        TASK,
    ]


def test_a_turn_that_failed_is_not_told_on() -> None:
    said = [("user_message", "one"), ("tool_call", "x"), ("error", "broken"), ("user_message", "two")]

    assert told_of(*said) == [{"role": "user", "content": "two"}, TASK]


def test_the_limit_counts_messages() -> None:
    said = [(kind, f"{kind[0]}{turn}") for turn in range(4) for kind in ("user_message", "agent_response")]

    assert [one["content"] for one in told_of(*said, limit=3)] == ["a2", "u3", "a3", "T1"]
    assert len(told_of(*said, limit=0)) == len(said) + 1


def test_the_prompt_of_the_host_s_own_turn_stands_beside_the_limit() -> None:
    said = [("user_message", "one"), ("agent_response", "two"), ("user_message", "three")]

    told = told_of(*said, limit=2, metadata={"run_id": "run_1"})

    assert [one["content"] for one in told] == ["one", "two", "three", "T1"]


def test_without_a_memory_it_is_told_the_task_alone() -> None:
    stand = Stand()

    answer = asyncio.run(execute_delegation("w", "T1", stand))  # type: ignore[arg-type]

    assert answer == "done"
    assert stand.told == [[TASK]]


def test_a_delegation_that_fails_says_so_and_fails_nothing_else() -> None:
    stand = Stand(RuntimeError("Agent w unavailable"))

    answer = asyncio.run(execute_delegation("w", "T1", stand))  # type: ignore[arg-type]

    assert answer == "[Delegation failed: Agent w unavailable]"


# --- The tools ---


def delegating(*answers: ModelResponse) -> tuple[FunctionModel, list[list[ModelMessage]]]:
    """A model that gives these answers, and what it was asked each time."""
    asked: list[list[ModelMessage]] = []

    def answer(messages: list[ModelMessage], _info: AgentInfo) -> ModelResponse:
        asked.append(list(messages))
        return answers[len(asked) - 1]

    return FunctionModel(answer), asked


def run(model: FunctionModel, sub_agents: dict[str, Any], deps: AgentDeps) -> str:
    agent = Agent(model, deps_type=AgentDeps)
    return asyncio.run(agent.run("go", deps=deps, toolsets=[DelegationToolset(sub_agents)])).output


def asks_w(**arguments: Any) -> ModelResponse:
    return ModelResponse(parts=[ToolCallPart("delegate_to_w-1", arguments)])


SAYS_END = ModelResponse(parts=[TextPart("end")])


def test_each_sub_agent_is_a_tool_and_its_object_is_asked() -> None:
    stand = Stand("forty-two")
    model, asked = delegating(asks_w(task="T1"), SAYS_END)

    assert run(model, {"w-1": stand}, AgentDeps()) == "end"

    assert stand.told == [[TASK]]
    assert asked[1][-1].parts[0].content == "forty-two"  # type: ignore[union-attr]


def test_the_conversation_of_the_run_goes_along() -> None:
    stand = Stand()
    model, _ = delegating(asks_w(task="T1"), SAYS_END)

    run(model, {"w-1": stand}, AgentDeps("s1", asyncio.run(remembered(("user_message", "one")))))

    assert stand.told == [[{"role": "user", "content": "one"}, TASK]]


def test_a_call_without_a_task_gets_another_try() -> None:
    stand = Stand()
    model, asked = delegating(asks_w(), asks_w(task="T1"), SAYS_END)

    assert run(model, {"w-1": stand}, AgentDeps()) == "end"

    assert "task" in str(asked[1][-1].parts[0])
    assert stand.told == [[TASK]]


def test_a_sub_agent_that_comes_later_is_offered_in_the_next_run() -> None:
    sub_agents: dict[str, Any] = {}
    toolset = DelegationToolset(sub_agents)
    offered: list[list[str]] = []

    def answer(_messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        offered.append([f"{tool.name}: {tool.description}" for tool in info.function_tools])
        return SAYS_END

    async def go() -> None:
        agent = Agent(FunctionModel(answer), toolsets=[toolset])
        await agent.run("go")
        sub_agents["w"] = Stand()
        await agent.run("go")

    asyncio.run(go())

    assert toolset.id == "kaos-delegation"
    assert offered == [[], ["delegate_to_w: Delegate a task to the w agent."]]


# --- The other agent ---


def ask(url: str, then: Callable[[RemoteAgent], Any] = lambda agent: agent) -> tuple[str, Any]:
    async def go() -> tuple[str, Any]:
        agent = RemoteAgent("w", url)
        try:
            return await agent.process_message([TASK]), then(agent)
        finally:
            await agent.close()

    return asyncio.run(go())


def test_a_remote_agent_needs_an_address() -> None:
    with pytest.raises(ValueError, match="card_url is required"):
        RemoteAgent("w")

    assert RemoteAgent("w", agent_card_url="http://w/").card_url == "http://w"
    assert RemoteAgent.REQUEST_TIMEOUT == 60.0


def test_its_card_says_what_it_is_for_and_not_where_it_is(peer: Peer) -> None:
    async def learn() -> RemoteAgent:
        agent = RemoteAgent("w", peer.url)
        assert agent.agent_card is None
        assert await agent._init()
        return agent

    agent = asyncio.run(learn())

    assert agent._active
    assert agent.agent_card is not None
    assert (agent.agent_card.name, agent.agent_card.url) == ("worker", peer.url)


@pytest.mark.parametrize("card", [None, [], {"skills": "all"}, b"not JSON", b"[" * 100_000])
def test_a_card_that_is_none_is_not_believed_and_stops_nothing(peer: Peer, card: Any) -> None:
    peer.card = card

    async def learn() -> bool:
        return await RemoteAgent("w", peer.url)._init()

    assert not asyncio.run(learn())
    assert ask(peer.url)[0] == "done"


def test_it_is_asked_as_an_agent_is_asked(peer: Peer) -> None:
    answer, active = ask(peer.url, lambda agent: agent._active)

    path, headers, body = peer.asked[0]
    assert (answer, active) == ("done", True)
    assert path == "/v1/chat/completions"
    assert headers["Content-Type"] == "application/json"
    assert body == {"model": "w", "messages": [TASK], "stream": False}


def test_credentials_in_the_address_and_the_environment_become_headers(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PEER_AGENT_W_API_KEY", "k1")

    ask(peer.url.replace("//", "//user:pa%40ss@"))

    headers = peer.asked[0][1]
    assert headers["Authorization"] == "Basic dXNlcjpwYUBzcw=="
    assert headers["X-API-Key"] == "k1"


@pytest.mark.parametrize(
    ("status", "answer", "reason"),
    [
        (503, {"error": "secret of the house"}, "Agent w answered 503"),
        (307, {}, "Agent w answered 307"),
        (200, {"choices": []}, "Agent w sent no usable answer"),
        (200, b"not JSON", "Agent w sent no usable answer"),
        (200, {"choices": [{"message": {"content": None}}]}, "Agent w sent no usable answer"),
        (200, b"[" * 100_000, "Agent w sent no usable answer"),
        (200, b"x" * (17 * 1024 * 1024), "Agent w sent no usable answer"),
    ],
)
def test_an_answer_that_is_none_is_an_error_that_says_only_that(
    peer: Peer, status: int, answer: Any, reason: str
) -> None:
    peer.status, peer.answer = status, answer

    with pytest.raises(RuntimeError) as failure:
        ask(peer.url)

    assert str(failure.value) == reason


def test_an_agent_that_is_away_is_unavailable(peer: Peer) -> None:
    peer.stop()

    with pytest.raises(RuntimeError, match=r"^Agent w unavailable$"):
        ask(peer.url)


def test_an_agent_that_does_not_answer_times_out(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RemoteAgent, "REQUEST_TIMEOUT", 0.2)
    peer.silent = True

    with pytest.raises(RuntimeError, match=r"^Agent w timed out$"):
        ask(peer.url)


def test_a_task_that_is_cancelled_ends_its_call_at_once(peer: Peer) -> None:
    peer.silent = True

    async def give_up() -> None:
        body = json.dumps({}).encode()
        asking = asyncio.create_task(call("POST", f"{peer.url}/v1/chat/completions", {}, body, PATIENCE))
        await asyncio.to_thread(peer.somebody_waits.wait, PATIENCE)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    asyncio.run(asyncio.wait_for(give_up(), PATIENCE))

    assert peer.somebody_left.wait(PATIENCE)


def test_the_loop_goes_on_while_a_call_waits(peer: Peer) -> None:
    peer.silent = True

    async def go_on() -> str:
        asking = asyncio.create_task(RemoteAgent("w", peer.url).process_message([TASK]))
        await asyncio.to_thread(peer.somebody_waits.wait, PATIENCE)
        peer.ended.set()
        return await asking

    assert asyncio.run(go_on()) == "done"
