"""Many runs at once, and many that are broken off: nothing of them stays behind."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from served import Served

PATIENCE = 60.0

# `census` counts what the process has; `wait` waits for a file; whatever else is said is answered at once.
AGENT = """
import asyncio, gc, json, os, threading
from pathlib import Path
from pydantic_ai import Agent
from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import FunctionModel
from pais.adapter import Turn

def call_what_is_asked_for(messages, info):
    said = messages[-1].parts[-1]
    if isinstance(said, ToolReturnPart):
        return ModelResponse(parts=[TextPart(str(said.content))])
    if said.content in {tool.name for tool in info.function_tools}:
        return ModelResponse(parts=[ToolCallPart(said.content, {})])
    return ModelResponse(parts=[TextPart("yes")])

agent = Agent(FunctionModel(call_what_is_asked_for))

@agent.tool_plain
async def wait() -> str:
    while not Path("gate").exists():
        await asyncio.sleep(0.02)
    return "waited"

@agent.tool_plain
async def census() -> str:
    gc.collect()
    return json.dumps({
        "tasks": len(asyncio.all_tasks()),
        "threads": len(os.listdir("/proc/self/task")),
        "descriptors": len(os.listdir("/proc/self/fd")),
        "turns": sum(isinstance(thing, Turn) for thing in gc.get_objects()),
    })
"""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    (tmp_path / "server.py").write_text(AGENT)
    served = Served("server.py", tmp_path)
    yield served
    (tmp_path / "gate").touch()
    served.stop()


def census(served: Served) -> dict[str, int]:
    counted: dict[str, int] = json.loads(served.chat("census").text)
    return counted


def test_two_hundred_runs_go_side_by_side(served: Served, tmp_path: Path) -> None:
    waiting = [served.ask("wait", stream=number % 2 == 0) for number in range(200)]

    (tmp_path / "gate").touch()

    assert all("waited" in asking.answer().body.decode() for asking in waiting)


def test_runs_that_are_broken_off_leave_nothing_behind(served: Served, tmp_path: Path) -> None:
    chance = random.Random(1)
    for _ in range(20):
        served.chat("warm")
    before = census(served)

    for _ in range(20):
        asked = [served.ask(chance.choice(["wait", "go"]), stream=chance.random() < 0.5) for _ in range(50)]
        for asking in asked:
            if chance.random() < 0.5:
                asking.leave()
        served.hang_up()

    deadline = time.monotonic() + PATIENCE
    after = census(served)
    while time.monotonic() < deadline and any(after[what] > before[what] for what in ("tasks", "descriptors", "turns")):
        after = census(served)
    assert {what: after[what] - before[what] for what in ("tasks", "descriptors", "turns")} == {
        "tasks": 0,
        "descriptors": 0,
        "turns": 0,
    }
    assert after["threads"] < before["threads"] + 300, "idle workers go after a while; none is one run's for ever"
