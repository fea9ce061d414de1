"""An MCP server with many tools, which it lists a page at a time. Made with mcp 1.x, whose lower level lets us."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import mcp.types as types
import uvicorn
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.applications import Starlette
from starlette.routing import Mount

TOOLS = 300
PAGE = 40

server: Server[Any, Any] = Server("pages")


@server.list_tools()
async def list_tools(request: types.ListToolsRequest) -> types.ListToolsResult:
    start = int(request.params.cursor) if request.params and request.params.cursor else 0
    end = min(start + PAGE, TOOLS)
    tools = [
        types.Tool(name=f"tool_{number}", description=f"Says {number}.", inputSchema={"type": "object"})
        for number in range(start, end)
    ]
    return types.ListToolsResult(tools=tools, nextCursor=str(end) if end < TOOLS else None)


@server.call_tool()
async def call_tool(name: str, arguments: dict[str, Any]) -> list[types.ContentBlock]:
    return [types.TextContent(type="text", text=name.removeprefix("tool_"))]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    chosen = parser.parse_args()
    sessions = StreamableHTTPSessionManager(app=server)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with sessions.run():
            yield

    # A mount answers at `/mcp/` and sends whoever asks at `/mcp` there.
    app = Starlette(routes=[Mount("/mcp", app=sessions.handle_request)], lifespan=lifespan)
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", chosen.port))
    listener.listen(128)
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)
    asyncio.run(uvicorn.Server(config).serve(sockets=[listener]))


if __name__ == "__main__":
    main()
