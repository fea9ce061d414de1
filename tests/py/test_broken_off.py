"""A run that is broken off at any step of the loop: it ends, and nothing of it stays behind."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import AgentInfo, DeltaToolCall, FunctionModel

import pais.runs
from pais.rehearsal import Begins
from pais.runs import Runs, Served

PATIENCE = 30.0
MOST_STEPS = 150  # more than it takes until the tool waits


@dataclass
class Cancelled:
    run: int


class HandHost:
    """A host whose messages the test writes by hand, so that they come at the step it chooses."""

    def __init__(self) -> None:
        self.facts = {"model": "", "max_steps": 5, "stream_intermediate": True, "has_tools": False, "tool_retries": 1}
        self.has_model = False
        self.store = None
        self.descriptor = os.eventfd(0)
        self.messages: list[Begins | Cancelled] = []
        self.codes: dict[int, str] = {}

    def take(self) -> list[Begins | Cancelled]:
        messages, self.messages = self.messages, []
        return messages

    def failed(self, run: int, code: str, *_: object) -> None:
        self.codes[run] = code

    def __getattr__(self, _name: str) -> Any:
        return lambda *_: None


def waiting_agent() -> Agent:
    async def call(messages: list[ModelMessage], _info: AgentInfo) -> ModelResponse:
        ends = isinstance(messages[-1].parts[-1], ToolReturnPart)
        return ModelResponse(parts=[TextPart("x") if ends else ToolCallPart("wait", {})])

    async def stream(_messages: list[ModelMessage], _info: AgentInfo) -> AsyncIterator[dict[int, DeltaToolCall]]:
        yield {0: DeltaToolCall("wait", "{}")}

    agent = Agent(FunctionModel(call, stream_function=stream))

    @agent.tool_plain
    async def wait() -> None:
        await asyncio.Event().wait()

    return agent


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[HandHost]:
    monkeypatch.setattr(pais.runs, "RunBegins", Begins)
    monkeypatch.setattr(pais.runs, "RunIsCancelled", Cancelled)
    monkeypatch.setattr(Runs, "memory_of", lambda *_: None)
    host = HandHost()

    yield host

    os.close(host.descriptor)


@pytest.mark.parametrize("stream", [False, True])
def test_wherever_it_is_broken_off_no_task_stays(host: HandHost, stream: bool) -> None:
    async def main() -> set[str]:
        runs = Runs(Served(waiting_agent()), host)  # type: ignore[arg-type]
        runs.attach(asyncio.get_running_loop())
        before = asyncio.all_tasks()
        for steps in range(MOST_STEPS):
            host.messages = [Begins(steps, stream, history=[], most_steps=0)]
            runs.take()
            for _ in range(steps):
                await asyncio.sleep(0)
            host.messages = [Cancelled(steps)]
            runs.take()
        left = asyncio.all_tasks() - before
        if left:
            await asyncio.wait(left, timeout=PATIENCE)
        runs.detach()
        return {repr(task) for task in left if not task.done()}

    left = asyncio.run(main())

    assert left == set()
    assert set(host.codes) == set(range(MOST_STEPS))
    assert set(host.codes.values()) == {"cancelled"}
