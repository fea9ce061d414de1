"""The first screen of `pais run`: what a person wants to know who has just started an agent."""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING

from pais import adapter

if TYPE_CHECKING:
    from pais._core import Host
    from pais.runs import Served

LABELS = 14
NARROWEST = 30


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
    """What is longer than the terminal is wide goes on below itself; into a file it stays one line."""
    if not sys.stdout.isatty():
        return f"  {name:<{LABELS - 2}} {value}"
    label = f"\x1b[2m{name:<{LABELS - 2}}\x1b[0m" if not os.environ.get("NO_COLOR") else f"{name:<{LABELS - 2}}"
    width = max(shutil.get_terminal_size().columns - LABELS - 1, NARROWEST)
    lines = textwrap.wrap(value, width, break_on_hyphens=False) or [""]
    return f"  {label} " + f"\n{' ' * (LABELS + 1)}".join(lines)


def curl(host: Host) -> str:
    """To be pasted; the key stays in its variable."""
    key = " -H 'X-API-Key: '$AGENT_API_KEY" if host.facts["auth"] else ""
    body = json.dumps({"messages": [{"role": "user", "content": "Hello!"}]})
    return f"curl {host.url}/v1/chat/completions{key} -d '{body}'"
