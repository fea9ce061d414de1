"""Instructions from three places: fixed, computed, and from what is being asked."""

from __future__ import annotations

import os

from pydantic_ai import Agent, RunContext
from pydantic_ai.models.openai import OpenAIChatModel

agent = Agent(OpenAIChatModel("gpt-4o-mini"), instructions="You are the concierge.")


@agent.instructions
def of_the_house() -> str:
    return f"The house is called {os.environ.get('HOUSE', 'Grand Hotel')}."


@agent.instructions
async def of_the_guest(ctx: RunContext[None]) -> str | None:
    prompt = ctx.prompt if isinstance(ctx.prompt, str) else ""
    return "Answer in French." if "bonjour" in prompt.lower() else None
