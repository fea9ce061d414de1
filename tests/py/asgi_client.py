"""The other side of an ASGI application: a client of one request, message by message."""

from __future__ import annotations

import asyncio
from typing import Any


class Client:
    """One client of an ASGI application: says what it is told to, keeps what it hears."""

    def __init__(self, *said: dict[str, Any]) -> None:
        self.heard: list[dict[str, Any]] = []
        self.something = asyncio.Event()
        self._said = list(said)
        self._leaves = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        if self._said:
            return self._said.pop(0)
        await self._leaves.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        self.heard.append(message)
        if message["type"] == "http.response.body" and message["body"]:
            self.something.set()

    def leave(self) -> None:
        self._leaves.set()

    @property
    def body(self) -> bytes:
        return b"".join(message["body"] for message in self.heard[1:])


def scope(path: str = "/health", **more: Any) -> dict[str, Any]:
    return {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"agent.example")],
        **more,
    }


def body(piece: bytes, more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": piece, "more_body": more}
