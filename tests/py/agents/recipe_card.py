"""A recipe card from a model that cannot call functions: the schema is in the prompt, the answer is JSON text."""

from pydantic import BaseModel
from pydantic_ai import Agent, PromptedOutput
from pydantic_ai.models.openai import OpenAIChatModel


class Recipe(BaseModel):
    title: str
    minutes: int
    vegetarian: bool = False


agent = Agent(OpenAIChatModel("gpt-4o-mini"), output_type=PromptedOutput(Recipe))
