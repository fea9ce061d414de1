"""Knows which conversation it is in, and what was said in it, from the server that serves it."""

from pydantic_ai import Agent, RunContext
from pydantic_ai.models.openai import OpenAIChatModel

from pais.serverutils import AgentDeps

agent = Agent(OpenAIChatModel("gpt-4o-mini"), deps_type=AgentDeps)


@agent.tool
def which_conversation(ctx: RunContext[AgentDeps]) -> str:
    """The name of this conversation."""
    return ctx.deps.session_id


@agent.tool
async def what_was_said(ctx: RunContext[AgentDeps]) -> str:
    """What was said in this conversation so far."""
    return await ctx.deps.memory.build_conversation_context(ctx.deps.session_id)
