"""Tells stories, a word at a time."""

from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel

agent = Agent(
    OpenAIChatModel("gpt-4o-mini"),
    name="storyteller",
    instructions="Tell a story.",
    model_settings={"temperature": 0.9, "max_tokens": 200},
)


@agent.tool_plain
def name_of_hero() -> str:
    """Who the story is about."""
    return "Askeladden"
