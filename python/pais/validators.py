"""Which agents have output validators. pydantic-ai has no public list of them, so each registration is noted: what such
an agent says is not its answer before a validator has seen it.
"""

from __future__ import annotations

from functools import partial, wraps
from typing import Any
from weakref import ref

from pydantic_ai import Agent

_validated: dict[int, ref[Agent[Any, Any]]] = {}  # by identity: an agent has no hash


def has_validator(agent: Agent[Any, Any]) -> bool:
    noted = _validated.get(id(agent))
    return noted is not None and noted() is agent


def forget(key: int, _gone: ref[Agent[Any, Any]]) -> None:
    _validated.pop(key, None)


def note_registrations() -> None:
    """Once, before the user's code makes its agents."""
    register = Agent.output_validator

    @wraps(register)
    def noting(self: Agent[Any, Any], *args: Any, **kwargs: Any) -> Any:
        _validated[id(self)] = ref(self, partial(forget, id(self)))
        return register(self, *args, **kwargs)

    Agent.output_validator = noting  # type: ignore[method-assign]


note_registrations()
