"""The agents that the page is tried on, each with a model that a test tells what to say."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from chat_peer import PatientServer
from conformance.agent import Agent
from conformance.producers import Native
from fake_model import FakeModel

PREFIX = "/agents/atlas"


class Declared(Agent):
    """An agent of its own process."""

    def __init__(self, name: str, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        model = FakeModel()
        standard = {"AGENT_NAME": name, "MODEL_API_URL": model.url, "MODEL_NAME": "fake-1", "PAIS_MODEL_RETRIES": "0"}
        super().__init__(Native().start({**standard, **(settings or {})}, folder), model)

    def rest(self) -> None:
        """As before the test."""
        self.hang_up()
        self.model.forget()

    def stop(self) -> None:
        self.rest()
        code = self.running.stop()
        self.model.stop()
        assert code == 0, f"the agent ended with {code}. It said:\n{self.output}"


class Below:
    """A proxy that serves an agent below a path, as an ingress does. What it carries can be cut off in the middle."""

    def __init__(self, agent: str) -> None:
        self.cut = threading.Event()
        self._server = PatientServer(("127.0.0.1", 0), self._handler(urlsplit(agent).netloc))
        self.url = f"http://127.0.0.1:{self._server.server_port}{PREFIX}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(proxy, agent: str) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._carry()

            def do_POST(self) -> None:
                self._carry()

            def _carry(self) -> None:
                if not self.path.startswith(PREFIX + "/"):
                    self.send_error(404)
                    return
                there = HTTPConnection(agent, timeout=60)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                there.request(self.command, self.path.removeprefix(PREFIX), body or None, dict(self.headers))
                answer = there.getresponse()
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name not in ("Connection", "Transfer-Encoding"):  # the end of the connection ends the answer
                        self.send_header(name, value)
                self.end_headers()
                while (piece := answer.read1(65536)) and not proxy.cut.is_set():
                    self.wfile.write(piece)
                there.close()

            def log_message(self, *_: Any) -> None:
                pass

        return Handler
