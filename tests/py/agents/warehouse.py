"""A stock keeper. What it works on is an object of its own, made anew for each question."""

from __future__ import annotations

from dataclasses import dataclass, field

from pydantic_ai import Agent, RunContext
from pydantic_ai.models.openai import OpenAIChatModel


@dataclass
class Stock:
    shelves: dict[str, int] = field(default_factory=lambda: {"bolts": 40, "nuts": 0})

    def take(self, what: str, count: int) -> int:
        self.shelves[what] -= count
        return self.shelves[what]


agent = Agent(OpenAIChatModel("gpt-4o-mini"), deps_type=Stock)


@agent.instructions
def what_there_is(ctx: RunContext[Stock]) -> str:
    return "In stock: " + ", ".join(f"{count} {what}" for what, count in sorted(ctx.deps.shelves.items()))


@agent.tool
def take(ctx: RunContext[Stock], what: str, count: int) -> int:
    """Take something from its shelf; returns what is left."""
    return ctx.deps.take(what, count)
