"""A Memory as a user writes one: a dictionary, and no more than the six methods that have to be there."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pais.memory import Memory, MemoryEvent, SessionMemory


class OwnMemory(Memory):
    def __init__(self) -> None:
        self.sessions: dict[str, SessionMemory] = {}

    async def create_session(self, app_name: str, user_id: str, session_id: str | None = None) -> str:
        session_id = session_id or f"own-{uuid.uuid4().hex}"
        self.sessions[session_id] = SessionMemory(session_id, user_id, app_name)
        return session_id

    async def get_session(self, session_id: str) -> SessionMemory | None:
        return self.sessions.get(session_id)

    async def add_event(
        self,
        session_id: str,
        event: MemoryEvent | str,
        content: Any = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> bool:
        session = self.sessions.get(session_id)
        if session is None:
            return False
        session.events.append(event if isinstance(event, MemoryEvent) else self.create_event(event, content, metadata))
        session.updated_at = datetime.now(UTC)
        return True

    async def get_session_events(self, session_id: str, event_types: Sequence[str] | None = None) -> list[MemoryEvent]:
        session = self.sessions.get(session_id)
        if session is None:
            return []
        return [event for event in session.events if event_types is None or event.event_type in event_types]

    async def list_sessions(self, user_id: str | None = None) -> list[str]:
        return [id for id, session in self.sessions.items() if user_id is None or session.user_id == user_id]

    async def delete_session(self, session_id: str) -> bool:
        return self.sessions.pop(session_id, None) is not None
