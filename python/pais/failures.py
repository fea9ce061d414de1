"""What a failed run is called in the contract, and whose fault it was."""

from __future__ import annotations

import inspect
import re
import traceback
from collections.abc import Sequence
from typing import Any

from pydantic_ai import Agent
from pydantic_ai.exceptions import ModelAPIError, ModelHTTPError, UnexpectedModelBehavior, UsageLimitExceeded
from pydantic_ai.messages import ModelMessage
from pydantic_ai.tools import Tool
from pydantic_ai.toolsets import FunctionToolset

from pais._core import RunBegins
from pais.host_tools import HostToolFailed
from pais.model import ModelFailed
from pais.narrator import unanswered_calls

LIMITS = {"request_limit": "steps", "tool_calls_limit": "tool_calls", "tokens_limit": "tokens"}
RETRIED_TOOL = re.compile(r"[Tt]ool '([^']+)' exceeded max retries")
NO_CONNECTION = {"APITimeoutError": "model_timeout", "APIConnectionError": "model_unreachable"}


def exceeded_limit(failure: UsageLimitExceeded, begins: RunBegins, most_steps: int) -> tuple[str, float]:
    """Which of the limits a run went over, and that limit."""
    kind = next((kind for name, kind in LIMITS.items() if name in str(failure)), "steps")
    return kind, {"steps": most_steps, "tokens": begins.most_tokens, "tool_calls": begins.most_tool_calls}[kind]


def code_of(failure: Exception, messages: Sequence[ModelMessage], agent: Agent[Any, Any]) -> tuple[str, str]:
    """The contract's code for a failed run, and the field at fault."""
    if isinstance(failure, (ModelFailed, HostToolFailed)):
        return failure.code, ""
    if isinstance(failure, ModelHTTPError):
        if failure.status_code == 429:
            return "model_rate_limited", ""
        return ("model_error" if failure.status_code >= 500 else "model_rejected"), ""
    if isinstance(failure, ModelAPIError):
        return "model_unreachable", ""
    if isinstance(failure, UnexpectedModelBehavior):
        tool = RETRIED_TOOL.search(str(failure))
        return ("tool_retries_exceeded", tool[1]) if tool else ("output_invalid", "")
    for kind in type(failure).__mro__:
        if kind.__name__ in NO_CONNECTION:
            return NO_CONNECTION[kind.__name__], ""
    tool_name = failing_tool(failure, messages, agent)
    return ("tool_failed", tool_name) if tool_name else ("internal", "")


def failing_tool(failure: BaseException, messages: Sequence[ModelMessage], agent: Agent[Any, Any]) -> str:
    """The tool that raised; "" when it was something else."""
    called = [call.tool_name for call in unanswered_calls(messages)]
    if len(called) < 2:
        return called[0] if called else ""
    codes = {frame.f_code for frame, _ in traceback.walk_tb(failure.__traceback__)}
    for tool in function_tools(agent):
        code = getattr(inspect.unwrap(tool.function), "__code__", None)
        if code in codes and tool.name in called:
            return str(tool.name)
    return called[0]


def function_tools(agent: Agent[Any, Any]) -> list[Tool[Any]]:
    """The agent's own functions. A toolset of the user's own kind knows its tools in a run alone."""
    owned = [toolset for toolset in agent.toolsets if isinstance(toolset, FunctionToolset)]
    return [tool for toolset in owned for tool in toolset.tools.values()]
