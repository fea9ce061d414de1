"""Which agents surely have no output validator. pydantic-ai has no public list of them, so each agent that is built and
each registration is noted: what an agent with a validator says is not its answer before the validator has seen it, and
an agent that was built before anybody looked may have one.
"""

from __future__ import annotations

from functools import partial, wraps
from typing import Any
from weakref import ref

from pydantic_ai import Agent

_without: dict[int, ref[Agent[Any, Any]]] = {}  # by identity: an agent has no hash


def has_no_validator(agent: Agent[Any, Any]) -> bool:
    noted = _without.get(id(agent))
    return noted is not None and noted() is agent


def forget(key: int, gone: ref[Agent[Any, Any]]) -> None:
    if _without.get(key) is gone:
        del _without[key]


def note_agents() -> None:
    """Once. Agents that are built before speak at their end alone."""
    build, register = Agent.__init__, Agent.output_validator

    @wraps(build)
    def noting_build(self: Agent[Any, Any], *args: Any, **kwargs: Any) -> None:
        build(self, *args, **kwargs)
        _without[id(self)] = ref(self, partial(forget, id(self)))

    @wraps(register)
    def noting_registration(self: Agent[Any, Any], *args: Any, **kwargs: Any) -> Any:
        _without.pop(id(self), None)
        return register(self, *args, **kwargs)

    Agent.__init__ = noting_build  # type: ignore[method-assign]
    Agent.output_validator = noting_registration  # type: ignore[method-assign]


note_agents()
