"""An MCP server with many tools, which it lists a page at a time; of mcp 1.x, mcp 2.x or fastmcp.

Of the first two it is the lower level that lets us.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import mcp.types as types
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

TOOLS = 300
PAGE = 40


def page(cursor: str | None) -> dict[str, Any]:
    start = int(cursor) if cursor else 0
    end = min(start + PAGE, TOOLS)
    tools = [{"name": f"tool_{number}", "inputSchema": {"type": "object"}} for number in range(start, end)]
    return {"tools": tools, **({"nextCursor": str(end)} if end < TOOLS else {})}


def said(name: str) -> list[Any]:
    return [types.TextContent(type="text", text=name.removeprefix("tool_"))]


def of_mcp_1() -> Any:
    from mcp.server.lowlevel import Server

    server: Server[Any, Any] = Server("pages")

    @server.list_tools()
    async def list_tools(request: types.ListToolsRequest) -> types.ListToolsResult:
        return types.ListToolsResult.model_validate(page(request.params.cursor if request.params else None))

    @server.call_tool()
    async def call_tool(name: str, arguments: dict[str, Any]) -> list[types.ContentBlock]:
        return said(name)

    return server


def of_mcp_2() -> Any:
    from mcp.server.lowlevel import Server

    async def list_tools(_: Any, params: Any) -> Any:
        return types.ListToolsResult.model_validate(page(params.cursor if params else None))

    async def call_tool(_: Any, params: Any) -> Any:
        return types.CallToolResult.model_validate({"content": said(params.name)})

    return Server("pages", on_list_tools=list_tools, on_call_tool=call_tool)


def mounted(server: Any) -> Any:
    """A mount answers at `/mcp/` and sends whoever asks at `/mcp` there."""
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

    sessions = StreamableHTTPSessionManager(app=server)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with sessions.run():
            yield

    return Starlette(routes=[Mount("/mcp", app=sessions.handle_request)], lifespan=lifespan)


def saying(number: int) -> Callable[[], str]:
    def say() -> str:
        return str(number)

    return say


def of_fastmcp() -> Any:
    from fastmcp import FastMCP

    server: Any = FastMCP("pages", list_page_size=PAGE)
    for number in range(TOOLS):
        server.tool(saying(number), name=f"tool_{number}")
    return server.http_app(path="/mcp/")


def app() -> Any:
    with contextlib.suppress(ImportError):
        return of_fastmcp()
    with contextlib.suppress(ImportError):
        import mcp.server.mcpserver  # noqa: F401

        return mounted(of_mcp_2())
    return mounted(of_mcp_1())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    chosen = parser.parse_args()
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", chosen.port))
    listener.listen(128)
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    config = uvicorn.Config(app(), log_level="warning", timeout_graceful_shutdown=1)
    asyncio.run(uvicorn.Server(config).serve(sockets=[listener]))


if __name__ == "__main__":
    main()
