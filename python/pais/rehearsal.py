"""What a first run imports, builds and looks up on its way, done before anybody waits for it.

The whole way of a run, plain and streamed, is gone with an agent of ours, whose model is answered for here: the user's
code is not run, and no model is asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from pydantic_ai import Agent
from pydantic_ai.models import infer_model

from pais import adapter
from pais._core import log_warning

if TYPE_CHECKING:
    from pais._core import Host
    from pais.runs import Runs

TOOL = "look"


async def rehearse(runs: Runs) -> None:
    await rehearse_runs(runs.host)
    model = runs.model_for(runs.served)
    if model is not None:
        _ = model.profile  # looked up once for each
    elif isinstance(runs.served.agent.model, str):
        with suppress(Exception):  # the run that asks it will say what is wrong with it
            infer_model(runs.served.agent.model)  # imports its provider's library


async def rehearse_runs(host: Host) -> None:
    from pais.runs import Runs, Served

    agent: Agent[None, str] = Agent(instructions="Rehearse.")

    @agent.tool_plain
    def look(at: str) -> str:
        return at

    stage = Stage(host)
    stage.runs = Runs(Served(agent), cast("Host", stage))
    for number, stream in enumerate((False, True)):
        run = adapter.run_agent(stage.runs.served, stage.runs, cast(Any, Begins(number, stream)))
        await asyncio.create_task(run)  # as runs are, so that nothing of it stays in the context of this one


@dataclass
class Begins:
    """A `RunBegins`."""

    run: int
    stream: bool
    session_id: str = ""
    prompt: str = "Look."
    images: list[str] = field(default_factory=list)
    history: list[tuple[bool, str]] = field(default_factory=lambda: [(True, "Hello"), (False, "Hello!")])
    model_settings: dict[str, Any] = field(default_factory=dict)
    extra_instructions: str = ""
    is_traced: bool = False
    callers_trace: tuple[str, str] = ("", "")
    most_tokens: int = 0
    most_steps: int = 2
    most_tool_calls: int = 0


@dataclass
class Answers:
    """A `ModelAnswers`."""

    call: int
    model: str
    text: str = ""
    calls: list[tuple[str, str, str]] = field(default_factory=list)
    ok: bool = True
    thinking: str = ""
    finish: str = "stop"
    usage: tuple[int, int, int] = (0, 0, 0)


class Stage:
    """Stands where the host is: it answers for its model, and hears what is told of the runs."""

    runs: Runs

    def __init__(self, host: Host) -> None:
        self._model = host.facts["model"] or "none"
        self.facts = {**host.facts, "has_tools": False, "model": self._model}
        self.has_model = True
        self.model_server = ("", "")
        self.store = host.store
        self._calls = 0

    def next_call(self) -> int:
        self._calls += 1
        return self._calls

    def ask(self, _run: int, call: int, messages: list[Any], *_: object) -> None:
        """First it wants the tool, and then it has seen enough."""
        answer = Answers(call, self._model)
        if messages[-1][0] == "tool":
            answer.text = "Seen."
        else:
            answer.calls.append(("1", TOOL, '{"at":"x"}'))
        asyncio.get_running_loop().call_soon(self.runs.hear, cast(Any, answer))

    def failed(self, _run: int, code: str, cause: str, *_: object) -> None:
        log_warning(f"the first request will take longer, for its rehearsal failed: {code}: {cause}")

    def __getattr__(self, _name: str) -> Callable[..., None]:
        return lambda *_: None
