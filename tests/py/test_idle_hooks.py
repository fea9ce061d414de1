"""What pydantic-ai lets a capability do at the steps of a run, where all of an agent's have it and where none has."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from pydantic_ai import Agent
from pydantic_ai.capabilities import AbstractCapability, CombinedCapability
from pydantic_ai.models.test import TestModel
from pydantic_ai.tools import RunContext, ToolDefinition
from pydantic_ai.toolsets import CombinedToolset, FunctionToolset
from pydantic_ai.usage import RunUsage

from pais.idle_hooks import HOOKS, pass_over_idle_hooks
from pais.testing import AgentServer

Serve = Callable[..., AgentServer]
PRESENT = [name for name in HOOKS if hasattr(AbstractCapability, name)]


class Silent(AbstractCapability[Any]):
    """Has no hook."""


class Meddling(AbstractCapability[Any]):
    """Has some, and says which were called."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    async def wrap_run(self, ctx: RunContext[Any], *, handler: Any) -> Any:
        self.heard.append("wrap_run")
        return await handler()

    async def before_node_run(self, ctx: RunContext[Any], *, node: Any) -> Any:
        self.heard.append("before_node_run")
        return node

    async def prepare_tools(self, ctx: RunContext[Any], tool_defs: list[ToolDefinition]) -> list[ToolDefinition]:
        return [tool for tool in tool_defs if tool.name != "hidden"]

    async def wrap_tool_execute(self, ctx: RunContext[Any], **given: Any) -> Any:
        return f"{await given['handler'](given['args'])} and changed"

    async def after_output_process(self, ctx: RunContext[Any], *, output_context: Any, output: Any) -> Any:
        return output.upper()


@pytest.fixture(autouse=True)
def idle_hooks_are_passed_over() -> None:
    pass_over_idle_hooks()


def context() -> RunContext[Any]:
    return RunContext(deps=None, model=TestModel(), usage=RunUsage())


def arguments_of(hook: str) -> dict[str, Any]:
    """Something for each, by name, behind the run's context."""

    async def inside(*_given: object) -> str:
        return "from inside"

    async def stream() -> AsyncIterator[str]:
        yield "an event"

    made: dict[str, Any] = {"handler": inside, "stream": stream()}
    names = list(inspect.signature(getattr(AbstractCapability, hook)).parameters)[2:]
    return {name: made.get(name, f"the {name}") for name in names}


async def outcome(answer: Any) -> Any:
    return [each async for each in answer] if inspect.isasyncgen(answer) else await answer


@pytest.mark.parametrize("hook", PRESENT)
def test_a_hook_that_nobody_has_answers_as_if_all_had_been_asked(hook: str) -> None:
    combination = CombinedCapability([Silent(), Silent()])
    quick = getattr(CombinedCapability, hook)

    answers = [
        asyncio.run(outcome(ask(combination, context(), **arguments_of(hook)))) for ask in (quick, quick.__wrapped__)
    ]

    assert answers[0] == answers[1]


def test_no_context_is_made_for_those_who_have_no_hook() -> None:
    combination = CombinedCapability([Silent(), Silent()])
    made: list[object] = []

    class Counted(RunContext[Any]):
        def __init__(self, **facts: Any) -> None:
            super().__init__(**facts)
            made.append(self)

    counted = Counted(deps=None, model=TestModel(), usage=RunUsage())

    answer = asyncio.run(combination.after_run(counted, result="said"))  # type: ignore[arg-type]

    assert answer == "said"
    assert len(made) == 1


def test_a_hook_set_on_one_object_is_called() -> None:
    silent = Silent()

    async def changes(_context: Any, *, result: Any) -> str:
        return f"{result} and changed"

    silent.after_run = changes  # type: ignore[assignment,method-assign]

    answer = asyncio.run(CombinedCapability([silent, Silent()]).after_run(context(), result="said"))  # type: ignore[arg-type]

    assert answer == "said and changed"


def test_toolsets_that_change_with_the_steps_do() -> None:
    class Growing(FunctionToolset[Any]):
        async def for_run_step(self, ctx: RunContext[Any]) -> Any:
            return FunctionToolset([grown])

    def grown() -> str:
        return "grown"

    combination = CombinedToolset([Growing(), FunctionToolset()])

    of_step = asyncio.run(combination.for_run_step(context()))

    assert set(asyncio.run(of_step.get_tools(context()))) == {"grown"}


def test_a_capability_of_the_users_is_heard_at_every_step(serve_agent: Serve) -> None:
    meddling = Meddling()
    agent = Agent(TestModel(), capabilities=[meddling])

    @agent.tool_plain
    def hidden() -> str:
        return "hidden"

    @agent.tool_plain
    def seen() -> str:
        return "seen"

    answer = serve_agent(agent).ask("go on")

    assert answer == '{"SEEN":"SEEN AND CHANGED"}'
    assert meddling.heard.count("wrap_run") == 1
    assert meddling.heard.count("before_node_run") > 1
