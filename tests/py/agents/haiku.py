"""Writes haiku: three lines or none, and always in lower case."""

from pydantic_ai import Agent, ModelRetry, RunContext
from pydantic_ai.models.openai import OpenAIChatModel

agent = Agent(OpenAIChatModel("gpt-4o-mini"), instructions="Answer with a haiku.", retries=2)


@agent.output_validator
def three_lines(ctx: RunContext[None], text: str) -> str:
    lines = text.strip().splitlines()
    if len(lines) != 3:
        raise ModelRetry(f"A haiku has 3 lines, not {len(lines)}.")
    return "\n".join(lines).lower()
