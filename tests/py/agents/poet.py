"""Made before there were instructions: its character is in system prompts, which every turn must have."""

from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel

agent = Agent(OpenAIChatModel("gpt-4o-mini"), system_prompt="You are a poet.")


@agent.system_prompt
def mood() -> str:
    return "You are melancholic."
