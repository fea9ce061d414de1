"""Many runs at once, and many that are broken off: nothing of them stays behind."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from served import Served
from until import until

# `census` counts what the process has, into a file; `wait` waits for one; whatever else is said is answered at once.
AGENT = """
import asyncio, gc, json, os
from pathlib import Path
from pydantic_ai import Agent, RunContext
from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import FunctionModel
from pais.adapter import Turn

def work_first(messages, info):
    said = messages[-1].parts[-1]
    part = TextPart("done") if isinstance(said, ToolReturnPart) else ToolCallPart("work", {})
    return ModelResponse(parts=[part])

agent = Agent(MODEL)

@agent.tool
async def work(context: RunContext) -> str:
    if context.prompt == "wait":
        while not Path("gate").exists():
            await asyncio.sleep(0.02)
    elif context.prompt == "census":
        Path("census").write_text(json.dumps(census()))
    return "worked"

def census():
    gc.collect()
    return {
        "tasks": len(asyncio.all_tasks()),
        "descriptors": len(os.listdir("/proc/self/fd")),
        "turns": sum(isinstance(thing, Turn) for thing in gc.get_objects()),
    }
"""
WORKS = json.dumps({"tool_calls": [{"name": "work", "arguments": {}}]})
SCRIPT = json.dumps([WORKS, "done"]).replace("{", "{{").replace("}", "}}")  # `Served` fills braces in
MODELS = {
    "own model": ("FunctionModel(work_first)", {}),
    "host's model": ("None", {"DEBUG_MOCK_RESPONSES": SCRIPT, "MODEL_NAME": "m"}),
}


@pytest.fixture(params=MODELS)
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    model, environment = MODELS[request.param]
    (tmp_path / "server.py").write_text(AGENT.replace("MODEL", model))
    served = Served("server.py", tmp_path, environment)
    yield served
    (tmp_path / "gate").touch()
    served.stop()


def census(served: Served, folder: Path) -> dict[str, int]:
    """Once there is room for another run: those that were broken off may still be ending."""
    assert until(lambda: served.chat("census").status == 200)
    counted: dict[str, int] = json.loads((folder / "census").read_text())
    return counted


def threads(served: Served) -> int:
    return len(list(Path(f"/proc/{served.host.process.pid}/task").iterdir()))


def test_two_hundred_runs_go_side_by_side(served: Served, tmp_path: Path) -> None:
    waiting = [served.ask("wait", stream=number % 2 == 0) for number in range(200)]

    (tmp_path / "gate").touch()

    assert all("done" in asking.answer().body.decode() for asking in waiting)


def test_runs_that_are_broken_off_leave_nothing_behind(served: Served, tmp_path: Path) -> None:
    chance = random.Random(1)
    for _ in range(20):
        served.chat("warm")
    before, threads_before = census(served, tmp_path), threads(served)

    for _ in range(20):
        asked = [served.ask(chance.choice(["wait", "go"]), stream=chance.random() < 0.5) for _ in range(50)]
        for asking in asked:
            if chance.random() < 0.5:
                asking.leave()
        served.hang_up()

    def left() -> dict[str, int]:
        after = census(served, tmp_path)
        return {what: after[what] - before[what] for what in before if after[what] > before[what]}

    assert until(lambda: not left()), left()
    # They go when they have had nothing to do for a while; so they are counted from outside, without a request.
    assert until(lambda: threads(served) <= threads_before), f"{threads(served)} threads, and {threads_before} before"
