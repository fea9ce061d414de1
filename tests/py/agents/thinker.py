"""Thinks before it speaks; what it thinks is its own business."""

from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel

agent = Agent(OpenAIChatModel("deepseek-reasoner"), model_settings={"temperature": 0.2})


@agent.tool_plain
def coin() -> str:
    """Throw a coin."""
    return "heads"
