"""An agent whose answer is always a Recipe, as JSON."""

from typing import Annotated

import pais
from pydantic import BaseModel, Field
from pydantic_ai import Agent


class Recipe(BaseModel):
    """What the agent answers."""

    title: str
    minutes: Annotated[int, Field(ge=1, le=600)]
    steps: Annotated[list[str], Field(min_length=1)]


agent = Agent(
    "test",
    name="my-agent",
    instructions="Propose a recipe from what is in the fridge.",
    output_type=Recipe,
    defer_model_check=True,
)


@agent.tool_plain
def fridge() -> list[str]:
    """What is in the fridge."""
    return ["eggs", "butter", "spinach"]


@agent.tool_plain
async def guests() -> int:
    """How many people will eat."""
    return 2


def get_app() -> object:
    """For ASGI servers: uvicorn server:get_app --factory"""
    return pais.serve(agent)
