"""A run's nodes: run where they are asked for, they do what the graph's tasks do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar
from dataclasses import replace
from typing import Any

import openai
import pytest
from pydantic import BaseModel
from pydantic_ai import Agent, ModelRetry
from pydantic_ai.capabilities import AbstractCapability
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import AgentInfo, DeltaToolCall, FunctionModel
from pydantic_ai.models.test import TestModel
from pydantic_ai.tools import RunContext
from pydantic_graph import End

from pais.nodes import Nodes, apart, hears_of_nodes, streams_as_it_runs
from pais.testing import AgentServer

Serve = Callable[..., AgentServer]
pytestmark = pytest.mark.anyio
SEEN: ContextVar[str] = ContextVar("seen", default="nothing")
HERE_IN = pytest.mark.skipif(
    hears_of_nodes(Agent(TestModel()).root_capability), reason="every agent of this version has a hook on its nodes"
)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Place(BaseModel):
    name: str


def of_tools() -> Agent[None, Any]:
    agent: Agent[None, Any] = Agent(TestModel(), instructions="Look twice.")

    @agent.tool_plain(retries=2)
    def look(at: str) -> str:
        if agent.looked:  # type: ignore[attr-defined]
            return f"{at} is there"
        agent.looked = True  # type: ignore[attr-defined]
        raise ModelRetry("look again")

    agent.looked = False  # type: ignore[attr-defined]
    return agent


def of_a_validator() -> Agent[None, Any]:
    answers = iter(["no", "yes"])

    def answer(_messages: list[ModelMessage], _info: AgentInfo) -> ModelResponse:
        return ModelResponse(parts=[TextPart(next(answers))])

    agent: Agent[None, Any] = Agent(FunctionModel(answer), system_prompt="Agree.")

    @agent.output_validator
    async def agrees(said: str) -> str:
        if said == "no":
            raise ModelRetry("say yes")
        return said.upper()

    return agent


def of_a_kind() -> Agent[None, Any]:
    return Agent(TestModel(custom_output_args={"name": "Bern"}), output_type=Place)


def of_failures() -> Agent[None, Any]:
    agent: Agent[None, Any] = Agent(TestModel())

    @agent.tool_plain
    def fail() -> None:
        raise KeyError("lost")

    return agent


async def gone_through(agent: Agent[None, Any]) -> tuple[Any, list[ModelMessage]]:
    async with agent.iter("go on") as run:
        nodes, node = Nodes(run), run.next_node
        while run.result is None and not isinstance(node, End):
            node = await nodes.after(node)
    assert run.result is not None
    return run.result.output, run.result.all_messages()


async def run_by_pydantic_ai(agent: Agent[None, Any]) -> tuple[Any, list[ModelMessage]]:
    result = await agent.run("go on")
    return result.output, result.all_messages()


async def outcome(running: Any) -> list[str]:
    """What it comes to, without what differs from run to run."""
    try:
        output, messages = await running
    except Exception as failure:
        return [repr(failure)]
    return [repr(output), *(repr(part) for message in messages for part in map(timeless, message.parts))]


def timeless(part: Any) -> Any:
    changed = {"tool_call_id": "1"} if hasattr(part, "tool_call_id") else {}
    return replace(part, **changed, **({"timestamp": None} if hasattr(part, "timestamp") else {}))


@pytest.mark.parametrize("made", [of_tools, of_a_validator, of_a_kind, of_failures])
async def test_a_run_comes_to_the_same_as_by_pydantic_ai(made: Callable[[], Agent[None, Any]]) -> None:
    assert await outcome(gone_through(made())) == await outcome(run_by_pydantic_ai(made()))


@HERE_IN
async def test_a_node_that_nobody_hears_of_is_run_in_its_runs_own_task() -> None:
    agent = Agent(TestModel())
    tasks: list[asyncio.Task[Any] | None] = []

    @agent.instructions
    async def look() -> None:
        tasks.append(asyncio.current_task())

    await gone_through(agent)

    assert tasks == [asyncio.current_task()]


async def test_what_a_node_sets_in_its_context_is_not_seen_after_it() -> None:
    agent = Agent(TestModel())
    seen: list[str] = []

    @agent.instructions
    async def look() -> str:
        seen.append(SEEN.get())
        SEEN.set("the instructions")
        return "Look."

    @agent.tool_plain
    async def tell() -> str:
        return "told"

    await gone_through(agent)

    assert seen == ["nothing", "nothing"]
    assert SEEN.get() == "nothing"


async def test_what_is_thrown_into_a_coroutine_apart_reaches_it() -> None:
    waiting, caught = asyncio.Event(), []

    async def wait() -> str:
        SEEN.set("inside")
        try:
            waiting.set()
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            caught.append(SEEN.get())
            raise
        return "never"

    async def outside() -> None:
        await apart(wait())

    task = asyncio.create_task(outside())
    await waiting.wait()
    task.cancel()
    await asyncio.wait([task])

    assert task.cancelled()
    assert caught == ["inside"]


class Listening(AbstractCapability[Any]):
    def __init__(self) -> None:
        self.heard: list[str] = []

    async def before_node_run(self, ctx: RunContext[Any], *, node: Any) -> Any:
        self.heard.append(type(node).__name__)
        return node


NODES_OF_A_CALL = ["UserPromptNode", "ModelRequestNode", "CallToolsNode", "ModelRequestNode", "CallToolsNode"]


@pytest.mark.parametrize("stream", [False, True])
def test_who_hears_of_nodes_hears_of_each_once(serve_agent: Serve, stream: bool) -> None:
    async def call(messages: list[ModelMessage], _info: AgentInfo) -> ModelResponse:
        return ModelResponse(parts=[TextPart("done") if called(messages) else ToolCallPart("look", {})])

    async def called_in_pieces(messages: list[ModelMessage], _info: AgentInfo) -> AsyncIterator[Any]:
        yield "done" if called(messages) else {0: DeltaToolCall("look", "{}")}

    listening = Listening()
    agent = Agent(FunctionModel(call, stream_function=called_in_pieces), capabilities=[listening])

    @agent.tool_plain
    def look() -> str:
        return "seen"

    answer = ask(serve_agent(agent), stream)

    assert answer.endswith("done")
    assert listening.heard == NODES_OF_A_CALL


def ask(server: AgentServer, stream: bool) -> str:
    with openai.OpenAI(base_url=server.base_url, api_key="x", max_retries=0) as client:
        question: Any = {"model": "agent", "messages": [{"role": "user", "content": "go on"}]}
        if stream:
            pieces = client.chat.completions.create(stream=True, **question)
            return "".join(choice.delta.content or "" for piece in pieces for choice in piece.choices)
        answer = client.chat.completions.create(**question)
        return str(answer.choices[0].message.content)


def called(messages: list[ModelMessage]) -> bool:
    return isinstance(messages[-1], ModelRequest) and isinstance(messages[-1].parts[-1], ToolReturnPart)


def test_what_a_hook_makes_of_itself_for_a_run_is_not_foreseen() -> None:
    class Changing(AbstractCapability[Any]):
        async def for_run(self, ctx: RunContext[Any]) -> AbstractCapability[Any]:
            return Listening()

    assert not streams_as_it_runs(Agent(TestModel(), capabilities=[Changing()]).root_capability)
