"""A model server of our own: a real socket, and a script of what to do with each request."""

from fake_model.asked import Asked
from fake_model.replies import (
    CLOSE,
    RESET,
    Accident,
    Call,
    Event,
    Gate,
    Pause,
    Reply,
    Thought,
    Usage,
    after,
    answers,
    calls,
    chunk,
    fails,
    says,
    sends,
    streams,
)
from fake_model.server import FakeModel, nobody_listens

__all__ = [
    "CLOSE",
    "RESET",
    "Accident",
    "Asked",
    "Call",
    "Event",
    "FakeModel",
    "Gate",
    "Pause",
    "Reply",
    "Thought",
    "Usage",
    "after",
    "answers",
    "calls",
    "chunk",
    "fails",
    "nobody_listens",
    "says",
    "sends",
    "streams",
]
