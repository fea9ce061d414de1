"""Another agent, reached over HTTP, to which work is delegated."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from opentelemetry import propagate

from pais.card import AgentCard
from pais.http_call import Outcome, call
from pais.settings import upper_snake

logger = logging.getLogger(__name__)

CARD_PATH = "/.well-known/agent.json"
CARD_TIMEOUT = 5.0


class RemoteAgent:
    """An agent at `card_url` (or `agent_card_url`, an older name of it).

    Its card says what it is for; it is asked for at the first request and again after a failed one, beside the request
    and never before it. `agent_card` is None until it is known.
    """

    REQUEST_TIMEOUT: ClassVar[float] = 60.0

    def __init__(self, name: str, card_url: str | None = None, agent_card_url: str | None = None) -> None:
        given = card_url or agent_card_url
        if not given:
            raise ValueError("card_url is required")
        self.name = name
        self.card_url = given.rstrip("/")
        self.agent_card: AgentCard | None = None
        self._active = False
        self._learning: asyncio.Task[bool] | None = None

    async def _init(self) -> bool:
        """Reads the card; whether there is a usable one."""
        outcome = await self._call("GET", CARD_PATH, b"", CARD_TIMEOUT)
        self.agent_card = read_card(outcome.body, self.name, self.card_url) if outcome.is_good else None
        self._active = self.agent_card is not None
        if not self._active:
            logger.warning("No card of agent %s: %s", self.name, outcome.cause or f"status {outcome.status}")
        return self._active

    async def process_message(self, messages: Sequence[Mapping[str, Any]]) -> str:
        """What the agent answers to these messages; RuntimeError when it gives no usable answer."""
        if not self._active and self._learning is None:
            self._learning = asyncio.create_task(self._init())
            self._learning.add_done_callback(self._learned)
        body = json.dumps({"model": self.name, "messages": list(messages), "stream": False}).encode()
        outcome = await self._call("POST", "/v1/chat/completions", body, self.REQUEST_TIMEOUT)
        try:
            text = self._read_answer(outcome)
        except RuntimeError as reason:
            self._active = False
            logger.warning("%s: %s", reason, outcome.cause or "see its own log")
            raise
        self._active = True
        return text

    async def close(self) -> None:
        """Ends what still goes on in the background."""
        if self._learning is not None:
            self._learning.cancel()

    def _learned(self, task: asyncio.Task[bool]) -> None:
        self._learning = None
        if not task.cancelled() and (failure := task.exception()):
            logger.warning("No card of agent %s: %s", self.name, failure)

    def _read_answer(self, outcome: Outcome) -> str:
        if outcome.failure == "timed_out":
            raise RuntimeError(f"Agent {self.name} timed out")
        if outcome.failure == "unreachable":
            raise RuntimeError(f"Agent {self.name} unavailable")
        if not outcome.failure and not outcome.is_good:
            raise RuntimeError(f"Agent {self.name} answered {outcome.status}")
        text = answer_text(outcome.body)
        if text is None:
            raise RuntimeError(f"Agent {self.name} sent no usable answer")
        return text

    async def _call(self, method: str, path: str, body: bytes, patience: float) -> Outcome:
        headers: dict[str, str] = {}
        if key := os.environ.get(f"PEER_AGENT_{upper_snake(self.name)}_API_KEY"):
            headers["X-API-Key"] = key
        propagate.inject(headers)
        return await call(method, self.card_url + path, headers, body, patience)


def read_card(body: bytes, name: str, url: str) -> AgentCard | None:
    """A card as another agent sends it; None when it is none. Its own address is not believed."""
    try:
        told = json.loads(body)
        known = {"name": name, "description": "", "version": "unknown"}
        return AgentCard.model_validate({**known, **told, "url": url} if isinstance(told, dict) else told)
    except (ValueError, RecursionError):
        return None


def answer_text(body: bytes) -> str | None:
    """The text of a chat completion; None when there is none in it."""
    try:
        content = json.loads(body)["choices"][0]["message"]["content"]
    except (ValueError, RecursionError, LookupError, TypeError):
        return None
    return content if isinstance(content, str) else None
