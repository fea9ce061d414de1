"""A run of pydantic-ai, from node to node.

Its graph makes a task of each node, behind a channel and two scopes, and tells hooks of it that hardly anybody has: a
seventh of a run. What the graph does with the node itself is one call of its public `run`. So where nobody has such a
hook, a node is run right here; the graph hears of the last one, which has its answer by then, and gives the run its
result.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Coroutine, Generator
from contextvars import copy_context
from functools import partial
from types import coroutine
from typing import Any, TypeVar

from pydantic_ai.capabilities import AbstractCapability, CombinedCapability
from pydantic_ai.run import AgentRun
from pydantic_ai.tool_manager import ToolManager
from pydantic_graph import End

from pais.idle_hooks import has_own

T = TypeVar("T")
NODE_HOOKS = ("before_node_run", "wrap_node_run", "after_node_run", "on_node_run_error")


class Nodes:
    """Takes one run onwards."""

    def __init__(self, run: AgentRun[Any, Any]) -> None:
        self._run = run
        self._context = run.ctx
        self._is_heard_of = hears_of_nodes(self._context.deps.root_capability)

    @property
    def tools(self) -> ToolManager[Any]:
        """Those that there are in the run's present step."""
        return self._context.deps.tool_manager

    async def hear(self, node: Any, ear: Callable[[ToolManager[Any], AsyncIterable[Any]], Awaitable[None]]) -> None:
        """What happens in it, as it happens."""
        async with node.stream(self._context) as events:
            await ear(self.tools, events)

    async def after(self, node: Any) -> Any:
        """Runs it, unless it was heard to its end; what follows."""
        if self._is_heard_of:
            return await self._run.next(node)
        following = await apart(node.run(self._context))
        return await self._run.next(node) if isinstance(following, End) else following


@coroutine
def apart(inside: Coroutine[Any, Any, T]) -> Generator[Any, Any, T]:
    """A coroutine in a context of its own, as a task would have it: what it sets there is not seen outside."""
    within = copy_context().run
    step = partial(inside.send, None)
    while True:
        try:
            awaited = within(step)
        except StopIteration as end:
            result: T = end.value
            return result
        finally:
            del step  # a failure that was thrown in would hold this frame, which held it
        try:
            step = partial(inside.send, (yield awaited))
        except BaseException as reason:
            step = partial(inside.throw, reason)


def streams_as_it_runs(capability: AbstractCapability[Any]) -> bool:
    """Whether the order in which a run is streamed and told of matters to nobody. Of what a hook puts in its own place
    for a run nothing is known before that."""
    return not (hears_of_nodes(capability) or has_hook(capability, "for_run"))


def hears_of_nodes(capability: AbstractCapability[Any]) -> bool:
    """Whether anybody has a hook on a run's nodes, or on what happens in them."""
    if getattr(capability, "has_wrap_run_event_stream", False) or getattr(capability, "has_on_event", False):
        return True
    return any(has_hook(capability, name) for name in NODE_HOOKS)


def has_hook(capability: AbstractCapability[Any], name: str) -> bool:
    members = capability.capabilities if type(capability) is CombinedCapability else [capability]
    default = getattr(AbstractCapability, name)
    return any(has_own(member, name, default) for member in members)
