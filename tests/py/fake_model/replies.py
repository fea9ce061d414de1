"""What the fake model does with a request: bytes to send, and in between them pauses, gates and accidents.

A reply is a function from the request to its steps, so one reply fits plain and streamed requests. A gate holds the
answer back until the test opens it; `reached` tells the test that the answer has come that far.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from fake_model.asked import PATIENCE, Asked

CREATED = 1_700_000_000
MODEL = "fake-1"


@dataclass(frozen=True)
class Pause:
    seconds: float


class Accident(Enum):
    RESET = "reset"  # the connection is torn, what was sent may be lost
    CLOSE = "close"  # the connection is closed in good order, in the middle of the answer


RESET = Accident.RESET
CLOSE = Accident.CLOSE


class Gate:
    def __init__(self) -> None:
        self._reached = threading.Event()
        self.opened: Future[None] = Future()

    def reach(self) -> None:
        self._reached.set()

    def open(self) -> None:
        if not self.opened.done():
            self.opened.set_result(None)

    def wait_until_reached(self) -> None:
        assert self._reached.wait(PATIENCE), "the model was not asked"


@dataclass(frozen=True)
class Thought:
    """A piece of the model's reasoning."""

    text: str


Step = bytes | Pause | Gate | Accident
Reply = Callable[[Asked], Iterable[Step]]
Event = dict[str, Any] | str | Step | Callable[[], dict[str, Any]]


@dataclass(frozen=True)
class Usage:
    prompt: int
    completion: int
    cached: int = 0

    def json(self) -> dict[str, Any]:
        counted: dict[str, Any] = {
            "prompt_tokens": self.prompt,
            "completion_tokens": self.completion,
            "total_tokens": self.prompt + self.completion,
        }
        if self.cached:
            counted["prompt_tokens_details"] = {"cached_tokens": self.cached}
        return counted


@dataclass(frozen=True)
class Call:
    """A tool call as a model writes it: arguments as text (in `pieces` when streamed) or, as some do, as an object."""

    name: str
    arguments: str | dict[str, Any] = "{}"
    id: str | int | None = "call_1"
    pieces: int = 1

    def whole(self) -> dict[str, Any]:
        identity = {} if self.id is None else {"id": self.id}
        return {**identity, "type": "function", "function": {"name": self.name, "arguments": self.arguments}}

    def deltas(self, index: int) -> Iterator[dict[str, Any]]:
        if isinstance(self.arguments, dict) or self.pieces == 1:
            yield {"index": index, **self.whole()}
            return
        yield {"index": index, **Call(self.name, "", self.id).whole()}
        size = -(-len(self.arguments) // self.pieces)
        for start in range(0, len(self.arguments), size):
            yield {"index": index, "function": {"arguments": self.arguments[start : start + size]}}


@dataclass(frozen=True)
class Said:
    """One answer of the model, in the order in which it is told."""

    pieces: tuple[str | Thought | Pause | Gate | Accident, ...]
    calls: tuple[Call, ...] = ()
    usage: Usage | None = Usage(5, 2)
    finish: str = "stop"
    more: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, asked: Asked) -> Iterator[Step]:
        return self._streamed(asked) if asked.streaming else self._plain()

    def _plain(self) -> Iterator[Step]:
        text = "".join(piece for piece in self.pieces if isinstance(piece, str))
        thought = "".join(piece.text for piece in self.pieces if isinstance(piece, Thought))
        message: dict[str, Any] = {"role": "assistant", "content": text or None}
        if thought:
            message["reasoning_content"] = thought
        if self.calls:
            message["tool_calls"] = [call.whole() for call in self.calls]
        choice = {"index": 0, "message": message, "finish_reason": self.finish}
        body: dict[str, Any] = {"id": "m-1", "object": "chat.completion", "created": CREATED, "model": MODEL}
        body["choices"] = [choice]
        if self.usage:
            body["usage"] = self.usage.json()
        whole = http(200, json.dumps({**body, **self.more}).encode())

        yield from (piece for piece in self.pieces if isinstance(piece, Pause | Gate))
        accidents = [piece for piece in self.pieces if isinstance(piece, Accident)]
        if accidents:
            yield whole[:-10]
            yield accidents[0]
        else:
            yield whole

    def _streamed(self, asked: Asked) -> Iterator[Step]:
        yield STREAM_HEAD
        yield event(chunk({"role": "assistant", "content": ""}))
        for piece in self.pieces:
            if isinstance(piece, str):
                yield event(chunk({"content": piece}))
            elif isinstance(piece, Thought):
                yield event(chunk({"reasoning_content": piece.text}))
            else:
                yield piece
        for index, call in enumerate(self.calls):
            for delta in call.deltas(index):
                yield event(chunk({"tool_calls": [delta]}))
        yield event({**chunk({}, self.finish), **self.more})
        if self.usage and asked.wants_usage:
            yield event({**chunk({}), "choices": [], "usage": self.usage.json()})
        yield event("[DONE]") + STREAM_END


def says(
    *pieces: str | Thought | Pause | Gate | Accident,
    usage: Usage | None = Usage(5, 2),
    finish: str = "stop",
    more: Mapping[str, Any] | None = None,
) -> Reply:
    """An answer in words; streamed, each piece is a token."""
    return Said(pieces, usage=usage, finish=finish, more=more or {})


def calls(*wanted: Call, text: tuple[str, ...] = (), usage: Usage | None = Usage(5, 2)) -> Reply:
    """An answer that asks for tools."""
    return Said(text, wanted, usage, finish="tool_calls")


def streams(*events: Event) -> Reply:
    """A stream to the letter, whatever was asked for: chunks, texts behind `data: `, and steps between them.

    A chunk may be a function, which is called when its time has come.
    """

    def reply(_: Asked) -> Iterator[Step]:
        yield STREAM_HEAD
        for each in events:
            now = each() if callable(each) else each
            yield event(now) if isinstance(now, dict | str) else now
        yield STREAM_END

    return reply


def answers(status: int, body: bytes | dict[str, Any], **headers: str) -> Reply:
    """An HTTP answer to the letter; `Retry_After="1"` is the header Retry-After."""
    content = json.dumps(body).encode() if isinstance(body, dict) else body

    def reply(_: Asked) -> Iterator[Step]:
        yield http(status, content, {name.replace("_", "-"): value for name, value in headers.items()})

    return reply


def fails(status: int, message: str = "no", **headers: str) -> Reply:
    """An error in the form of the OpenAI API."""
    return answers(status, {"error": {"message": message, "type": "error", "param": None, "code": None}}, **headers)


def sends(*steps: Step) -> Reply:
    return lambda _: steps


def after(gate: Gate | Pause, reply: Reply) -> Reply:
    """Holds back even the first byte."""

    def held(asked: Asked) -> Iterator[Step]:
        yield gate
        yield from reply(asked)

    return held


# ------------------------------------------------------------------------------------------------------ on the wire


def http(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> bytes:
    lines = {"Content-Type": "application/json", "Content-Length": str(len(body)), **(headers or {})}
    head = f"HTTP/1.1 {status} Fake\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return head.encode() + b"\r\n" + body


STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
STREAM_END = b"0\r\n\r\n"


def chunk(delta: Mapping[str, Any], finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": dict(delta), "finish_reason": finish}
    return {"id": "m-1", "object": "chat.completion.chunk", "created": CREATED, "model": MODEL, "choices": [choice]}


def event(data: Mapping[str, Any] | str) -> bytes:
    return part(b"data: " + (data if isinstance(data, str) else json.dumps(data)).encode() + b"\n\n")


def part(data: bytes) -> bytes:
    """One piece of a chunked body."""
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"
