"""Books tables in a restaurant that is nearly full."""

from pydantic import BaseModel, Field
from pydantic_ai import Agent, ModelRetry
from pydantic_ai.models.openai import OpenAIChatModel

FREE = {18: 2, 21: 6}

agent = Agent(OpenAIChatModel("gpt-4o-mini"), name="maitre")


class Party(BaseModel):
    name: str
    people: int = Field(ge=1, le=12)


@agent.tool_plain(retries=2)
def book(hour: int, party: Party) -> str:
    """Book a table."""
    if FREE.get(hour, 0) < party.people:
        open_hours = [str(each) for each, seats in FREE.items() if seats >= party.people]
        raise ModelRetry(f"No table at {hour}. Free for {party.people}: {', '.join(open_hours) or 'none'}.")
    return f"{party.name} at {hour}"
