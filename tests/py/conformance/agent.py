"""The agent under test, as a test holds it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from conformance.producers import RunningAgent
from conformance.wire import Answer, Asking, Streamed
from fake_model import FakeModel

CHAT = "/v1/chat/completions"

Prompt = str | list[Any]


def new_session() -> str:
    return f"s-{uuid.uuid4().hex}"


class Agent:
    """`model` is the one it asks. What a test has opened and not read is closed when the test ends."""

    def __init__(self, running: RunningAgent, model: FakeModel) -> None:
        self.running = running
        self.model = model
        self._open: list[Asking] = []

    @property
    def url(self) -> str:
        return self.running.url

    @property
    def output(self) -> str:
        return "\n".join(self.running.output)

    def ask(self, prompt: Prompt, *, headers: Mapping[str, str] | None = None, **fields: Any) -> Asking:
        """Sends a chat request, and waits for nothing."""
        messages = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt
        return self.send("POST", CHAT, {"messages": messages, **fields}, headers)

    def chat(self, prompt: Prompt, *, headers: Mapping[str, str] | None = None, **fields: Any) -> Answer:
        return self.ask(prompt, headers=headers, **fields).answer()

    def stream(self, prompt: Prompt, *, headers: Mapping[str, str] | None = None, **fields: Any) -> Streamed:
        return self.ask(prompt, headers=headers, stream=True, **fields).rest()

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        return self.send("GET", path, None, headers).answer()

    def post(self, body: Any, path: str = CHAT, headers: Mapping[str, str] | None = None) -> Answer:
        """Any JSON, or any bytes, whether they are a chat request or not."""
        return self.send("POST", path, body, headers).answer()

    def events(self, session: str, query: str = "") -> list[dict[str, Any]]:
        """What the memory has of a conversation."""
        answer = self.get(f"/memory/events?session_id={quote(session)}{query}")
        assert answer.status == 200, answer.body
        return list(answer.json["events"])

    def told(self, session: str) -> list[tuple[str, Any]]:
        """Type and content of each event of a conversation."""
        return [(event["event_type"], event["content"]) for event in self.events(session)]

    def send(self, method: str, path: str, body: Any, headers: Mapping[str, str] | None = None) -> Asking:
        raw = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        named = {"Content-Type": "application/json"} if raw is not None else {}
        asking = Asking(self.url, method, path, raw, {**named, **(headers or {})})
        self._open.append(asking)
        return asking

    def hang_up(self) -> None:
        for asking in self._open:
            asking.leave()
        self._open.clear()
