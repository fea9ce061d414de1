"""An agent whose tools check what they are given, and know which conversation they serve."""

from collections import defaultdict
from typing import Annotated

import pais
from pais.serverutils import AgentDeps
from pydantic import Field
from pydantic_ai import Agent, ModelRetry, RunContext

import units
from units import Unit

agent = Agent(
    "test",
    name="my-agent",
    instructions="Convert lengths. Keep notes when you are asked to.",
    deps_type=AgentDeps,
    defer_model_check=True,
)

notes: defaultdict[str, list[str]] = defaultdict(list)  # of each conversation


@agent.tool_plain
def convert(amount: Annotated[float, Field(ge=0)], unit: Unit, into: Unit) -> float:
    """Convert a length from one unit into another."""
    return round(units.convert(amount, unit, into), 3)


@agent.tool
async def note(context: RunContext[AgentDeps], text: str) -> list[str]:
    """Keep a note, and list those of this conversation."""
    if not text.strip():
        raise ModelRetry("There is nothing to note: say what.")  # the model reads this, and tries again
    kept = notes[context.deps.session_id]
    kept.append(text)
    return kept


def get_app() -> object:
    """For ASGI servers: uvicorn server:get_app --factory"""
    return pais.serve(agent)
