"""Reads an invoice that somebody pasted into the chat, into fields that a program can take."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from pydantic import BaseModel, Field
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel


class Line(BaseModel):
    what: str
    amount: Decimal = Field(gt=0)


class Invoice(BaseModel):
    number: str
    due: date
    lines: list[Line]
    note: str | None = None


agent = Agent(
    OpenAIChatModel("gpt-4o-mini"),
    output_type=Invoice,
    instructions="Extract the invoice. Amounts are in euros.",
)
