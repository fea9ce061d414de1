"""Buys research from a second agent, but never more than a few steps of it."""

from pydantic_ai import Agent
from pydantic_ai.exceptions import UsageLimitExceeded
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.usage import UsageLimits

model = OpenAIChatModel("gpt-4o-mini")
analyst = Agent(model, name="analyst", instructions="You are the analyst.")
buyer = Agent(model, name="buyer", instructions="You are the buyer.")


@analyst.tool_plain
def dig_deeper(subject: str) -> str:
    """Read one more report."""
    return f"another report on {subject}"


@buyer.tool_plain
async def analyse(subject: str) -> str:
    """Have a subject analysed, within the budget."""
    try:
        result = await analyst.run(subject, usage_limits=UsageLimits(request_limit=2))
    except UsageLimitExceeded:
        return "the budget was spent before there was an answer"
    return result.output
