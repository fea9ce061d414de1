"""An agent with a tool, as any pydantic-ai user would write it: nothing of PAIS is imported."""

from datetime import UTC, datetime

from pydantic_ai import Agent

# "test" is pydantic-ai's own stand-in for a model: it calls every tool and shows what they gave, without a key.
# With one: Agent("openai:gpt-4o-mini", ...), or any other model that pydantic-ai knows.
agent = Agent("test", instructions="Tell the time when you are asked.")


@agent.tool_plain
def now() -> str:
    """The time in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")
