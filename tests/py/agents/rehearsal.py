"""An agent as it is before anybody has paid for a model: pydantic-ai's test model calls every tool once."""

from pydantic_ai import Agent

agent = Agent("test", name="rehearsal", instructions="You help with the rehearsal.")


@agent.tool_plain
def count_chairs(row: int) -> int:
    """Count the chairs of a row."""
    return 12 + row


@agent.tool_plain
async def lights(on: bool) -> str:
    """Switch the lights."""
    return "on" if on else "off"
