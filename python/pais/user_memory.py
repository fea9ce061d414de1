"""A Memory that a user wrote, at the service of the host.

The host's threads leave errands, a loop runs each as a coroutine of the user's object, and says what came of it.
"""

from __future__ import annotations

import asyncio
import traceback
from contextlib import suppress
from functools import partial
from typing import Any

from pydantic_core import from_json

from pais._core import Errands, Store, log_error
from pais.memory.base import Memory, history_in
from pais.memory.events import event_json, json_of, read_event, written


class UserMemory:
    """`store` is what the host is given. It fails until a loop is attached, and again once that is detached."""

    def __init__(self, memory: Memory, patience_seconds: float = 10.0) -> None:
        self._memory = memory
        self._errands = Errands(patience_seconds)
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self.store = Store.of_errands(self._errands)

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """The user's object lives on this loop from now on. From any thread; the loop must not wait for the store."""
        if self._loop is not None:
            raise RuntimeError("the memory has a loop already")
        self._loop = loop
        loop.call_soon_threadsafe(self._watch, loop)
        self._errands.open()

    def detach(self) -> None:
        """From any thread. Whoever waits for an answer is told that there will be none."""
        loop, self._loop = self._loop, None
        self._errands.close()
        if loop is not None:
            with suppress(RuntimeError):  # the loop has ended before
                loop.call_soon_threadsafe(self._unwatch, loop)

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._loop is loop:
            loop.add_reader(self._errands.descriptor, self._take, loop)

    def _unwatch(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._loop is not loop:
            loop.remove_reader(self._errands.descriptor)
        for task in self._tasks.values():
            if task.get_loop() is loop:
                task.cancel()

    def _take(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._loop is not loop:
            return
        for number, given_up, method, arguments in self._errands.take():
            if not given_up:
                task = loop.create_task(self._run(number, method, arguments))
                self._tasks[number] = task
                task.add_done_callback(partial(self._forget, number))
            elif number in self._tasks:
                self._tasks[number].cancel()

    def _forget(self, number: int, _task: asyncio.Task[None]) -> None:
        del self._tasks[number]

    async def _run(self, number: int, method: str, arguments: str) -> None:
        try:
            answer = json_of(await self._answer(method, from_json(arguments)))
        except Exception as failure:
            log_error(f"the agent's own memory failed in {method}\n{traceback.format_exc()}")
            self._errands.failed(number, f"{method}: {type(failure).__name__}: {failure}")
        except BaseException:
            self._errands.failed(number, f"{method}: cancelled")
            raise
        else:
            self._errands.done(number, answer)

    async def _answer(self, method: str, arguments: list[Any]) -> Any:
        match method:
            case "add_events":
                return await self._add_events(*arguments)
            case "get_session":
                return await self._session(*arguments)
            case "get_session_events":
                return [event_json(event) for event in await self._memory.get_session_events(*arguments)]
            case "build_message_history":
                return await self._history(*arguments)
            case _:
                return await getattr(self._memory, method)(*arguments)

    async def _add_events(self, session_id: str, events: list[str]) -> bool:
        for event in events:
            if not await self._memory.add_event(session_id, read_event(event)):
                return False
        return True

    async def _history(self, session_id: str, context_limit: int) -> list[tuple[bool, str]]:
        if type(self._memory).build_message_history is Memory.build_message_history:
            return await history_in(self._memory, session_id, context_limit)
        from pais.memory.messages import said_in

        return list(said_in(await self._memory.build_message_history(session_id, context_limit) or ()))

    async def _session(self, session_id: str) -> dict[str, Any] | None:
        session = await self._memory.get_session(session_id)
        if session is None:
            return None
        return {
            "session_id": session.session_id,
            "user_id": session.user_id,
            "app_name": session.app_name,
            "created_at": written(session.created_at),
            "updated_at": written(session.updated_at),
            "events": len(session.events),
        }
