"""A road from one part of the fleet to another, at an address that stays, which can be made bad.

`delay` keeps every piece of an answer back for a moment, `cut` breaks the connection in the middle of an answer,
`garble` writes noise over answers, `swallow` takes everything and brings nothing. Only answers are spoilt: nobody could
tell a spoilt question from a true one.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

PIECE = 64 * 1024
DELAY = 0.25
UNTIL_CUT = 40  # bytes of an answer
AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: the other side sees a reset

T = TypeVar("T")
Target = Callable[[], int | Path]  # a port, or a socket's path: where the part is in its present life


class Roads:
    """All proxies of a fleet, on one loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._all: list[Road] = []

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def open(self, name: str, target: Target) -> Road:
        road = Road(name, target)
        self.run(road.open())
        self._all.append(road)
        return road

    def spoil(self, road: Road, how: str) -> None:
        self.run(road.spoil(how))

    def close(self) -> None:
        for road in self._all:
            self.run(road.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)
        self._loop.close()


class Road:
    def __init__(self, name: str, target: Target) -> None:
        self.name = name
        self.port = 0
        self._target = target
        self._how = ""
        self._connections: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0, backlog=512)
        self.port = self._server.sockets[0].getsockname()[1]

    async def spoil(self, how: str) -> None:
        """From now on; "" mends it. What was swallowed never arrives, so its connections end with that."""
        swallowed = self._how == "swallow"
        self._how = how
        if swallowed:
            for connection in list(self._connections):
                reset(connection)

    async def close(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._connections.add(writer)
        try:
            there_reader, there = await self._connect()
        except OSError:
            reset(writer)
        else:
            self._connections.add(there)
            await asyncio.gather(self._questions(reader, there), self._answers(there_reader, writer))
            self._connections.discard(there)
            there.close()
            writer.close()
        finally:
            self._connections.discard(writer)
            self._tasks.discard(task)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        target = self._target()
        if isinstance(target, Path):
            return await asyncio.open_unix_connection(target)
        return await asyncio.open_connection("127.0.0.1", target)

    async def _questions(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while piece := await reader.read(PIECE):
                writer.write(piece)
                await writer.drain()
            writer.close()
        except OSError:
            reset(writer)

    async def _answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while piece := await reader.read(PIECE):
                if not await self._pass_on(piece, writer):
                    reset(writer)
                    return
            writer.close()
        except OSError:
            reset(writer)

    async def _pass_on(self, piece: bytes, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection goes on."""
        if self._how == "delay":
            await asyncio.sleep(DELAY)
        if self._how == "swallow":
            return True
        if self._how == "garble":
            piece = b"\x00\xff" * ((len(piece) + 1) // 2)
        cut = self._how == "cut"
        writer.write(piece[:UNTIL_CUT] if cut else piece)
        await writer.drain()
        return not cut


def reset(writer: asyncio.StreamWriter) -> None:
    inner = writer.get_extra_info("socket")
    if inner is not None and inner.family != socket.AF_UNIX and inner.fileno() >= 0:
        inner.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
    writer.close()
