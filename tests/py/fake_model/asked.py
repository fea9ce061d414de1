"""A request that the fake model was sent."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

PATIENCE = 20.0


@dataclass(eq=False)
class Asked:
    """`headers` have names in lower case. `closed_at` is set (monotonic seconds) if the asker hung up on the answer."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    at: float
    closed_at: float | None = None
    _closed: threading.Event = field(default_factory=threading.Event, repr=False)

    @property
    def streaming(self) -> bool:
        return self.body.get("stream") is True

    @property
    def wants_usage(self) -> bool:
        return bool((self.body.get("stream_options") or {}).get("include_usage"))

    @property
    def messages(self) -> list[dict[str, Any]]:
        return list(self.body["messages"])

    @property
    def conversation(self) -> list[tuple[str, Any]]:
        """Role and content of each message but the instructions."""
        return [(each["role"], each["content"]) for each in self.messages if each["role"] != "system"]

    @property
    def prompt(self) -> str:
        return str(self.messages[-1]["content"])

    def hung_up(self, at: float) -> None:
        self.closed_at = at
        self._closed.set()

    def wait_until_closed(self) -> float:
        assert self._closed.wait(PATIENCE), "the call of the model was not closed"
        assert self.closed_at is not None
        return self.closed_at
