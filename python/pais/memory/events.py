"""What a conversation is remembered as: events, and the session they belong to.

An event has one JSON form, the same on the wire, in Redis, in SQLite and across the border to C++.
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pydantic_core import from_json, to_json

QUESTION = "user_message"
ANSWER = "agent_response"

DEFAULT_MAX_SESSIONS = 1000
DEFAULT_MAX_EVENTS = 500


def in_utc(moment: datetime) -> datetime:
    """The same moment in UTC; one without a time zone is taken to be in UTC."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def written(moment: datetime) -> str:
    return in_utc(moment).isoformat(timespec="microseconds")


@dataclass
class MemoryEvent:
    """One thing that happened in a conversation. `content` is anything that JSON can hold."""

    event_id: str
    timestamp: datetime
    event_type: str
    content: Any
    metadata: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.timestamp = in_utc(self.timestamp)

    @classmethod
    def new(cls, event_type: str, content: Any, metadata: Mapping[str, Any] | None = None) -> MemoryEvent:
        """An event of this moment, with an id of its own."""
        return cls(f"event_{secrets.token_hex(8)}", datetime.now(UTC), event_type, content, dict(metadata or {}))

    def to_dict(self) -> dict[str, Any]:
        return {
            "event_id": self.event_id,
            "timestamp": written(self.timestamp),
            "event_type": self.event_type,
            "content": self.content,
            "metadata": self.metadata,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> MemoryEvent:
        """Reads what `to_dict` wrote; the time may end in `Z` and have any fraction."""
        return cls(
            event_id=data["event_id"],
            timestamp=datetime.fromisoformat(data["timestamp"]),
            event_type=data["event_type"],
            content=data.get("content"),
            metadata=dict(data.get("metadata") or {}),
        )


@dataclass
class SessionMemory:
    """A conversation: whose it is, and its newest events."""

    session_id: str
    user_id: str
    app_name: str
    events: deque[MemoryEvent] = field(default_factory=deque)
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    updated_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        self.created_at = in_utc(self.created_at)
        self.updated_at = in_utc(self.updated_at)
        if getattr(self.events, "maxlen", None) is None:
            self.events = deque(self.events, maxlen=DEFAULT_MAX_EVENTS)

    def to_dict(self) -> dict[str, Any]:
        return {
            "session_id": self.session_id,
            "user_id": self.user_id,
            "app_name": self.app_name,
            "events": [event.to_dict() for event in self.events],
            "created_at": written(self.created_at),
            "updated_at": written(self.updated_at),
        }


def json_of(value: Any) -> str:
    """The JSON text of any value: what JSON has no form for becomes its text. ValueError where there is none."""
    return to_json(value, fallback=str, bytes_mode="base64", inf_nan_mode="strings").decode()


def event_json(event: MemoryEvent) -> str:
    return json_of(event.to_dict())


def read_event(text: str) -> MemoryEvent:
    return MemoryEvent.from_dict(from_json(text))


def read_events(texts: Iterable[str]) -> list[MemoryEvent]:
    return [read_event(text) for text in texts]


def text_of(content: Any) -> str:
    """Content as a model or a reader is told it."""
    return content if isinstance(content, str) else json_of(content)
