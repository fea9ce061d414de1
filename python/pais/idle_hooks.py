"""Hooks of pydantic-ai's that nobody has are not gone through.

Every agent has a few capabilities that pydantic-ai brings, and at two dozen places of a run each of them is asked, with
a copy of the run's context made for it; toolsets are asked before each step, in a task each. Nearly always all of them
answer what one without that hook answers, which their combination can say at once: a tenth of a run is spent on asking.
Where one has the hook, all are asked as ever.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from typing import Any

from pydantic_ai.capabilities import AbstractCapability, CombinedCapability
from pydantic_ai.toolsets import AbstractToolset, CombinedToolset

# Those whose default answer stands for that of a combination of nothing but defaults: it hands back what it was given,
# or goes on with what is inside.
HOOKS = (
    *("for_run", "before_run", "wrap_run", "after_run"),
    *("before_node_run", "after_node_run", "wrap_run_event_stream"),
    *("prepare_tools", "prepare_output_tools", "prepare_model_request", "after_model_request"),
    *("before_tool_validate", "wrap_tool_validate", "after_tool_validate"),
    *("before_tool_execute", "wrap_tool_execute", "after_tool_execute"),
    *("before_output_validate", "wrap_output_validate", "after_output_validate"),
    *("before_output_process", "wrap_output_process", "after_output_process"),
)


@cache
def pass_over_idle_hooks() -> None:
    """Once a process."""
    for name in HOOKS:
        if hasattr(AbstractCapability, name):  # not all of them are in 1.x
            pass_over(CombinedCapability, "capabilities", name, getattr(AbstractCapability, name))
    pass_over(CombinedToolset, "toolsets", "for_run_step", AbstractToolset.for_run_step)


def pass_over(kind: type, members: str, name: str, default: Callable[..., Any]) -> None:
    ask_all: Callable[..., Any] = getattr(kind, name)

    @wraps(ask_all)
    def hook(self: Any, *arguments: Any, **named: Any) -> Any:
        for member in getattr(self, members):
            if has_own(member, name, default):
                return ask_all(self, *arguments, **named)
        return default(self, *arguments, **named)

    setattr(kind, name, hook)


def has_own(member: Any, name: str, default: Callable[..., Any]) -> bool:
    return getattr(getattr(member, name), "__func__", None) is not default
