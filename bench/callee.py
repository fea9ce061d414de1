"""Somebody to call: an agent and an MCP server in one, who takes the same time over everything, give or take a spread.

One loop, no library: what it costs beside that time is little, and the same for whoever calls. Without a spread callers
that ask again as soon as they are answered fall into step, for the loop's clock wakes once a millisecond; then each
waits for all the others, and what is measured is a queue.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from typing import Any

COMPLETION = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "done"}, "finish_reason": "stop"}]}
SCHEMA = {
    "type": "object",
    "properties": {
        "query": {"type": "string", "description": "What to look for, in words or as a number."},
        "limit": {"type": "integer", "minimum": 1, "maximum": 100, "description": "How many to find at the most."},
        "newest_first": {"type": "boolean", "description": "The newest first, not the best."},
    },
}
RESULTS: dict[str, Any] = {
    "initialize": {
        "protocolVersion": "2025-06-18",
        "capabilities": {"tools": {}},
        "serverInfo": {"name": "callee", "version": "1"},
    },
    "tools/call": {"content": [{"type": "text", "text": "done"}]},
    "ping": {},
}
NAME = "look_up"
UNKNOWN = {"code": -32601, "message": "Method not found"}


def tools(count: int) -> list[dict[str, Any]]:
    """The first has the plain name, the others have a number too."""
    names = [NAME, *(f"{NAME}_{number}" for number in range(2, count + 1))]
    return [{"name": name, "description": "Looks something up.", "inputSchema": SCHEMA} for name in names]


class Pace:
    """How long each answer takes: evenly over the spread, around the same middle for everybody."""

    def __init__(self, seconds: float, spread: float) -> None:
        self._least = seconds - spread / 2
        self._spread = spread
        self._place = 0.5

    def next(self) -> float:
        self._place = (self._place + 0.618034) % 1  # the golden section: no two in a row are near each other
        return self._least + self._spread * self._place


class Callee(asyncio.Protocol):
    """One connection: requests one after the other."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._received = b""
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, blank, rest = self._received.partition(b"\r\n\r\n")
        if not blank:
            return
        lines = head.decode("latin-1").split("\r\n")
        fields = dict(line.lower().split(": ", 1) for line in lines[1:])
        length = int(fields.get("content-length", 0))
        if len(rest) < length:
            return
        self._received = rest[length:]
        method, path = lines[0].split(" ")[:2]
        self._answer(method, path, rest[:length])

    def _answer(self, method: str, path: str, body: bytes) -> None:
        if method != "POST":
            self._send(405 if path.endswith("/mcp") else 404, None)
        elif path.endswith("/mcp"):
            self._answer_mcp(json.loads(body))
        else:
            self._send_later(COMPLETION)

    def _answer_mcp(self, message: dict[str, Any]) -> None:
        if "id" not in message:
            self._send(202, None)
            return
        result = RESULTS.get(message["method"])
        answer = {
            "jsonrpc": "2.0",
            "id": message["id"],
            **({"result": result} if result is not None else {"error": UNKNOWN}),
        }
        if message["method"] == "tools/call":
            self._send_later(answer)
        else:
            self._send(200, answer)

    def _send_later(self, value: Any) -> None:
        asyncio.get_running_loop().call_later(self._pace.next(), self._send, 200, value)

    def _send(self, status: int, value: Any) -> None:
        body = b"" if value is None else json.dumps(value).encode()
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self._transport.write(head.encode() + body)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ms", type=float, default=20)
    parser.add_argument("--spread-ms", type=float, default=0)
    parser.add_argument("--tools", type=int, default=1, help="how many it has")
    chosen = parser.parse_args()
    RESULTS["tools/list"] = {"tools": tools(chosen.tools)}
    pace = Pace(chosen.ms / 1000, chosen.spread_ms / 1000)
    server = await asyncio.get_running_loop().create_server(lambda: Callee(pace), "127.0.0.1", 0, backlog=512)
    print(f"Listening on http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
