"""Looks customers up in a directory that is not always in order."""

from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel

CUSTOMERS = {"ida": "Ida Holm, Oslo"}

agent = Agent(OpenAIChatModel("gpt-4o-mini"))


@agent.tool_plain
def customer(name: str) -> str:
    """Look a customer up."""
    if name not in CUSTOMERS:
        raise KeyError(f"no row {name} in db://admin:hunter2@directory")
    return CUSTOMERS[name]
