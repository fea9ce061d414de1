"""Somebody who is asked over the chat API: another agent, or a model."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import MSG_PEEK
from typing import Any

LOOK_EVERY = 0.01
CARD = {"name": "worker", "description": "Works.", "version": "1", "url": "http://elsewhere", "skills": []}


class PatientServer(ThreadingHTTPServer):
    """Says nothing of clients that left."""

    def handle_error(self, *_: Any) -> None:
        pass


class Peer:
    """Over HTTP, on a free port. It answers chats with `status` and `answer`.

    A silent one keeps its callers waiting until `ended`, and notices when one of them has left.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[str, Mapping[str, str], Any]] = []
        self.behave()
        self.somebody_waits = threading.Event()
        self.ended = threading.Event()
        self.somebody_left = threading.Event()
        self.server = PatientServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def behave(self) -> None:
        """As at the start: it answers well, and has been asked nothing."""
        self.card: Any = CARD
        self.status = 200
        self.answer: Any = {"choices": [{"message": {"role": "assistant", "content": "done"}}]}
        self.silent = False
        self._together = threading.Barrier(1)
        self.asked.clear()

    def wait_for(self, askers: int) -> None:
        """Nobody is answered before so many have asked."""
        self._together = threading.Barrier(askers, timeout=20)

    def headers(self, at: int) -> dict[str, str]:
        """Of a request, by name in lower case."""
        return {name.lower(): value for name, value in self.asked[at][1].items()}

    def stop(self) -> None:
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()

    def _handler(peer) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._reply(200 if peer.card is not None else 404, peer.card)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                peer.asked.append((self.path, dict(self.headers), json.loads(body)))
                if peer.silent:
                    peer.somebody_waits.set()
                    self._wait()
                peer._together.wait()
                self._reply(peer.status, peer.answer)

            def _wait(self) -> None:
                self.connection.setblocking(False)
                while not peer.ended.wait(LOOK_EVERY):
                    with suppress(BlockingIOError):
                        if not self.connection.recv(1, MSG_PEEK):
                            peer.somebody_left.set()
                            return
                self.connection.setblocking(True)

            def _reply(self, status: int, value: Any) -> None:
                text = value if isinstance(value, bytes) else json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                if 300 <= status < 400:
                    self.send_header("Location", f"{peer.url}/elsewhere")
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: Any) -> None:
                pass

        return Handler
