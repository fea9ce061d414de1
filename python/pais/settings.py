"""The settings of a served agent, for Python code that reads or makes them.

The host reads all variables by itself. This class knows those that code written for it may name; what it holds goes to
the host as if it had been given on the command line.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic_settings import BaseSettings, SettingsConfigDict


class AgentServerSettings(BaseSettings):
    """From the constructor, else the environment, else `.env`, else the defaults here."""

    model_config = SettingsConfigDict(
        env_file=".env", extra="ignore", case_sensitive=False, str_strip_whitespace=True, protected_namespaces=()
    )

    agent_name: str
    model_api_url: str = ""
    model_name: str = ""
    agent_description: str = "AI Agent"
    agent_instructions: str = "You are a helpful assistant."
    agent_port: int = 8000
    agent_log_level: str = "INFO"
    agent_sub_agents: str = ""
    peer_agents: str = ""
    mcp_servers: str = ""
    agentic_loop_max_steps: int = 5
    tool_call_mode: str = "auto"
    memory_enabled: bool = True
    memory_type: str = "local"
    memory_context_limit: int = 6
    memory_max_sessions: int = 1000
    memory_max_session_events: int = 500
    memory_redis_url: str = ""
    agent_access_log: bool = False
    otel_instrumentation_version: int = 4
    otel_event_mode: Literal["attributes", "logs"] = "attributes"


def variables_of(settings: AgentServerSettings) -> dict[str, str]:
    """What was set, by the names of the variables. Defaults are left out: the host has its own, which are the same."""
    given = settings.model_dump(exclude_unset=True)
    return {name.upper(): as_text(value) for name, value in given.items()}


def as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def listed(text: str) -> list[str]:
    """The items of `a,b`, `[a, b]` or `["a", "b"]`."""
    inner = text.strip()
    if inner.startswith("[") and inner.endswith("]"):
        inner = inner[1:-1]
    items = (item.strip().strip("\"'").strip() for item in inner.split(","))
    return [item for item in items if item]


def named_urls(text: str) -> dict[str, str]:
    """`name:url,name:url`. The last of a repeated name wins; an item without a colon is none."""
    pairs = (item.partition(":") for item in listed(text))
    return {name.strip(): url.strip() for name, colon, url in pairs if colon and name.strip() and url.strip()}


def upper_snake(name: str) -> str:
    return "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in name).upper()


def peer_url(name: str, environment: Mapping[str, str]) -> str:
    """The address of a peer agent, "" where none is given."""
    usual = f"PEER_AGENT_{name.upper().replace('-', '_')}_CARD_URL"
    return environment.get(usual) or environment.get(f"PEER_AGENT_{upper_snake(name)}_CARD_URL", "")


def mcp_url(name: str, environment: Mapping[str, str]) -> str:
    """The address of an MCP server, with its /mcp; "" where none is given."""
    given = environment.get(f"MCP_SERVER_{name}_URL") or environment.get(f"MCP_SERVER_{upper_snake(name)}_URL", "")
    address = given.strip().rstrip("/")
    return address if not address or address.endswith("/mcp") else f"{address}/mcp"
