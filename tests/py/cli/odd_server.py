"""A server that answers with whatever bytes a test wants, which may be no HTTP at all."""

from __future__ import annotations

import socketserver
import threading
from contextlib import suppress
from typing import Any


class OddServer:
    """Every connection is sent `reply` once its request has come, and closed."""

    def __init__(self) -> None:
        self.reply = b""
        self.requests: list[bytes] = []
        self.speaks = threading.Event()  # cleared, it keeps those waiting who have asked
        self.speaks.set()
        self.is_asked = threading.Event()
        server = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with suppress(OSError):
                    server.requests.append(self.request.recv(65536))
                    server.is_asked.set()
                    server.speaks.wait()
                    self.request.sendall(server.reply)

        self._server = Threads(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def answers(self, status: int, body: bytes, content_type: str = "application/json") -> None:
        self.reply = (
            f"HTTP/1.1 {status} Said\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
            "Connection: close\r\n\r\n"
        ).encode() + body

    def streams(self, *data: str) -> None:
        self.answers(200, "".join(f"data: {each}\n\n" for each in data).encode(), "text/event-stream")

    def stop(self) -> None:
        self.speaks.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Threads(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, *_: Any) -> None:
        pass
