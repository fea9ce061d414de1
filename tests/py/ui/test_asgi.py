"""The chat page in the ASGI server of others, who mount it where they like."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai import Agent

from asgi_client import Client, body, scope
from pais.memory import LocalMemory
from pais.server import AgentServer
from pais.serverutils import AgentServerSettings


@pytest.mark.parametrize(("reach", "status"), [("on", 200), ("loopback", 404), ("off", 404)])
def test_it_is_served_where_everybody_may_see_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, reach: str, status: int
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PAIS_UI", reach)
    agent: Agent[Any, Any] = Agent("test", name="calc")
    app = AgentServer(agent, AgentServerSettings(agent_name="calc"), memory=LocalMemory()).app

    async def get(path: str) -> Client:
        client = Client(body(b""))
        await app(scope(path, root_path="/agents/atlas"), client.receive, client.send)
        return client

    async def visit() -> list[Client]:
        return [await get("/agents/atlas/ui"), await get("/agents/atlas/ui/app.js")]

    page, code = asyncio.run(visit())
    app.close()

    assert [client.heard[0]["status"] for client in (page, code)] == [status, status]
    if status == 200:
        assert b'src="ui/app.js"' in page.body
        assert (b"content-type", b"text/javascript; charset=utf-8") in code.heard[0]["headers"]
