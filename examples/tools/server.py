"""Two tools, as any pydantic-ai user would write them: nothing of PAIS is imported."""

from datetime import UTC, date, datetime

from pydantic_ai import Agent

# "test" is pydantic-ai's own stand-in for a model: it calls every tool and shows what they gave, without a key.
# With one: Agent("openai:gpt-4o-mini", ...), or any other model that pydantic-ai knows.
agent = Agent("test", name="clock", instructions="Answer questions about time.")


@agent.tool_plain
def now() -> str:
    """The time in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@agent.tool_plain
async def weekday(day: date) -> str:
    """The day of the week of a date."""
    return day.strftime("%A")
