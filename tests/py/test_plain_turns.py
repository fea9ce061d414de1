"""Turns that are not streamed: what is told of them, and when."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

from pydantic import BaseModel
from pydantic_ai import Agent, ToolOutput
from pydantic_ai.messages import ModelResponse, ToolCallPart
from pydantic_ai.models.function import FunctionModel

import wire
from pais.runs import Served
from pais.serving import Service

PATIENCE = 60.0


class Point(BaseModel):
    x: int


def kinds(happened: list[dict[str, Any]]) -> list[str]:
    return [one["what"] for one in happened]


def test_a_call_is_told_of_while_its_tool_is_at_work() -> None:
    gate = threading.Event()
    agent = Agent()

    @agent.tool_plain
    def wait() -> str:
        gate.wait(PATIENCE)
        return "waited"

    script = json.dumps([json.dumps({"tool_calls": [{"name": "wait", "arguments": {}}]}), "done"])
    with Service(Served(agent), {"DEBUG_MOCK_RESPONSES": script, "MODEL_NAME": "m"}) as service:
        asking = threading.Thread(target=wire.ask, args=(service.url, "go"))
        asking.start()
        seen: list[str] = []
        deadline = time.monotonic() + PATIENCE
        while "tool_call_started" not in seen and time.monotonic() < deadline:
            seen += kinds(service.recorded())
            time.sleep(0.005)
        gate.set()
        asking.join(PATIENCE)
        seen += kinds(service.recorded())

    of_calls = [kind for kind in seen if kind.startswith(("tool", "model"))]
    asked = ["model_call_started", "model_call_ended"]
    assert of_calls == [*asked, "tool_call_requested", "tool_call_started", "tool_call_ended", *asked]


def test_an_output_tool_of_the_users_naming_is_no_call_also_with_a_model_of_his_own() -> None:
    def answer(_messages: object, _info: object) -> ModelResponse:
        return ModelResponse(parts=[ToolCallPart("point_out", {"x": 1})])

    agent = Agent(FunctionModel(answer), output_type=ToolOutput(Point, name="point_out"))

    with Service(Served(agent)) as service:
        said = wire.ask(service.url, "where?")
        seen = kinds(service.recorded())

    assert json.loads(said) == {"x": 1}
    assert "tool_call_requested" not in seen
