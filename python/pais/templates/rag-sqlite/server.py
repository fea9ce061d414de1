"""An agent that answers from documents."""

import asyncio
from pathlib import Path

import pais
from pydantic_ai import Agent

from library import Library, Passage

library = Library(Path(__file__).parent / "documents")

agent = Agent(
    "test",
    name="my-agent",
    instructions="Search before you answer, answer only from what was found, and name the source.",
    defer_model_check=True,
)


@agent.tool_plain
def search(question: str) -> list[Passage]:
    """Find passages that may answer a question."""
    return library.search(question)


@agent.tool_plain
async def remember(source: str, text: str) -> str:
    """Add a text to what can be found, until the agent is stopped."""
    await asyncio.to_thread(library.add, source, text)
    return "It can be found now."


def get_app() -> object:
    """For ASGI servers: uvicorn server:get_app --factory"""
    return pais.serve(agent)
