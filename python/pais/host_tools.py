"""The host's tools, of MCP servers and other agents, as a toolset of pydantic-ai.

A call is a message to the host and a future: the host makes it on a thread of its own, and what came of it is a message
again. Nothing here waits in C++, and a run that is cancelled has its calls called off.
"""

from __future__ import annotations

import asyncio
import json
from abc import abstractmethod
from collections.abc import Collection, Container
from typing import TYPE_CHECKING, Any

from pydantic_ai.exceptions import ModelRetry
from pydantic_ai.tools import RunContext, ToolDefinition
from pydantic_ai.toolsets import AbstractToolset, ToolsetTool
from pydantic_core import SchemaValidator, core_schema

from pais.loops import call_on
from pais.narrator import json_text

if TYPE_CHECKING:
    from pais._core import Host, ToolAnswers
    from pais.narrator import Narrator

AN_OBJECT = SchemaValidator(core_schema.dict_schema(core_schema.str_schema()))  # the host knows the schema


class HostToolFailed(Exception):
    """The host says that the turn is over with this call."""

    def __init__(self, code: str, cause: str) -> None:
        super().__init__(cause)
        self.code = code


class HostTools:
    """What the host offers, and the calls that are on their way. On the loop that takes the host's messages."""

    def __init__(self, host: Host) -> None:
        facts = host.facts
        self.host = host
        self.any: bool = facts["has_tools"]
        self.retries: int = facts["tool_retries"]
        self._offered: dict[str, ToolDefinition] = {}
        self._calls: dict[int, asyncio.Future[ToolAnswers]] = {}

    def offered(self) -> dict[str, ToolDefinition]:
        """The tools of this moment."""
        tools = self.host.tools()
        if tools is not None:
            self._offered = {
                name: ToolDefinition(name=name, description=description, parameters_json_schema=json.loads(parameters))
                for name, description, parameters in tools
            }
        return self._offered

    async def call(self, run: int, call_id: str, tool: str, arguments: str) -> ToolAnswers:
        number = self.host.next_call()
        answer: asyncio.Future[ToolAnswers] = asyncio.get_running_loop().create_future()
        self._calls[number] = answer
        self.host.call_tool(run, number, call_id, tool, arguments)
        try:
            return await answer
        finally:
            del self._calls[number]
            if not answer.done() or answer.cancelled():
                self.host.drop(number)

    def hear(self, message: ToolAnswers) -> None:
        if answer := self._calls.get(message.call):
            call_on(answer.get_loop(), settle, answer, message)


def settle(answer: asyncio.Future[ToolAnswers], message: ToolAnswers) -> None:
    if not answer.done():
        answer.set_result(message)


class YieldingToolset(AbstractToolset[Any]):
    """A toolset that leaves to the host what the host can do as well."""

    @abstractmethod
    def without(self, offered: Container[str]) -> YieldingToolset:
        """The same, where the host offers these tools."""

    @abstractmethod
    def names(self) -> set[str]:
        """Of the tools that it keeps."""


class HostToolset(AbstractToolset[Any]):
    """The host's tools in one run. A tool of the agent's own goes before one of the host's with its name."""

    def __init__(self, tools: HostTools, run: int, narrator: Narrator, taken: Collection[str]) -> None:
        self._tools = tools
        self._run = run
        self._narrator = narrator
        self._taken = taken

    @property
    def id(self) -> str:
        return "pais-host"

    async def get_tools(self, ctx: RunContext[Any]) -> dict[str, ToolsetTool[Any]]:
        return {
            name: ToolsetTool(
                toolset=self, tool_def=definition, max_retries=self._tools.retries, args_validator=AN_OBJECT
            )
            for name, definition in self._tools.offered().items()
            if name not in self._taken
        }

    async def call_tool(
        self, name: str, tool_args: dict[str, Any], ctx: RunContext[Any], tool: ToolsetTool[Any]
    ) -> str:
        call_id, arguments = ctx.tool_call_id or "", json_text(tool_args)
        self._narrator.host_answers(call_id, name, arguments, ctx.run_step)
        answer = await self._tools.call(self._run, call_id, name, arguments)
        self._narrator.host_answered(call_id)
        if not answer.ok:
            raise HostToolFailed(answer.error_code, answer.error_cause)
        if answer.wants_retry:
            raise ModelRetry(answer.content)
        return answer.content
