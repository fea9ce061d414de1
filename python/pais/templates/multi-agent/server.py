"""The agent that is asked. It hands tasks to the agents that AGENT_SUB_AGENTS names: the model sees a tool for each."""

import pais
from pydantic_ai import Agent

agent = Agent(
    "test",
    name="my-agent",
    instructions="Plan the work, delegate research to the researcher, and sum up what comes back.",
    defer_model_check=True,
)


@agent.tool_plain
def plan(goal: str) -> list[str]:
    """The steps towards a goal."""
    return [f"Research {goal}", f"Sum up {goal}"]


@agent.tool_plain
async def shorten(text: str, words: int = 20) -> str:
    """The first words of a text."""
    return " ".join(text.split()[:words])


def get_app() -> object:
    """For ASGI servers: uvicorn server:get_app --factory"""
    return pais.serve(agent)
