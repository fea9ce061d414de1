"""An agent whose answer is a ticket, checked by pydantic: what does not fit goes back to the model."""

from typing import Literal

from pydantic import BaseModel, Field
from pydantic_ai import Agent


class Ticket(BaseModel):
    title: str = Field(max_length=60)
    team: Literal["network", "printers", "accounts"]
    urgent: bool


agent = Agent("test", name="helpdesk", output_type=Ticket, instructions="Turn each complaint into a ticket.")
