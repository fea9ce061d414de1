"""A server and its memory object are two doors to one memory, whoever wrote it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from own_memory import OwnMemory
from pais.memory import LocalMemory, Memory, NullMemory, SessionMemory
from pais.server import AgentServer
from pais.serverutils import AgentServerSettings

pytestmark = pytest.mark.anyio

PATIENCE = 30.0


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class CountingMemory(LocalMemory):
    """A memory of PAIS that a user has put something into."""

    def __init__(self) -> None:
        super().__init__()
        self.added = 0

    async def add_event(self, *args: Any, **kwargs: Any) -> bool:
        self.added += 1
        return await super().add_event(*args, **kwargs)


class BrokenMemory(OwnMemory):
    async def get_session(self, session_id: str) -> SessionMemory | None:
        raise KeyError(session_id)


def count_what_was_said(said: list[ModelMessage], _info: AgentInfo) -> ModelResponse:
    return ModelResponse(parts=[TextPart(f"I have heard {len(said)} messages.")])


async def ask(memory: Memory, prompt: str) -> httpx.Response:
    server = AgentServer(Agent(FunctionModel(count_what_was_said)), AgentServerSettings(agent_name="ear"), memory)
    assert server.memory is memory
    transport = httpx.ASGITransport(server.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        body = {"model": "ear", "messages": [{"role": "user", "content": prompt}], "session_id": "monday"}
        async with asyncio.timeout(PATIENCE):
            return await client.post("/v1/chat/completions", json=body)


def answer_in(response: httpx.Response) -> str:
    assert response.status_code == 200, response.text
    return str(response.json()["choices"][0]["message"]["content"])


async def said_in(memory: Memory) -> list[tuple[str, object]]:
    return [(event.event_type, event.content) for event in await memory.get_session_events("monday")]


@pytest.fixture(params=["local", "sqlite", "own"])
async def memory(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Memory]:
    made: Memory = OwnMemory()
    if request.param != "own":
        made = LocalMemory(path=tmp_path / "sessions.db" if request.param == "sqlite" else None)
    yield made
    await made.close()


async def test_what_a_client_says_is_in_the_memory_object(memory: Memory) -> None:
    assert answer_in(await ask(memory, "hello")) == "I have heard 1 messages."

    assert await said_in(memory) == [("user_message", "hello"), ("agent_response", "I have heard 1 messages.")]
    [prompt, answer] = await memory.get_session_events("monday")
    assert prompt.metadata["run_id"] == answer.metadata["run_id"]


async def test_what_is_put_into_the_memory_object_is_history_for_the_client(memory: Memory) -> None:
    await memory.create_session("agent", "user", "monday")
    await memory.add_event("monday", "user_message", "My name is Ida.")
    await memory.add_event("monday", "agent_response", "Hello, Ida.")

    assert answer_in(await ask(memory, "Who am I?")) == "I have heard 3 messages."


async def test_methods_that_a_user_put_into_a_memory_of_pais_are_called() -> None:
    memory = CountingMemory()

    answer_in(await ask(memory, "hello"))

    assert memory.added == 2


async def test_a_memory_that_fails_costs_the_history_and_not_the_answer() -> None:
    response = await ask(BrokenMemory(), "hello")

    assert answer_in(response) == "I have heard 1 messages."
    assert response.headers["X-PAIS-Memory"] == "unavailable"


async def test_null_memory_keeps_nothing() -> None:
    memory = NullMemory()

    answer_in(await ask(memory, "hello"))

    assert answer_in(await ask(memory, "again")) == "I have heard 1 messages."
