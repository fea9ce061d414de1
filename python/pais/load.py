"""Finding the user's `Agent` in the file that was named."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic_ai import Agent

AnyAgent = Agent[Any, Any]


class LoadError(Exception):
    """Why there is no agent; the text is for the user."""


@dataclass
class Found:
    agent: AnyAgent
    name: str  # of the attribute
    others: list[str]  # agents that were not chosen


def load_agent(target: str) -> Found:
    """The agent of `file` or `file:attribute`.

    The file's folder becomes importable. What the file itself raises comes out as it is.
    """
    file, _, attribute = target.partition(":")
    path = Path(file)
    if not path.is_file():
        raise LoadError(f"File '{file}' not found")
    module = import_file(path)
    if not attribute:
        return choose(module, file)
    if not hasattr(module, attribute):
        raise LoadError(f"'{attribute}' not found in {file}")
    agent = getattr(module, attribute)
    if not isinstance(agent, Agent):
        raise LoadError(f"'{attribute}' in {file} is no pydantic_ai.Agent")
    return Found(agent, attribute, [])


def import_file(path: Path) -> ModuleType:
    sys.path.insert(0, str(path.parent.resolve()))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise LoadError(f"'{path}' is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def choose(module: ModuleType, file: str) -> Found:
    """`agent` when it is one, else the first by name."""
    agents = {name: value for name, value in sorted(vars(module).items()) if isinstance(value, Agent)}
    if not agents:
        raise LoadError(f"No pydantic_ai.Agent found in {file}")
    chosen = "agent" if "agent" in agents else next(iter(agents))
    return Found(agents[chosen], chosen, [name for name in agents if name != chosen])
