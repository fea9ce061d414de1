"""Clients that take their time: half of a request, a byte now and then, an answer that nobody reads."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import suppress

HALF_SENT = 40
DRIPPING = 10
NOT_READING = 10
HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
PROMPT = {"messages": [{"role": "user", "content": "hm"}], "stream": True}
DRIP_EVERY = 0.1


class SlowClients:
    def __init__(self, port: int) -> None:
        self._over = threading.Event()
        self._half = [self._connect(port, HEAD) for _ in range(HALF_SENT)]
        self._dripping = [self._connect(port, HEAD) for _ in range(DRIPPING)]
        body = json.dumps(PROMPT).encode()
        whole = HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body
        self._not_reading = [self._connect(port, whole, 4096) for _ in range(NOT_READING)]
        self._thread = threading.Thread(target=self._drip)
        self._thread.start()

    @staticmethod
    def _connect(port: int, first: bytes, room: int | None = None) -> socket.socket:
        client = socket.socket()
        if room is not None:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        client.settimeout(10)
        client.connect(("127.0.0.1", port))
        client.sendall(first)
        return client

    def _drip(self) -> None:
        while not self._over.wait(DRIP_EVERY):
            for client in self._dripping:
                with suppress(OSError):
                    client.sendall(b"X")

    def leave(self) -> None:
        self._over.set()
        self._thread.join()
        for client in (*self._half, *self._dripping, *self._not_reading):
            client.close()


def idle_connections(port: int, number: int) -> list[socket.socket]:
    """As many as the host takes; one that it ends at once has been a connection all the same."""
    taken = []
    for _ in range(number):
        client = socket.socket()
        client.settimeout(10)
        with suppress(OSError):
            client.connect(("127.0.0.1", port))
        taken.append(client)
    return taken
