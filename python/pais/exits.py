"""`sys.exit` in the user's code fails its run, and nothing else.

Instructions, history processors and validators are called by the nodes of a run, in tasks of pydantic-ai's at times.
There it would break out of the loop, which is not always ours. So what calls them is wrapped here; outside the host's
runs nothing changes.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import cache, wraps
from typing import Any

from pydantic_ai import CallToolsNode, ModelRequestNode, UserPromptNode
from pydantic_ai.capabilities import CombinedCapability

from pais.sync_tools import CalledExit
from pais.tool_limits import LIMITED


@cache
def take_exits_as_failures() -> None:
    """Once a process."""
    UserPromptNode.run = failing(UserPromptNode.run)  # type: ignore[method-assign]
    ModelRequestNode.run = failing(ModelRequestNode.run)  # type: ignore[method-assign]
    ModelRequestNode.stream = failing_stream(ModelRequestNode.stream)  # type: ignore[method-assign]
    CallToolsNode.stream = failing_stream(CallToolsNode.stream)  # type: ignore[method-assign]  # which is all it runs
    # In a stream the node has a task for this, and for what follows.
    CombinedCapability.before_model_request = failing(CombinedCapability.before_model_request)  # type: ignore[method-assign]


def failing(call: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(call)
    async def call_or_fail(self: Any, *arguments: Any) -> Any:
        try:
            return await call(self, *arguments)
        except SystemExit as end:
            fail_by(end)
            raise

    return call_or_fail


def failing_stream(stream: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(stream)
    @asynccontextmanager
    async def stream_or_fail(self: Any, ctx: Any) -> AsyncGenerator[Any]:
        try:
            async with stream(self, ctx) as events:
                yield events
        except SystemExit as end:
            fail_by(end)
            raise

    return stream_or_fail


def fail_by(end: SystemExit) -> None:
    if run := LIMITED.get():
        run.home.leave_if_forked(end)  # before anything ends, which in a child would find no loop, and fail
        raise CalledExit(end) from end
