"""A Memory that a user wrote, asked by the host: what it is asked, and when it fails, is slow or is gone."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from pydantic_ai.messages import ModelMessage, ModelRequest, UserPromptPart

from own_memory import OwnMemory
from pais.memory import MemoryUnavailable
from pais.user_memory import UserMemory

pytestmark = pytest.mark.anyio

PATIENCE = 20.0


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Serving:
    """A user's memory that is attached to the running loop; questions are asked as the host asks them: on a thread."""

    def __init__(self, memory: OwnMemory, patience_seconds: float = PATIENCE) -> None:
        self.asked = UserMemory(memory, patience_seconds)
        self.store = self.asked.store
        self.asked.attach(asyncio.get_running_loop())

    async def ask(self, question: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.to_thread(question, *arguments)


@pytest.fixture
async def serve() -> AsyncIterator[Callable[..., Serving]]:
    serving: list[Serving] = []

    def start(memory: OwnMemory, patience_seconds: float = PATIENCE) -> Serving:
        serving.append(Serving(memory, patience_seconds))
        return serving[-1]

    yield start
    for one in serving:
        one.asked.detach()


class SlowMemory(OwnMemory):
    """Lists its sessions when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = asyncio.Event()
        self.may_end = asyncio.Event()
        self.cancelled = asyncio.Event()

    async def list_sessions(self, user_id: str | None = None) -> list[str]:
        self.begun.set()
        try:
            await self.may_end.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        return await super().list_sessions(user_id)


async def test_the_users_object_keeps_what_the_host_adds(serve: Callable[..., Serving]) -> None:
    memory = OwnMemory()
    serving = serve(memory)
    event = memory.create_event("user_message", {"a": 1}, {"run_id": "run_1"})

    await serving.ask(serving.store.get_or_create_session, "monday", "agent", "user")
    added = await serving.ask(serving.store.add_events, "monday", [json.dumps(event.to_dict())])

    assert added is True
    assert list(memory.sessions["monday"].events) == [event]


async def test_calls_run_beside_each_other(serve: Callable[..., Serving]) -> None:
    memory = SlowMemory()
    serving = serve(memory)
    slow = asyncio.create_task(serving.ask(serving.store.sessions, None))
    await memory.begun.wait()

    assert await serving.ask(serving.store.create_session, "monday", "shop", "ann") == "monday"

    memory.may_end.set()
    assert await slow == ["monday"]


async def test_an_exception_reaches_the_host_and_the_log_whole(
    serve: Callable[..., Serving], capfd: pytest.CaptureFixture[str]
) -> None:
    class BrokenMemory(OwnMemory):
        async def delete_session(self, session_id: str) -> bool:
            raise KeyError(session_id)

    serving = serve(BrokenMemory())

    with pytest.raises(MemoryUnavailable, match="delete_session: KeyError: 'monday'"):
        await serving.ask(serving.store.delete_session, "monday")

    said = ""
    async with asyncio.timeout(PATIENCE):
        while "raise KeyError(session_id)" not in said:
            said += "".join(capfd.readouterr())
            await asyncio.sleep(0)


async def test_an_answer_that_does_not_come_is_waited_for_only_so_long(serve: Callable[..., Serving]) -> None:
    memory = SlowMemory()
    serving = serve(memory, patience_seconds=0.05)

    with pytest.raises(MemoryUnavailable, match="list_sessions"):
        await serving.ask(serving.store.sessions, None)

    async with asyncio.timeout(PATIENCE):
        await memory.cancelled.wait()


async def test_a_loop_that_goes_away_leaves_nobody_waiting(serve: Callable[..., Serving]) -> None:
    memory = SlowMemory()
    serving = serve(memory)
    waiting = asyncio.create_task(serving.ask(serving.store.sessions, None))
    await memory.begun.wait()

    serving.asked.detach()

    with pytest.raises(MemoryUnavailable):
        await waiting
    with pytest.raises(MemoryUnavailable, match="no loop"):
        await serving.ask(serving.store.stats)
    async with asyncio.timeout(PATIENCE):
        await memory.cancelled.wait()


async def test_without_a_loop_it_fails_at_once() -> None:
    store = UserMemory(OwnMemory()).store

    with pytest.raises(MemoryUnavailable, match="no loop"):
        await asyncio.to_thread(store.stats)


def test_one_loop_after_another_can_serve_it() -> None:
    asked = UserMemory(OwnMemory())

    async def serve_once() -> Any:
        asked.attach(asyncio.get_running_loop())
        try:
            return await asyncio.to_thread(asked.store.get_or_create_session, "monday", "agent", "user")
        finally:
            asked.detach()

    assert asyncio.run(serve_once()) == "monday"
    assert asyncio.run(serve_once()) == "monday"


async def test_a_loop_can_be_given_and_taken_from_any_thread() -> None:
    asked = UserMemory(OwnMemory())

    await asyncio.to_thread(asked.attach, asyncio.get_running_loop())
    assert await asyncio.to_thread(asked.store.get_or_create_session, "monday", "agent", "user") == "monday"

    await asyncio.to_thread(asked.detach)
    with pytest.raises(MemoryUnavailable, match="no loop"):
        await asyncio.to_thread(asked.store.stats)


def test_a_loop_that_has_ended_can_still_be_taken_away() -> None:
    asked = UserMemory(OwnMemory())
    loop = asyncio.new_event_loop()
    asked.attach(loop)
    loop.close()

    asked.detach()

    with pytest.raises(MemoryUnavailable, match="no loop"):
        asked.store.stats()


async def test_two_loops_at_once_cannot(serve: Callable[..., Serving]) -> None:
    serving = serve(OwnMemory())

    with pytest.raises(RuntimeError, match="loop"):
        serving.asked.attach(asyncio.get_running_loop())


async def test_threads_of_the_host_get_the_answers_to_their_own_questions(serve: Callable[..., Serving]) -> None:
    serving = serve(OwnMemory())
    answers: dict[str, str] = {}

    def ask_often(thread: int) -> None:
        for number in range(25):
            name = f"session-{thread}-{number}"
            answers[name] = serving.store.get_or_create_session(name, "agent", "user")

    threads = [threading.Thread(target=ask_often, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        await asyncio.to_thread(thread.join)

    assert len(answers) == 100
    assert all(name == answer for name, answer in answers.items())


async def test_a_history_of_the_users_own_is_the_one_that_is_told(serve: Callable[..., Serving]) -> None:
    class Summing(OwnMemory):
        async def build_message_history(self, session_id: str, context_limit: int = 6) -> list[ModelMessage] | None:
            return [ModelRequest(parts=[UserPromptPart(f"All of {session_id}, in {context_limit} words.")])]

    serving = serve(Summing())

    assert await serving.ask(serving.store.history, "monday", 4) == [(True, "All of monday, in 4 words.")]


async def test_the_hosts_history_leaves_out_the_prompt_that_has_no_answer(serve: Callable[..., Serving]) -> None:
    memory = OwnMemory()
    serving = serve(memory)
    await memory.create_session("shop", "ann", "monday")
    for event_type, text in (("user_message", "one"), ("agent_response", "1"), ("user_message", "two")):
        await memory.add_event("monday", event_type, text)

    assert await serving.ask(serving.store.history, "monday", 6) == [(True, "one"), (False, "1")]


async def test_an_answer_of_another_kind_is_an_error_and_no_crash(serve: Callable[..., Serving]) -> None:
    class OddMemory(OwnMemory):
        async def delete_session(self, session_id: str) -> Any:
            return "yes"

    serving = serve(OddMemory())

    with pytest.raises(MemoryUnavailable, match="delete_session"):
        await serving.ask(serving.store.delete_session, "monday")


async def test_it_is_let_go_of_when_nobody_holds_it() -> None:
    asked = UserMemory(OwnMemory())
    asked.attach(asyncio.get_running_loop())
    asked.detach()
    store = asked.store

    del asked
    gc.collect()

    with pytest.raises(MemoryUnavailable, match="no loop"):
        await asyncio.to_thread(store.stats)
