"""First line of a help desk: answers what it can, and hands over the rest with a reason."""

from typing import Literal

from pydantic import BaseModel
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel


class Answer(BaseModel):
    """The question can be answered from the handbook."""

    text: str
    page: int


class Escalation(BaseModel):
    """A person has to look at it."""

    team: Literal["billing", "network"]
    reason: str


agent = Agent(OpenAIChatModel("gpt-4o-mini"), name="triage", output_type=[Answer, Escalation, str])
