"""Converts what people measure. One tool computes, one asks a service for the rate of the day."""

import asyncio

from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel

agent = Agent(OpenAIChatModel("gpt-4o-mini"), name="converter")


@agent.tool_plain
def to_celsius(fahrenheit: float) -> float:
    """Convert a temperature.

    Args:
        fahrenheit: Degrees Fahrenheit.
    """
    return round((fahrenheit - 32) / 1.8, 1)


@agent.tool_plain
async def to_euros(dollars: float, cents: int = 0) -> str:
    """Convert money at the rate of the day."""
    await asyncio.sleep(0)
    return f"{(dollars + cents / 100) * 0.9:.2f} EUR"
