"""Somebody to call: an agent and an MCP server in one, who takes a fixed time over everything.

One loop, no library: what it costs beside that time is little, and the same for whoever calls.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from typing import Any

COMPLETION = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "done"}, "finish_reason": "stop"}]}
TOOL = {"name": "look_up", "description": "Looks something up.", "inputSchema": {"type": "object", "properties": {}}}
RESULTS = {
    "initialize": {
        "protocolVersion": "2025-06-18",
        "capabilities": {"tools": {}},
        "serverInfo": {"name": "callee", "version": "1"},
    },
    "tools/list": {"tools": [TOOL]},
    "tools/call": {"content": [{"type": "text", "text": "done"}]},
    "ping": {},
}
UNKNOWN = {"code": -32601, "message": "Method not found"}


class Callee(asyncio.Protocol):
    """One connection: requests one after the other."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
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
        self._answer(*lines[0].split(" ")[:2], rest[:length])

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
        asyncio.get_running_loop().call_later(self._seconds, self._send, 200, value)

    def _send(self, status: int, value: Any) -> None:
        body = b"" if value is None else json.dumps(value).encode()
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self._transport.write(head.encode() + body)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ms", type=float, default=20)
    seconds = parser.parse_args().ms / 1000
    server = await asyncio.get_running_loop().create_server(lambda: Callee(seconds), "127.0.0.1", 0, backlog=512)
    print(f"Listening on http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
