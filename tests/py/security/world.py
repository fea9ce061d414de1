"""A host among enemies: its model, its MCP server and its sub-agent are scripts of the test."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from conformance.agent import Agent
from conformance.producers import RunningAgent
from fake_model import Asked, Call, FakeModel, Reply, Step, answers, calls, says
from fake_model.replies import http as http_answer

PATIENCE = 30.0
KEY = "open-sesame-1"
WITH_KEY = {"X-API-Key": KEY}
DEEP = "[" * 100_000 + "]" * 100_000
TOOL = {"name": "look", "description": "Looks.", "inputSchema": {"type": "object"}}


class Mcp(FakeModel):
    """An MCP server of one tool, `look`. `result` is what a call of it is answered: JSON text, or a whole reply."""

    def __init__(self) -> None:
        super().__init__()
        self.begin_anew()
        self.always(self._answer)

    def begin_anew(self) -> None:
        self.result: str | Reply = '{"content":[{"type":"text","text":"seen"}]}'

    def _answer(self, asked: Asked) -> Iterator[Step]:
        method = asked.body.get("method")
        if method == "tools/call" and not isinstance(self.result, str):
            yield from self.result(asked)
            return
        results = {
            "initialize": json.dumps(
                {"protocolVersion": "2025-11-25", "capabilities": {}, "serverInfo": {"name": "m", "version": "1"}}
            ),
            "tools/list": json.dumps({"tools": [TOOL]}),
            "tools/call": self.result,
        }
        found = results.get(str(method))
        if found is not None:
            identity = json.dumps(asked.body["id"])
            yield http_answer(200, f'{{"jsonrpc":"2.0","id":{identity},"result":{found}}}'.encode())
        elif method == "notifications/initialized":
            yield http_answer(202, b"")
        else:
            yield http_answer(405, b"")


class Worker(FakeModel):
    """Another agent. `reply` is what a task is answered, `card` what its card is."""

    def __init__(self) -> None:
        super().__init__()
        self.begin_anew()
        self.always(lambda asked: (self.reply if "/chat/" in asked.path else self.card)(asked))

    def begin_anew(self) -> None:
        self.reply: Reply = says("done")
        self.card: Reply = answers(200, {"name": "worker", "description": "Works.", "version": "1", "skills": []})


class World(Agent):
    """`running` asks this model, and may use this MCP server and this agent."""

    def __init__(self, running: RunningAgent, model: FakeModel, mcp: Mcp, worker: Worker) -> None:
        super().__init__(running, model)
        self.mcp = mcp
        self.worker = worker

    def told_of(self, *wanted: Call) -> list[str]:
        """One turn in which the model calls these: what it is told of each."""
        self.model.will(calls(*wanted), says("over"))
        assert self.chat("go").text == "over"
        return [str(each["content"]) for each in self.model.last.messages if each["role"] == "tool"]

    def forget(self) -> None:
        self.hang_up()
        self.model.forget()
        self.mcp.begin_anew()
        self.worker.begin_anew()


def look(**arguments: Any) -> Call:
    return Call("look", json.dumps(arguments), id="c1")


def delegate(task: str = "do it") -> Call:
    return Call("delegate_to_worker", json.dumps({"task": task}), id="c2")


def raw(url: str, request: bytes) -> bytes:
    """All that is answered until the host hangs up."""
    place = urlsplit(url)
    with socket.create_connection((place.hostname, place.port), timeout=PATIENCE) as connection:
        connection.sendall(request)
        received = b""
        while piece := connection.recv(65536):
            received += piece
    return received


def post_raw(url: str, body: bytes, *lines: bytes) -> bytes:
    head = [b"POST /v1/chat/completions HTTP/1.1", b"Host: localhost", b"Connection: close", *lines]
    head.append(b"Content-Length: %d" % len(body))
    return raw(url, b"\r\n".join(head) + b"\r\n\r\n" + body)


def ask(
    url: str, method: str, path: str, headers: Mapping[str, str] | None = None, body: Any = None
) -> tuple[int, str]:
    """Status and body, of an address that need not be the host's own idea of itself."""
    place = urlsplit(url)
    connection = http.client.HTTPConnection(str(place.hostname), place.port, timeout=PATIENCE)
    try:
        connection.request(method, path, None if body is None else json.dumps(body), dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()
