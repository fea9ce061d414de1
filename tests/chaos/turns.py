"""What one request came to, as its client saw it, and how a client asks."""

from __future__ import annotations

import http.client
import json
import sys
import time
from dataclasses import dataclass
from typing import Any

import openai

CHAT = "/v1/chat/completions"
# What breaks a stream reaches us as it is, from whichever HTTP library this `openai` stands on.
HTTP_ERROR: type[Exception] = sys.modules[openai.DefaultHttpxClient.__bases__[0].__module__.partition(".")[0]].HTTPError
DEADLINE = 40.0  # of a client: longer than all waits of the fleet together


@dataclass
class Turn:
    """`outcome` is `answered`, `error CODE`, `unheard` (nobody listened), or `cut` (an answer without an end)."""

    host: str
    agent: str
    conversation: str
    mark: str
    kind: str
    stream: bool
    trace: str
    named: bool = True
    session: str = ""
    began: float = 0.0
    ended: float = 0.0
    outcome: str = ""
    forgets: bool = False  # it was said that the memory is away
    text: str = ""
    detail: str = ""

    @property
    def depth(self) -> int:
        """How many agents may delegate, one after another."""
        return {"ask": 1, "ask deep": 2}.get(self.kind, 0)

    def headers(self) -> dict[str, str]:
        named = {"X-Session-ID": self.session} if self.named else {}
        return {**named, "X-PAIS-Progress": "off", "traceparent": f"00-{self.trace}-{self.trace[-16:]}-01"}


def ask_plainly(turn: Turn, port: int, prompt: str) -> None:
    """With the standard library and a connection of its own."""
    body = {"messages": [{"role": "user", "content": prompt}], "stream": turn.stream}
    turn.began = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
    try:
        connection.connect()
    except OSError as nobody:
        turn.outcome, turn.detail = "unheard", str(nobody)
    else:
        try:
            connection.request("POST", CHAT, json.dumps(body), {"Content-Type": "application/json", **turn.headers()})
            answer = connection.getresponse()
            turn.forgets = "X-PAIS-Memory" in answer.headers
            turn.session = answer.headers.get("X-Session-ID") or turn.session
            take(turn, answer.status, answer.read().decode("utf-8", "replace"))
        except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as gone:
            turn.outcome, turn.detail = "cut", f"{type(gone).__name__}: {gone}"
    finally:
        connection.close()
        turn.ended = time.monotonic()


def take(turn: Turn, status: int, text: str) -> None:
    if status != 200:
        turn.outcome = f"error {json.loads(text)['error']['code']}"
    elif turn.stream:
        take_stream(turn, text)
    else:
        turn.text = json.loads(text)["choices"][0]["message"]["content"]
        turn.outcome = "answered"


def take_stream(turn: Turn, text: str) -> None:
    events = [line.removeprefix("data: ") for line in text.split("\n") if line.startswith("data: ")]
    if not events or events[-1] != "[DONE]":
        turn.outcome, turn.detail = "cut", "a stream without an end"
        return
    chunks: list[dict[str, Any]] = [json.loads(event) for event in events[:-1]]
    turn.text = "".join(c["delta"].get("content") or "" for chunk in chunks for c in chunk.get("choices", []))
    errors = [chunk["error"]["code"] for chunk in chunks if "error" in chunk]
    turn.outcome = f"error {errors[0]}" if errors else "answered"


class Customer:
    """The public `openai` client, which keeps its connections."""

    def __init__(self) -> None:
        self._clients: dict[int, openai.OpenAI] = {}

    def ask(self, turn: Turn, port: int, prompt: str) -> None:
        turn.began = time.monotonic()
        try:
            self._ask(turn, self._client(port), prompt)
        except openai.APIStatusError as refused:
            turn.outcome = f"error {refused.code}" if refused.code else "cut"
            turn.detail = str(refused)
        except openai.APIConnectionError as gone:
            turn.detail = repr(gone.__cause__)
            turn.outcome = "unheard" if type(gone.__cause__).__name__ == "ConnectError" else "cut"
        except openai.APIError as failed:
            turn.outcome, turn.detail = f"error {failed.code}", str(failed)
        except (HTTP_ERROR, ValueError) as gone:
            turn.outcome, turn.detail = "cut", repr(gone)
        turn.ended = time.monotonic()

    def _client(self, port: int) -> openai.OpenAI:
        if port not in self._clients:
            for old in self._clients.values() if len(self._clients) > 16 else ():
                old.close()
            self._clients[port] = openai.OpenAI(
                base_url=f"http://127.0.0.1:{port}/v1",
                api_key="none",
                max_retries=0,
                timeout=DEADLINE,
                http_client=openai.DefaultHttpxClient(trust_env=False),
            )
        return self._clients[port]

    def _ask(self, turn: Turn, client: openai.OpenAI, prompt: str) -> None:
        raw = client.chat.completions.with_raw_response.create(
            model="agent",
            messages=[{"role": "user", "content": prompt}],
            stream=turn.stream,
            extra_headers=turn.headers(),
        )
        turn.forgets = "X-PAIS-Memory" in raw.headers
        turn.session = raw.headers.get("X-Session-ID") or turn.session
        answer: Any = raw.parse()
        if not turn.stream:
            turn.text = answer.choices[0].message.content
            turn.outcome = "answered"
            return
        finished = False
        for chunk in answer:
            for choice in chunk.choices:
                turn.text += choice.delta.content or ""
                finished = finished or choice.finish_reason is not None
        turn.outcome = "answered" if finished else "cut"

    def close(self) -> None:
        for client in self._clients.values():
            client.close()
