"""One request to an agent and what comes back, down to the single message of a stream."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

PATIENCE = 30.0
DONE = "[DONE]"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage  # by name in any letter case
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        found = json.loads(self.body)
        assert isinstance(found, dict)
        return found

    @property
    def text(self) -> str:
        """What the agent answered."""
        assert self.status == 200, self.body
        return str(self.json["choices"][0]["message"]["content"])

    @property
    def error(self) -> dict[str, Any]:
        found = self.json["error"]
        assert isinstance(found, dict)
        return found

    @property
    def refusal(self) -> tuple[int, str]:
        return self.status, str(self.error["code"])


@dataclass(frozen=True)
class Message:
    """A message of an event stream; `at` is when it was here (monotonic seconds)."""

    event: str
    data: str
    at: float

    @property
    def json(self) -> dict[str, Any]:
        found = json.loads(self.data)
        assert isinstance(found, dict)
        return found

    @property
    def delta(self) -> dict[str, Any]:
        choices = self.json.get("choices") if self.data != DONE else None
        return dict(choices[0]["delta"]) if choices else {}

    @property
    def content(self) -> str:
        return str(self.delta.get("content") or "")


@dataclass(frozen=True)
class Streamed:
    """A whole stream."""

    messages: list[Message]

    @property
    def chunks(self) -> list[dict[str, Any]]:
        return [each.json for each in self.messages if each.data != DONE and not each.event]

    @property
    def contents(self) -> list[str]:
        return [each.content for each in self.messages if not each.event and each.content]

    @property
    def finish_reasons(self) -> list[str]:
        choices = [choice for chunk in self.chunks for choice in chunk.get("choices", [])]
        return [choice["finish_reason"] for choice in choices if choice["finish_reason"]]

    @property
    def errors(self) -> list[dict[str, Any]]:
        return [chunk["error"] for chunk in self.chunks if "error" in chunk]


class Asking:
    """A request that is on its way. The answer is only waited for when it is looked at."""

    def __init__(self, url: str, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> None:
        self._connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=PATIENCE)
        self._connection.request(method, path, body, dict(headers))
        self._response: http.client.HTTPResponse | None = None

    @property
    def response(self) -> http.client.HTTPResponse:
        if self._response is None:
            self._response = self._connection.getresponse()
        return self._response

    def answer(self) -> Answer:
        response = self.response
        answer = Answer(response.status, response.headers, response.read())
        self.leave()
        return answer

    def __iter__(self) -> Iterator[Message]:
        event, data = "", []
        assert self.response.status == 200, self.response.read()
        while line := self.response.readline():
            text = line.decode().removesuffix("\n")
            if text.startswith(":"):
                continue
            if text.startswith("event: "):
                event = text.removeprefix("event: ")
            elif text:
                assert text.startswith("data: "), text
                data.append(text.removeprefix("data: "))
            elif data:
                yield Message(event, "\n".join(data), time.monotonic())
                event, data = "", []

    def next_content(self) -> str:
        """The next piece of text, as soon as it is here."""
        return next(message.content for message in self if message.content)

    def next_comment(self) -> str:
        """The next line for nobody, as soon as it is here."""
        while not (line := self.response.readline()).startswith(b":"):
            assert line == b"\n", line
        return line.decode().removesuffix("\n")

    def rest(self) -> Streamed:
        streamed = Streamed(list(self))
        self.leave()
        return streamed

    def leave(self) -> float:
        """Hangs up, whether the answer is complete or not."""
        if self._response is not None:
            self._response.close()
        self._connection.close()
        return time.monotonic()
