"""The bridge on both event loops that `pais run` knows: asyncio's own, and uvloop where it is installed."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from served import Served
from until import until

AGENT = """
import asyncio
from pathlib import Path
from pydantic_ai import Agent
from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import DeltaToolCall, FunctionModel

def next_words(messages, info):
    said = messages[-1].parts[-1]
    if isinstance(said, ToolReturnPart):
        return None, str(said.content)
    return (said.content, "") if said.content in {tool.name for tool in info.function_tools} else (None, said.content)

async def answer(messages, info):
    tool, text = next_words(messages, info)
    return ModelResponse(parts=[ToolCallPart(tool, {}) if tool else TextPart(text)])

async def stream(messages, info):
    tool, text = next_words(messages, info)
    if tool:
        yield {0: DeltaToolCall(tool, "{}")}
    else:
        for word in text.split(" "):
            yield word + " "

agent = Agent(FunctionModel(answer, stream_function=stream))

@agent.tool_plain
async def loop() -> str:
    return type(asyncio.get_running_loop()).__module__.partition(".")[0]

@agent.tool_plain
def rest() -> str:
    return "rested on a thread"

@agent.tool_plain
async def wait() -> None:
    Path("began").touch()
    try:
        await asyncio.Event().wait()
    finally:
        Path("left").touch()
"""

LOOPS = [
    "asyncio",
    pytest.param("uvloop", marks=pytest.mark.skipif(not importlib.util.find_spec("uvloop"), reason="not installed")),
]


@pytest.fixture(params=LOOPS)
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    (tmp_path / "server.py").write_text(AGENT)
    without = tmp_path / "without"
    without.mkdir()
    (without / "uvloop.py").write_text("raise ImportError\n")
    environment = {"PYTHONPATH": str(without)} if request.param == "asyncio" else {}

    served = Served("server.py", tmp_path, environment)

    assert served.chat("loop").text == request.param
    yield served
    served.stop()


def test_turns_are_answered_whole_and_in_pieces(served: Served) -> None:
    assert served.chat("rest").text == "rested on a thread"
    assert served.stream("one two three").contents == ["one ", "two ", "three "]
    asked = [served.ask("hello", stream=number % 2 == 0) for number in range(50)]
    assert all("hello" in asking.answer().body.decode() for asking in asked)


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_leaves_ends_its_run(served: Served, tmp_path: Path, stream: bool) -> None:
    asking = served.ask("wait", stream=stream)
    assert until((tmp_path / "began").exists)

    asking.leave()

    assert until((tmp_path / "left").exists)
    assert served.chat("hello").text == "hello"


def test_the_end_does_not_wait_for_a_tool_that_waits(served: Served, tmp_path: Path) -> None:
    served.ask("wait")
    assert until((tmp_path / "began").exists)

    served.hang_up()
    served.host.ask_to_end()

    assert served.host.wait() == 0
