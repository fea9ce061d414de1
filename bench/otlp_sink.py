#!/usr/bin/env python3
"""The cheapest collector there can be: OTLP over gRPC that is thanked for and thrown away.

It counts requests and bytes, and says both when it ends (SIGTERM)."""

from __future__ import annotations

import selectors
import signal
import socket
import struct
import sys

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, SETTINGS, PING, WINDOW_UPDATE = 0, 1, 4, 6, 8
END_STREAM, END_HEADERS, ACK = 1, 4, 1
LARGEST_WINDOW = (1 << 31) - 1
FIRST_WINDOW = 65_535
INITIAL_WINDOW_SIZE = 4
MOST_AT_ONCE = 1 << 20
WINDOW_LEFT = 1 << 24


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes((kind, flags)) + struct.pack(">I", stream) + payload


def field(name: bytes, value: bytes) -> bytes:
    """A header that nobody is to remember, in plain letters."""
    return bytes((0, len(name))) + name + bytes((len(value),)) + value


STATUS_200 = b"\x88"
OPENING = STATUS_200 + field(b"content-type", b"application/grpc")
NOTHING = bytes(5)  # a message of no bytes
CLOSING = field(b"grpc-status", b"0")


def thanks(stream: int) -> bytes:
    return (
        frame(HEADERS, END_HEADERS, stream, OPENING)
        + frame(DATA, 0, stream, NOTHING)
        + frame(HEADERS, END_HEADERS | END_STREAM, stream, CLOSING)
    )


class Caller:
    """One connection, whose bytes are looked at as far as their frames' heads."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.requests = 0
        self.bytes = 0
        self._unread = bytearray()
        self._greeting = len(PREFACE)
        self._window = LARGEST_WINDOW
        settings = struct.pack(">HI", INITIAL_WINDOW_SIZE, LARGEST_WINDOW)
        widen = struct.pack(">I", LARGEST_WINDOW - FIRST_WINDOW)
        connection.sendall(frame(SETTINGS, 0, 0, settings) + frame(WINDOW_UPDATE, 0, 0, widen))

    def hear(self) -> bool:
        """False when it has hung up."""
        data = self.connection.recv(MOST_AT_ONCE)
        self.bytes += len(data)
        self._unread += data
        if self._greeting and len(self._unread) >= self._greeting:
            del self._unread[: self._greeting]
            self._greeting = 0
        if not self._greeting:
            self._read_frames()
        return bool(data)

    def _read_frames(self) -> None:
        at, answers = 0, []
        while len(self._unread) - at >= 9:
            size = int.from_bytes(self._unread[at : at + 3])
            if len(self._unread) - at < 9 + size:
                break
            kind, flags = self._unread[at + 3], self._unread[at + 4]
            stream = int.from_bytes(self._unread[at + 5 : at + 9])
            answers.append(self._answer(kind, flags, stream, bytes(self._unread[at + 9 : at + 17]), size))
            at += 9 + size
        del self._unread[:at]
        if said := b"".join(answers):
            self.connection.sendall(said)

    def _answer(self, kind: int, flags: int, stream: int, start: bytes, size: int) -> bytes:
        if kind == SETTINGS and not flags & ACK:
            return frame(SETTINGS, ACK, 0)
        if kind == PING and not flags & ACK:
            return frame(PING, ACK, 0, start)
        answer = b""
        if kind == DATA:
            self._window -= size
            if self._window < WINDOW_LEFT:
                answer += frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", LARGEST_WINDOW - self._window))
                self._window = LARGEST_WINDOW
        if kind in (DATA, HEADERS) and flags & END_STREAM:
            self.requests += 1
            answer += thanks(stream)
        return answer


def main() -> int:
    listener = socket.create_server(("127.0.0.1", 0))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"Listening on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    callers: list[Caller] = []
    waiting = selectors.DefaultSelector()
    waiting.register(listener, selectors.EVENT_READ)
    try:
        while True:
            for key, _ in waiting.select():
                if key.fileobj is listener:
                    callers.append(Caller(listener.accept()[0]))
                    waiting.register(callers[-1].connection, selectors.EVENT_READ, callers[-1])
                elif not hears(key.data):
                    waiting.unregister(key.fileobj)
                    key.data.connection.close()
    finally:
        requests, received = sum(each.requests for each in callers), sum(each.bytes for each in callers)
        print(f"{requests} requests, {received} bytes", flush=True)


def hears(caller: Caller) -> bool:
    try:
        return caller.hear()
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main())
