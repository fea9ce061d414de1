"""A scene: one conversation with one agent, told so that it can be played plain and streamed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fake_model import Reply


@dataclass(frozen=True)
class Turn:
    """One question, or the messages of one.

    The model is told to answer it by `model`, and must be asked exactly so often. `answer` is the text that must come
    back, or what the text says as JSON; with a `refusal` (status, code) instead, that. `tools` are announced in a
    stream, in this order. `pieces` are the text deltas of a stream, where they matter; joined, they are the answer in
    any case. Of the model's last request: `results` are what its tool messages hold (None may be an empty text),
    `instructions` its system texts, `offered` the names of its tools, `conversation` its other messages; `heard` must
    stand in it somewhere.
    """

    prompt: str | list[Any]
    model: Sequence[Reply] = ()
    answer: Any = ""
    refusal: tuple[int, str] | None = None
    tools: Sequence[str] = ()
    pieces: Sequence[str] | None = None
    results: Sequence[Any] | None = None
    instructions: str | None = None
    offered: set[str] | None = None
    heard: Sequence[str] = ()
    conversation: Sequence[tuple[str, Any]] | None = None


@dataclass(frozen=True)
class Scene:
    """`remembered` is what the session's memory holds afterwards: type and content of each event. Without
    `asks_server` the agent has a model of pydantic-ai's that needs no server."""

    name: str
    agent: str
    turns: Sequence[Turn]
    remembered: Sequence[tuple[str, Any]] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    asks_server: bool = True
