"""Looks at pictures that come with the question, and catalogues them."""

from pydantic import BaseModel
from pydantic_ai import Agent, ToolOutput
from pydantic_ai.models.openai import OpenAIChatModel


class Picture(BaseModel):
    title: str
    painter: str | None = None


agent = Agent(
    OpenAIChatModel("gpt-4o"),
    output_type=ToolOutput(Picture, name="catalogue", description="Enter the picture into the catalogue."),
)


@agent.tool_plain
def painters(year: int) -> list[str]:
    """Who painted in a year."""
    return ["Munch"] if year == 1893 else []
