"""What a tool of the user's may take: time, and room in what the model is told."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

from pydantic_ai import Agent
from pydantic_ai.messages import BinaryContent, ModelMessage, ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from pais.testing import AgentServer
from pais.tool_limits import cut

Serve = Callable[..., AgentServer]
TWICE = 2


def call_twice(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """The one tool there is, and then once more: being stopped is not being called wrongly."""
    returned = [part for message in messages for part in message.parts if isinstance(part, ToolReturnPart)]
    (tool,) = info.function_tools
    done = len(returned) == TWICE
    return ModelResponse(parts=[TextPart(str(returned[-1].content)) if done else ToolCallPart(tool.name, {})])


def results(served: AgentServer) -> list[dict[str, Any]]:
    return [event for event in served.events if event["what"] == "tool_call_ended"]


def test_an_async_tool_is_cancelled_when_its_time_is_over(serve_agent: Serve) -> None:
    agent = Agent(FunctionModel(call_twice))
    left: list[str] = []

    @agent.tool_plain
    async def wait() -> str:
        try:
            await asyncio.Event().wait()
        finally:
            left.append("left")
        return "never"

    served = serve_agent(agent, PAIS_TOOL_TIMEOUT_SECONDS="0.1")

    assert served.ask("?") == "The tool 'wait' did not answer within 0.1 seconds and was stopped."
    assert left == ["left", "left"]
    assert [result["is_error"] for result in results(served)] == [True, True]


def test_a_sync_tool_is_not_waited_for_when_its_time_is_over(serve_agent: Serve) -> None:
    agent = Agent(FunctionModel(call_twice))
    gate = threading.Event()

    @agent.tool_plain
    def wait() -> str:
        gate.wait()
        return "too late"

    served = serve_agent(agent, PAIS_TOOL_TIMEOUT_SECONDS="0.1")

    answer = served.ask("?")
    gate.set()

    assert answer == "The tool 'wait' did not answer within 0.1 seconds and was stopped."


def test_a_long_result_is_cut(serve_agent: Serve) -> None:
    agent = Agent(FunctionModel(call_twice))

    @agent.tool_plain
    def say() -> str:
        return "é" * 1000

    served = serve_agent(agent, PAIS_TOOL_RESULT_MAX_BYTES="1025")

    assert served.ask("?") == "é" * 512 + "\n[The result was cut here: 1024 of 2000 bytes.]"


def test_a_long_result_that_is_no_text_is_cut_as_json() -> None:
    assert cut({"words": ["long"] * 9}, 16) == '{"words":["long"\n[The result was cut here: 16 of 74 bytes.]'


def test_what_is_short_enough_or_a_file_stays_as_it_is() -> None:
    picture = BinaryContent(b"\0" * 99, media_type="image/png")

    for result in ({"a": 1}, None, "short", [picture], picture):
        assert cut(result, 16) is result
