"""How long a tool of the user's may take, and how much of its result the model gets to see: for functions in Python
what the host sees to for its own tools.

pydantic-ai calls every function through `FunctionToolset.call_tool`, which is wrapped here, once: the user's agents and
toolsets stay as they are. Outside the host's runs nothing is limited.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any

import anyio
from pydantic_ai.messages import BinaryContent, FileUrl, ToolReturn
from pydantic_ai.tools import RunContext
from pydantic_ai.toolsets import FunctionToolset, ToolsetTool

from pais._core import log_warning
from pais.narrator import json_text
from pais.sync_tools import CalledExit, HomeProcess

FILES = (BinaryContent, FileUrl)  # they go to the model as they are, and not as text


@dataclass(frozen=True)
class ToolLimits:
    seconds: float = 0  # 0: none
    most_bytes: int = 0  # 0: all of a result

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> ToolLimits:
        return cls(facts.get("tool_timeout", 0), facts.get("tool_result_max_bytes", 0))


@dataclass(frozen=True)
class LimitedRun:
    """A run, and the ids of its calls that were stopped: what the model is told of those is no result."""

    limits: ToolLimits
    stopped: set[str]
    home: HomeProcess


LIMITED: ContextVar[LimitedRun | None] = ContextVar("pais_limited", default=None)


def limit_functions() -> None:
    call_tool = FunctionToolset.call_tool

    @wraps(call_tool)
    async def call_within_limits(
        self: FunctionToolset[Any], name: str, tool_args: dict[str, Any], ctx: RunContext[Any], tool: ToolsetTool[Any]
    ) -> Any:
        run = LIMITED.get()
        if run is None:
            return await call_tool(self, name, tool_args, ctx, tool)
        # A sync function is no longer waited for; its thread goes on, and is one of those that are lent.
        with anyio.move_on_after(run.limits.seconds or None) as scope:
            try:
                return cut(await call_tool(self, name, tool_args, ctx, tool), run.limits.most_bytes)
            except SystemExit as end:
                run.home.leave_if_forked(end)  # before the scope ends, which in a child would find no loop, and fail
                raise CalledExit(end) from end
        assert scope.cancelled_caught
        run.stopped.add(ctx.tool_call_id or "")
        log_warning(f"Tool {name} was stopped after {run.limits.seconds:g} s.")
        return f"The tool '{name}' did not answer within {run.limits.seconds:g} seconds and was stopped."

    FunctionToolset.call_tool = call_within_limits  # type: ignore[method-assign]


def cut(result: Any, most: int) -> Any:
    """A result as long as it may be; a longer one becomes text that ends early and says so."""
    if not most or has_files(result):
        return result
    if isinstance(result, ToolReturn):
        return replace(result, return_value=cut(result.return_value, most))
    text = result if isinstance(result, str) else json_text(result)
    if len(text) * 4 <= most:  # no letter has more bytes
        return result
    whole = text.encode(errors="replace")
    if len(whole) <= most:
        return result
    begin = whole[:most].decode(errors="ignore")
    return f"{begin}\n[The result was cut here: {len(begin.encode())} of {len(whole)} bytes.]"


def has_files(result: Any) -> bool:
    return isinstance(result, FILES) or (
        isinstance(result, (list, tuple)) and any(isinstance(item, FILES) for item in result)
    )


limit_functions()
