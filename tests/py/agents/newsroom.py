"""An editor who has a reporter find things out, and a checker who has the last word. Only the editor is served."""

from pydantic_ai import Agent, RunContext
from pydantic_ai.models.openai import OpenAIChatModel

model = OpenAIChatModel("gpt-4o-mini")

reporter = Agent(model, name="reporter", instructions="You are the reporter.")
checker = Agent(model, name="checker", output_type=bool, instructions="You check facts.")
agent = Agent(model, name="editor", instructions="You are the editor.")


@agent.tool
async def research(ctx: RunContext[None], topic: str) -> str:
    """Have the reporter find something out."""
    found = await reporter.run(f"Find out about {topic}", usage=ctx.usage)
    return found.output


@agent.tool
async def is_true(ctx: RunContext[None], claim: str) -> bool:
    """Have the checker look at a claim."""
    checked = await checker.run(claim, usage=ctx.usage)
    return checked.output


@reporter.tool_plain
def archive(year: int) -> list[str]:
    """Look into the archive of a year."""
    return [f"{year}: nothing happened"]
