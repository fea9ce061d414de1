"""A plant's control room: what may be switched depends on who is asking and when."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic_ai import Agent, RunContext, Tool
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.tools import ToolDefinition


@dataclass
class Shift:
    engineer_on_site: bool = False


async def only_with_engineer(ctx: RunContext[Shift], tool: ToolDefinition) -> ToolDefinition | None:
    return tool if ctx.deps.engineer_on_site else None


def read_pressure(ctx: RunContext[Shift], valve: str) -> str:
    """Read a gauge."""
    return f"{valve}: 2 bar, engineer on site: {ctx.deps.engineer_on_site}"


def open_valve(valve: str) -> str:
    """Open a valve."""
    return f"{valve} is open"


agent = Agent(
    OpenAIChatModel("gpt-4o-mini"),
    deps_type=Shift,
    tools=[Tool(read_pressure, name="gauge"), Tool(open_valve, prepare=only_with_engineer)],
)
