"""The first screen of `pais run`: what a person wants to know who has just started an agent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pais import adapter
from pais.screen import below, styled

if TYPE_CHECKING:
    from pais._core import Host
    from pais.runs import Served

LABELS = 14


def print_banner(host: Host, served: Served) -> None:
    for name, value in rows(host, served).items():
        print(row(name, value))
    print(f"\n  pais chat {host.url}\n  {curl(host)}\n", flush=True)


def rows(host: Host, served: Served) -> dict[str, str]:
    facts = host.facts
    own = served.model if served.model is not None else served.agent.model
    model = facts["model"] or (own if isinstance(own, str) else getattr(own, "model_name", "none"))
    tools = ", ".join(name for name, _ in adapter.own_tools(served.agent))
    return {
        "URL": host.url,
        "agent": facts["name"],
        "model": model,
        "tools": tools or "none",
        "MCP servers": ", ".join(facts["mcp_servers"]) or "none",
        "sub-agents": ", ".join(facts["sub_agents"]) or "none",
        "memory": facts["memory"],
        "auth": "API key" if facts["auth"] else "off",
    }


def row(name: str, value: str) -> str:
    label = f"{name:<{LABELS - 2}}"
    return f"  {styled(label, 'dim')} {below(value, LABELS + 1)}"


def curl(host: Host) -> str:
    """To be pasted; the key stays in its variable."""
    key = " -H 'X-API-Key: '$AGENT_API_KEY" if host.facts["auth"] else ""
    body = json.dumps({"messages": [{"role": "user", "content": "Hello!"}]})
    return f"curl {host.url}/v1/chat/completions{key} -d '{body}'"
