"""One connection of the fake model: requests in, the steps of a reply out, and an eye on whether the asker is there."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import time
from collections.abc import Callable, Coroutine
from typing import Any

from fake_model.asked import Asked
from fake_model.replies import RESET, Accident, Gate, Pause, Reply, Step


class Connection(asyncio.Protocol):
    def __init__(self, reply_to: Callable[[Asked], Reply], open_ones: set[Connection]) -> None:
        self._reply_to = reply_to
        self._open_ones = open_ones
        self._received = b""
        self._more = asyncio.Event()
        self._gone = asyncio.Event()
        self._now: Asked | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._open_ones.add(self)
        self.task = asyncio.get_running_loop().create_task(self._serve())

    def data_received(self, data: bytes) -> None:
        self._received += data
        self._more.set()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._now:
            self._now.hung_up(time.monotonic())
        self._open_ones.discard(self)
        self._gone.set()
        self._more.set()

    async def _serve(self) -> None:
        try:
            while asked := await self._next_request():
                self._now = asked
                for step in self._reply_to(asked)(asked):
                    if not await self._take(step):
                        return
                self._now = None
        finally:
            self._transport.close()

    async def _next_request(self) -> Asked | None:
        head = await self._upto(b"\r\n\r\n")
        if head is None:
            return None
        request_line, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await self._exactly(int(headers.get("content-length", "0")))
        if body is None:
            return None
        content: dict[str, Any] = json.loads(body) if body else {}
        return Asked(request_line.split(" ")[1], headers, content, time.monotonic())

    async def _upto(self, mark: bytes) -> bytes | None:
        while mark not in self._received:
            if not await self._grown():
                return None
        found, _, self._received = self._received.partition(mark)
        return found

    async def _exactly(self, size: int) -> bytes | None:
        while len(self._received) < size:
            if not await self._grown():
                return None
        found, self._received = self._received[:size], self._received[size:]
        return found

    async def _grown(self) -> bool:
        await self._more.wait()
        self._more.clear()
        return not self._gone.is_set()

    async def _take(self, step: Step) -> bool:
        """Does one step of a reply; False when nothing can follow it."""
        if self._gone.is_set():
            return False
        if isinstance(step, bytes):
            self._transport.write(step)
            await asyncio.sleep(0)
            return True
        if isinstance(step, Accident):
            self._now = None  # we hang up, not they
            if step is RESET:
                at_once = struct.pack("ii", 1, 0)
                self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
            return False
        if isinstance(step, Pause):
            return not await self._gone_within(asyncio.sleep(step.seconds))
        return not await self._gone_within(self._opened(step))

    @staticmethod
    async def _opened(gate: Gate) -> None:
        gate.reach()
        await asyncio.shield(asyncio.wrap_future(gate.opened))

    async def _gone_within(self, wait: Coroutine[Any, Any, None]) -> bool:
        waiting = asyncio.create_task(wait)
        gone = asyncio.create_task(self._gone.wait())
        try:
            await asyncio.wait({waiting, gone}, return_when=asyncio.FIRST_COMPLETED)
            return self._gone.is_set()
        finally:
            waiting.cancel()
            gone.cancel()
