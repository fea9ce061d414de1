"""An agent that is given tools by MCP servers: those that MCP_SERVERS names."""

from datetime import UTC, datetime

import pais
from pydantic_ai import Agent

agent = Agent("test", name="my-agent", instructions="Help with dates and times.", defer_model_check=True)


@agent.tool_plain
def today() -> str:
    """The date in UTC."""
    return datetime.now(UTC).date().isoformat()


@agent.tool_plain
async def clock() -> str:
    """The time in UTC."""
    return datetime.now(UTC).strftime("%H:%M")


def get_app() -> object:
    """For ASGI servers: uvicorn server:get_app --factory"""
    return pais.serve(agent)
