"""An MCP server over streamable HTTP, of whichever make its Python has: mcp 1.x, mcp 2.x or fastmcp.

Says where it listens in its first line of output. Runs in an environment of its own, which knows nothing of PAIS.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import os
import socket
import sys
from pathlib import Path
from typing import Any

import mcp.types as types
import uvicorn

try:
    from fastmcp import Context, FastMCP

    MAKE = "fastmcp"
except ImportError:
    try:
        from mcp.server.mcpserver import Context
        from mcp.server.mcpserver import MCPServer as FastMCP

        MAKE = "mcp-2"
    except ImportError:
        from mcp.server.fastmcp import Context, FastMCP

        MAKE = "mcp-1"


def tools(server: Any, calls: Path | None) -> None:
    @server.tool()
    def add(a: int, b: int) -> int:
        """Adds two numbers."""
        return a + b

    @server.tool()
    def echo(text: str) -> str:
        """Says it back."""
        return text

    @server.tool()
    def person() -> dict[str, Any]:
        """Somebody."""
        return {"name": "Ada", "age": 36}

    @server.tool()
    async def slow(seconds: float) -> str:
        """Takes its time, and notes in a file when it begins and when it is cancelled."""
        note("slow begins")
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            note("slow is cancelled")
            raise
        return "done"

    @server.tool()
    def fail() -> str:
        """Raises."""
        raise ValueError("the cupboard is bare")

    @server.tool()
    def big(size: int) -> str:
        """A text of that many characters."""
        return "x" * size

    @server.tool()
    def die() -> str:
        """Ends the whole server in mid-call."""
        note("die")
        os._exit(9)

    # What a tool gives back in parts has no annotation: a schema of the result would be made of it.
    @server.tool()
    def album():  # type: ignore[no-untyped-def]
        """One part of every kind."""
        data = base64.b64encode(b"not really").decode()
        return [
            types.TextContent.model_validate({"type": "text", "text": "three things"}),
            types.ImageContent.model_validate({"type": "image", "data": data, "mimeType": "image/png"}),
            types.AudioContent.model_validate({"type": "audio", "data": data, "mimeType": "audio/wav"}),
            types.EmbeddedResource.model_validate(
                {"type": "resource", "resource": {"uri": "file:///a.txt", "mimeType": "text/plain", "text": "inside"}}
            ),
        ]

    @server.tool()
    async def count(ctx: Context) -> str:
        """Tells of its progress."""
        for step in range(3):
            await ctx.report_progress(step, 3)
        return "counted"

    def note(what: str) -> None:
        if calls is not None:
            with calls.open("a") as notes:
                notes.write(what + "\n")


def app_of(server: Any, *, stateless: bool, json: bool) -> Any:
    if MAKE == "fastmcp":
        return server.http_app(stateless_http=stateless, json_response=json)
    if MAKE == "mcp-2":
        return server.streamable_http_app(stateless_http=stateless, json_response=json)
    server.settings.stateless_http = stateless
    server.settings.json_response = json
    return server.streamable_http_app()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--stateless", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--notes", type=Path, help="what the tools write down of their calls")
    chosen = parser.parse_args()

    server = FastMCP("tools")
    tools(server, chosen.notes)
    app = app_of(server, stateless=chosen.stateless, json=chosen.json)

    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", chosen.port))
    listener.listen(128)
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)
    asyncio.run(uvicorn.Server(config).serve(sockets=[listener]))


if __name__ == "__main__":
    sys.exit(main())
