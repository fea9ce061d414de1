"""Tools that other teams wrote, put together: some renamed, some withheld."""

from pydantic_ai import Agent, RunContext
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.tools import ToolDefinition
from pydantic_ai.toolsets import FunctionToolset


def read_file(path: str) -> str:
    """Read a file."""
    return f"<contents of {path}>"


def delete_file(path: str) -> str:
    """Delete a file."""
    raise AssertionError("nobody may call this")


def ping(host: str) -> bool:
    """See whether a host answers."""
    return host == "localhost"


def harmless(_: RunContext[None], tool: ToolDefinition) -> bool:
    return not tool.name.startswith("delete")


files = FunctionToolset(tools=[read_file, delete_file]).filtered(harmless).prefixed("fs")
network = FunctionToolset(tools=[ping])

agent = Agent(OpenAIChatModel("gpt-4o-mini"), toolsets=[files, network])
