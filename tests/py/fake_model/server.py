"""The socket of the fake model: one loop in a thread of its own, one task a connection."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from fake_model.asked import PATIENCE, Asked
from fake_model.connection import Connection
from fake_model.replies import Gate, Reply, fails


class FakeModel:
    """Answers each request by the next reply of its script, or else by the standing one. All of it is thread-safe.

    A request that nothing was said about is answered 500 and kept in `surprises`.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._script: deque[Reply] = deque()
        self._standing: Reply | None = None
        self._gates: list[Gate] = []
        self.asked: list[Asked] = []
        self.surprises: list[Asked] = []
        self.url = ""
        self._loop = asyncio.new_event_loop()
        self._connections: set[Connection] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(PATIENCE)

    async def _listen(self) -> asyncio.Server:
        server = await self._loop.create_server(
            lambda: Connection(self._reply_to, self._connections), "127.0.0.1", 0, backlog=512
        )
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        return server

    # ------------------------------------------------------------------------------------------------ for the test

    def will(self, *replies: Reply) -> None:
        """What to do with the next requests, one reply each."""
        with self._changed:
            self._script.extend(replies)

    def always(self, reply: Reply) -> None:
        """What to do with every request that the script says nothing about."""
        with self._changed:
            self._standing = reply

    def gate(self) -> Gate:
        gate = Gate()
        with self._changed:
            self._gates.append(gate)
        return gate

    def wait_until_asked(self, times: int) -> Asked:
        with self._changed:
            came = self._changed.wait_for(lambda: len(self.asked) >= times, PATIENCE)
            assert came, f"the model was asked {len(self.asked)} times, not {times}"
            return self.asked[times - 1]

    @property
    def last(self) -> Asked:
        with self._changed:
            return self.asked[-1]

    @property
    def unused(self) -> int:
        with self._changed:
            return len(self._script)

    def forget(self) -> None:
        """Opens all gates, and begins anew."""
        with self._changed:
            for gate in self._gates:
                gate.open()
            self._gates.clear()
            self._script.clear()
            self._standing = None
            self.asked.clear()
            self.surprises.clear()

    def stop(self) -> None:
        self.forget()
        asyncio.run_coroutine_threadsafe(self._shut(), self._loop).result(PATIENCE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    # ------------------------------------------------------------------------------------------------- for the loop

    def _reply_to(self, asked: Asked) -> Reply:
        with self._changed:
            self.asked.append(asked)
            self._changed.notify_all()
            if self._script:
                return self._script.popleft()
            if self._standing:
                return self._standing
            self.surprises.append(asked)
            return fails(500, "the fake model was not told what to answer")

    async def _shut(self) -> None:
        self._server.close()
        tasks = [connection.task for connection in self._connections]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # the transports say goodbye in the next round


@contextmanager
def nobody_listens() -> Iterator[str]:
    """An address where connections are refused, and which nobody else can take meanwhile."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"
