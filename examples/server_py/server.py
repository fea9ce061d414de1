"""A pydantic-ai agent with one tool, on pydantic-ai's own test model: no key and no internet is needed."""

from pydantic_ai import Agent

agent = Agent("test", name="calc", instructions="Add what you are asked to add.")


@agent.tool_plain
def add(a: int, b: int) -> int:
    """Adds two numbers."""
    return a + b
