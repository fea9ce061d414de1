"""Turns "we are out of milk" into a shopping list."""

from dataclasses import dataclass, field
from enum import Enum

from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel


class Shop(Enum):
    BAKERY = "bakery"
    MARKET = "market"


@dataclass
class Item:
    name: str
    shop: Shop
    count: int = 1
    tags: list[str] = field(default_factory=list)


agent = Agent(OpenAIChatModel("gpt-4o-mini"), output_type=list[Item])
