"""The memories that PAIS brings: faces of the stores in C++."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from pais._core import Store
from pais.memory.base import Memory, as_messages, asked_for, prepared, stats_of
from pais.memory.events import (
    DEFAULT_MAX_EVENTS,
    DEFAULT_MAX_SESSIONS,
    MemoryEvent,
    SessionMemory,
    event_json,
    read_events,
)

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelMessage

P = ParamSpec("P")
T = TypeVar("T")


def at_least_one(**numbers: float) -> None:
    for name, number in numbers.items():
        if number < 1:
            raise ValueError(f"{name} is below 1")


class StoredMemory(Memory):
    """A memory whose sessions are in a store of C++, which is asked for all there is to know.

    A store that waits for a disk or a network is asked on a thread, so that no loop ever waits for it.
    """

    def __init__(self, store: Store, *, max_events_per_session: int, waits: bool) -> None:
        self._store = store
        self.max_events_per_session = max_events_per_session
        self._waits = waits

    @property
    def store(self) -> Store | None:
        """What a host serves from without asking Python; None where a subclass may have methods of its own."""
        return self._store if type(self).__module__ == __name__ else None

    async def _ask(self, question: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        if not self._waits:
            return question(*args, **kwargs)
        return await asyncio.to_thread(question, *args, **kwargs)

    async def create_session(self, app_name: str, user_id: str, session_id: str | None = None) -> str:
        return await self._ask(self._store.create_session, session_id or "", app_name, user_id)

    async def get_or_create_session(self, session_id: str, app_name: str = "agent", user_id: str = "user") -> str:
        return await self._ask(self._store.get_or_create_session, session_id, app_name, user_id)

    async def get_session(self, session_id: str) -> SessionMemory | None:
        return await self._ask(self._read_session, session_id)

    def _read_session(self, session_id: str) -> SessionMemory | None:
        session = self._store.session(session_id)
        if session is None:
            return None
        user_id, app_name, created_at, updated_at = session
        return SessionMemory(
            session_id=session_id,
            user_id=user_id,
            app_name=app_name,
            events=deque(read_events(self._store.events(session_id, [], 0)), maxlen=self.max_events_per_session),
            created_at=datetime.fromisoformat(created_at),
            updated_at=datetime.fromisoformat(updated_at),
        )

    async def add_event(
        self,
        session_id: str,
        event: MemoryEvent | str,
        content: Any = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> bool:
        if not isinstance(event, MemoryEvent):
            event = self.create_event(event, content, metadata)
        return await self._ask(self._store.add_events, session_id, [event_json(event)])

    async def get_session_events(self, session_id: str, event_types: Sequence[str] | None = None) -> list[MemoryEvent]:
        if event_types is not None and not event_types:
            return []
        return read_events(await self._ask(self._store.events, session_id, list(event_types or ()), 0))

    async def list_sessions(self, user_id: str | None = None) -> list[str]:
        return await self._ask(self._store.sessions, user_id)

    async def delete_session(self, session_id: str) -> bool:
        return await self._ask(self._store.delete_session, session_id)

    async def get_memory_stats(self) -> dict[str, int]:
        return stats_of(*await self._ask(self._store.stats))

    async def cleanup_old_sessions(self, max_age_hours: float = 24) -> int:
        return await self._ask(self._store.forget_older_than, max_age_hours)

    async def close(self) -> None:
        await self._ask(self._store.close)

    async def build_message_history(self, session_id: str, context_limit: int = 6) -> list[ModelMessage] | None:
        said = await self._ask(self._store.history, session_id, asked_for(context_limit))
        return as_messages(prepared(said, context_limit))


def memory_over(store: Store) -> Memory:
    """A face for a store that somebody else has opened; nobody knows how long it takes to answer."""
    return StoredMemory(store, max_events_per_session=DEFAULT_MAX_EVENTS, waits=True)


class LocalMemory(StoredMemory):
    """Sessions in this process. Over a limit those that were silent longest are forgotten.

    With a `path` they are kept in a SQLite file over restarts, which belongs to one process at a time.
    """

    def __init__(
        self,
        max_sessions: int = DEFAULT_MAX_SESSIONS,
        max_events_per_session: int = DEFAULT_MAX_EVENTS,
        *,
        max_bytes: int = 256 * 1024 * 1024,
        path: str | PathLike[str] | None = None,
    ) -> None:
        at_least_one(max_sessions=max_sessions, max_events_per_session=max_events_per_session, max_bytes=max_bytes)
        file = fspath(path) if path is not None else ""
        store = Store.local(max_sessions, max_events_per_session, max_bytes, file)
        super().__init__(store, max_events_per_session=max_events_per_session, waits=bool(file))
        self.max_sessions = max_sessions


class RedisMemory(StoredMemory):
    """Sessions in a Redis, shared with other hosts, under `key_prefix`:

    - `session:<id>`, a hash: whose session it is, since when, and the moment of its last event;
    - `events:<id>`, a list: the JSON of each event, oldest first;
    - `sessions`, a sorted set: the ids by the time of their last activity.

    A session lives for `session_ttl_hours` after its last event. The Redis need not be there yet: what is asked while
    it is away raises MemoryUnavailable. Sessions of other agents are neither listed nor counted when `agent_name` says
    whose these are.
    """

    def __init__(
        self,
        redis_url: str = "redis://localhost:6379",
        max_sessions: int = DEFAULT_MAX_SESSIONS,
        max_events_per_session: int = DEFAULT_MAX_EVENTS,
        key_prefix: str = "kaos:memory",
        session_ttl_hours: float = 24,
        *,
        agent_name: str = "",
        ca_file: str = "",
    ) -> None:
        at_least_one(max_sessions=max_sessions, max_events_per_session=max_events_per_session)
        if session_ttl_hours * 3600 < 1:
            raise ValueError("session_ttl_hours is below a second")
        store = Store.redis(
            redis_url, key_prefix, agent_name, max_sessions, max_events_per_session, session_ttl_hours, ca_file
        )
        super().__init__(store, max_events_per_session=max_events_per_session, waits=True)
        self.max_sessions = max_sessions
        self.key_prefix = key_prefix
        self.session_ttl_hours = session_ttl_hours


class NullMemory(StoredMemory):
    """Everything succeeds, nothing is kept; takes the arguments of any other memory."""

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        super().__init__(Store.null(), max_events_per_session=1, waits=False)

    async def add_event(
        self,
        session_id: str,
        event: MemoryEvent | str,
        content: Any = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> bool:
        return True

    async def store_pydantic_message(self, session_id: str, message: ModelMessage) -> None:
        return
