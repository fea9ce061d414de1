"""Finding the user's agent in the file, or the module, that was named."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic_ai import Agent

from pais.runs import Served
from pais.tools import DelegationToolset

FACTORIES = ("get_agent", "get_app")


class LoadError(Exception):
    """Why there is no agent; the text is for the user."""


@dataclass
class Found:
    served: Served
    name: str  # of the attribute
    others: list[str] = field(default_factory=list)  # agents that were not chosen
    around: list[str] = field(default_factory=list)  # servers and apps beside it that add something to an agent


@dataclass(frozen=True)
class Target:
    """`file.py`, `package.module`, and either with `:attribute`."""

    text: str

    @property
    def place(self) -> str:
        return self.text.partition(":")[0]

    @property
    def attribute(self) -> str:
        return self.text.partition(":")[2]

    @property
    def is_module(self) -> bool:
        parts = self.place.split(".")
        return not self.place.endswith(".py") and "/" not in self.place and all(part.isidentifier() for part in parts)

    @property
    def folder(self) -> Path:
        """The project's: what is below it is the user's code."""
        return Path.cwd() if self.is_module else Path(self.place).parent.resolve()


def load_agent(text: str) -> Found:
    """The folder becomes importable. What the code itself raises comes out as it is."""
    target = Target(text)
    if not Path(target.place).is_file() and not target.is_module:
        raise LoadError(f"File '{target.place}' not found")
    if str(target.folder) not in sys.path:
        sys.path.insert(0, str(target.folder))
    module = import_target(target)
    if not target.attribute:
        return choose(module, target.place)
    if not hasattr(module, target.attribute):
        raise LoadError(f"'{target.attribute}' not found in {target.place}")
    value = getattr(module, target.attribute)
    refuse_async(value, target.attribute, target.place)
    served = served_by(value)
    if served is None:
        raise LoadError(f"'{target.attribute}' in {target.place} is no pydantic_ai.Agent, and makes none")
    return Found(served, target.attribute)


def refuse_async(value: Any, name: str, place: str) -> None:
    """What it makes would live on a loop that nobody runs any more."""
    if inspect.iscoroutinefunction(value):
        raise LoadError(
            f"'{name}' in {place} is an async function, and nothing awaits it here: "
            "name an Agent, or a plain function that returns one"
        )


def import_target(target: Target) -> ModuleType:
    if Path(target.place).is_file():
        return import_file(Path(target.place))
    try:
        return importlib.import_module(target.place)
    except ModuleNotFoundError as absent:
        if absent.name is not None and (target.place == absent.name or target.place.startswith(absent.name + ".")):
            raise LoadError(f"Module '{target.place}' not found") from None
        raise


def import_file(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise LoadError(f"'{path}' is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def choose(module: ModuleType, place: str) -> Found:
    """`agent` when it is one, else the first by name; without any, what a factory makes."""
    agents = {name: value for name, value in sorted(vars(module).items()) if isinstance(value, Agent)}
    if agents:
        chosen = "agent" if "agent" in agents else next(iter(agents))
        others = [name for name in agents if name != chosen]
        return Found(Served(agents[chosen]), chosen, others, servers_that_add(module))
    for name, value in sorted(vars(module).items()):
        if not inspect.isroutine(value) and (served := served_by(value)) is not None:
            return Found(served, name)
    for name in FACTORIES:
        factory = vars(module).get(name)
        refuse_async(factory, name, place)
        if callable(factory) and (served := served_by(factory)) is not None:
            return Found(served, name)
    raise LoadError(f"No pydantic_ai.Agent found in {place}")


def servers_that_add(module: ModuleType) -> list[str]:
    """Servers and apps that serve more than an agent alone."""
    names = []
    for name, value in sorted(vars(module).items()):
        if isinstance(value, Agent) or inspect.isroutine(value):
            continue
        served = served_by(value)
        if served is not None and (served.model is not None or any(map(has_tools, served.toolsets))):
            names.append(name)
    return names


def has_tools(toolset: Any) -> bool:
    """Of one that delegates, whether there is anybody to delegate to."""
    return bool(toolset.names()) if isinstance(toolset, DelegationToolset) else True


def served_by(value: Any) -> Served | None:
    """An agent, a server of one, its app, or a function that makes one of these."""
    if isinstance(value, Agent):
        return Served(value)
    if isinstance(value, type):
        return None
    served = getattr(type(value), "served", None)
    if callable(served):
        made = served(value)
        return made if isinstance(made, Served) else None
    if inspect.isfunction(value) and takes_nothing(value):
        return served_by(value())
    return None


def takes_nothing(function: Callable[..., Any]) -> bool:
    parameters = inspect.signature(function).parameters.values()
    return all(
        parameter.default is not parameter.empty or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        for parameter in parameters
    )
