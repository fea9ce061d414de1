"""An agent with two tools."""

import pais
from pydantic_ai import Agent

agent = Agent("test", name="my-agent", instructions="Be friendly, and brief.", defer_model_check=True)


@agent.tool_plain
def hello(name: str) -> str:
    """Greet somebody by name."""
    return f"Hello, {name}!"


@agent.tool_plain
async def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def get_app() -> object:
    """For ASGI servers: uvicorn server:get_app --factory"""
    return pais.serve(agent)
