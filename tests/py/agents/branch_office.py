"""One agent for each branch, all made by one function."""

from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel


def make_agent(town: str, opening_hour: int) -> Agent:
    made = Agent(OpenAIChatModel("gpt-4o-mini"), name=f"office-{town.lower()}", instructions=f"You work in {town}.")

    @made.tool_plain
    def opens_at() -> int:
        """When this branch opens."""
        return opening_hour

    return made


bergen = make_agent("Bergen", 8)
oslo = make_agent("Oslo", 9)
