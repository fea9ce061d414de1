"""The memory of an agent, as tools and servers use it, and as a user can write one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pais._core import history_of
from pais.memory.events import ANSWER, QUESTION, MemoryEvent, SessionMemory, event_json, in_utc, text_of

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelMessage

Said = tuple[bool, str]  # by the user? and what


class Memory(ABC):
    """Remembers conversations. One object serves all of them, from any loop and any thread.

    A memory of your own implements the six abstract methods; the others are made of them, and a store that can do one
    of them better overrides it. `get_or_create_session` here looks and then creates: two that open one new session at
    the very same time may both create it, so a store that several processes share overrides it.
    """

    # --- what a store has to do ---

    @abstractmethod
    async def create_session(self, app_name: str, user_id: str, session_id: str | None = None) -> str:
        """Begins a session and gives its id: the one wished for, or a new one. One of that id is replaced."""

    @abstractmethod
    async def get_session(self, session_id: str) -> SessionMemory | None:
        """The session with its events; None when there is none."""

    @abstractmethod
    async def add_event(
        self,
        session_id: str,
        event: MemoryEvent | str,
        content: Any = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> bool:
        """Appends an event, or one made of a type, content and metadata. False when the session is unknown."""

    @abstractmethod
    async def get_session_events(self, session_id: str, event_types: Sequence[str] | None = None) -> list[MemoryEvent]:
        """The events, oldest first, or those of some types; an unknown session has none."""

    @abstractmethod
    async def list_sessions(self, user_id: str | None = None) -> list[str]:
        """The ids of all sessions, or of one user's."""

    @abstractmethod
    async def delete_session(self, session_id: str) -> bool:
        """Forgets a session; whether it was there."""

    # --- what can be made of that ---

    async def get_or_create_session(self, session_id: str, app_name: str = "agent", user_id: str = "user") -> str:
        """Begins the session unless it is there; its id."""
        if await self.get_session(session_id) is not None:
            return session_id
        return await self.create_session(app_name, user_id, session_id)

    def create_event(self, event_type: str, content: Any, metadata: Mapping[str, Any] | None = None) -> MemoryEvent:
        """A new event, which nothing has been done with yet."""
        return MemoryEvent.new(event_type, content, metadata)

    async def build_conversation_context(self, session_id: str, max_events: int = 20) -> str:
        """The newest messages as lines to read: `User: …` and `Assistant: …`; empty when nothing was said."""
        said = await self.get_session_events(session_id, [QUESTION, ANSWER])
        newest = said[-max_events:] if max_events > 0 else []
        return "\n".join(
            f"{'Assistant' if event.event_type == ANSWER else 'User'}: {text_of(event.content)}" for event in newest
        )

    async def build_message_history(self, session_id: str, context_limit: int = 6) -> list[ModelMessage] | None:
        """What a model is told of the conversation, as messages of pydantic-ai; None when there is nothing to tell.

        At most `context_limit` messages (0: all) of turns that went well. The newest prompt, while it has no answer,
        is the question of the turn that is being prepared and is left out.
        """
        return as_messages(await history_in(self, session_id, context_limit))

    async def store_pydantic_message(self, session_id: str, message: ModelMessage) -> None:
        """Appends the tool calls, returns and retries found in a message of pydantic-ai; texts are not stored."""
        from pais.memory.messages import events_in

        for event_type, content in events_in(message):
            await self.add_event(session_id, event_type, content)

    async def get_memory_stats(self) -> dict[str, int]:
        """How many sessions and events there are: total_sessions, total_events, avg_events_per_session."""
        session_ids = await self.list_sessions()
        events = 0
        for session_id in session_ids:
            events += len(await self.get_session_events(session_id))
        return stats_of(len(session_ids), events)

    async def cleanup_old_sessions(self, max_age_hours: float = 24) -> int:
        """Forgets the sessions nothing was added to for so long; how many. Nothing calls this by itself."""
        if max_age_hours < 0:
            raise ValueError("max_age_hours is below 0")
        oldest_kept = datetime.now(UTC) - timedelta(hours=max_age_hours)
        removed = 0
        for session_id in await self.list_sessions():
            session = await self.get_session(session_id)
            if session is not None and in_utc(session.updated_at) <= oldest_kept:
                removed += await self.delete_session(session_id)
        return removed

    async def close(self) -> None:
        """Lets go of the store. Nothing is asked of the memory afterwards."""
        return


async def history_in(memory: Memory, session_id: str, context_limit: int) -> list[Said]:
    """What `build_message_history` tells, from the events of any memory."""
    events = await memory.get_session_events(session_id)
    return prepared(history_of([event_json(event) for event in events], asked_for(context_limit)), context_limit)


def asked_for(context_limit: int) -> int:
    """One more than wanted, since the newest may be the prompt that has no answer yet."""
    if context_limit < 0:
        raise ValueError("context_limit is below 0")
    return context_limit + 1 if context_limit else 0


def prepared(said: list[Said], context_limit: int) -> list[Said]:
    """The newest `context_limit` of what was said before the turn that is being prepared, beginning with a question."""
    if said and by_user(said[-1]):
        said = said[:-1]
    if context_limit:
        said = said[-context_limit:]
    while said and not by_user(said[0]):
        said = said[1:]
    return said


def as_messages(said: list[Said]) -> list[ModelMessage] | None:
    if not said:
        return None
    from pais.memory.messages import message_of

    return [message_of(by_the_user, text) for by_the_user, text in said]


def by_user(said: Said) -> bool:
    return said[0]


def stats_of(sessions: int, events: int) -> dict[str, int]:
    return {
        "total_sessions": sessions,
        "total_events": events,
        "avg_events_per_session": events // sessions if sessions else 0,
    }
