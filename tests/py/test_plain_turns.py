"""Turns that are not streamed: what is told of them, and when."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic_ai import Agent, ToolOutput
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import FunctionModel
from pydantic_ai.toolsets import FunctionToolset

import wire
from pais.runs import Served
from pais.serving import Service
from until import until

PATIENCE = 60.0


class Point(BaseModel):
    x: int


def kinds(happened: list[dict[str, Any]]) -> list[str]:
    return [one["what"] for one in happened]


def call_wait_once(messages: list[ModelMessage], _info: object) -> ModelResponse:
    waited = isinstance(messages[-1].parts[-1], ToolReturnPart)
    return ModelResponse(parts=[TextPart("done") if waited else ToolCallPart("wait", {})])


SCRIPT = json.dumps([json.dumps({"tool_calls": [{"name": "wait", "arguments": {}}]}), "done"])
CALLED = ["tool_call_requested", "tool_call_started", "tool_call_ended"]
ASKED = ["model_call_started", "model_call_ended"]


def kinds_until(kind: str, service: Service) -> list[str]:
    seen: list[str] = []

    def has_come() -> bool:
        seen.extend(kinds(service.recorded()))
        return kind in seen

    until(has_come)
    return seen


@pytest.mark.parametrize(
    ("model", "settings", "expected"),
    [
        pytest.param(
            None, {"DEBUG_MOCK_RESPONSES": SCRIPT, "MODEL_NAME": "m"}, [*ASKED, *CALLED, *ASKED], id="the host's model"
        ),
        pytest.param(FunctionModel(call_wait_once), {}, CALLED, id="a model of its own"),
    ],
)
def test_a_call_is_told_of_while_its_tool_is_at_work(
    model: FunctionModel | None, settings: dict[str, str], expected: list[str]
) -> None:
    gate = threading.Event()
    agent = Agent(model)

    @agent.tool_plain
    def wait() -> str:
        gate.wait(PATIENCE)
        return "waited"

    with Service(Served(agent), settings) as service:
        asking = threading.Thread(target=wire.ask, args=(service.url, "go"))
        asking.start()
        seen = kinds_until("tool_call_started", service)
        gate.set()
        asking.join(PATIENCE)
        at_work = list(seen)
        seen += kinds(service.recorded())

    assert at_work[-1] == "tool_call_started"
    assert [kind for kind in seen if kind.startswith(("tool", "model"))] == expected


def test_of_two_calls_the_one_that_ends_first_is_told_of_first() -> None:
    gate = threading.Event()

    def call_both(messages: list[ModelMessage], _info: object) -> ModelResponse:
        if isinstance(messages[-1].parts[-1], ToolReturnPart):
            return ModelResponse(parts=[TextPart("done")])
        return ModelResponse(parts=[ToolCallPart("wait", {}), ToolCallPart("look", {})])

    agent = Agent(FunctionModel(call_both))

    @agent.tool_plain
    def wait() -> str:
        gate.wait(PATIENCE)
        return "waited"

    @agent.tool_plain
    def look() -> str:
        return "looked"

    with Service(Served(agent)) as service:
        asking = threading.Thread(target=wire.ask, args=(service.url, "go"))
        asking.start()
        seen = kinds_until("tool_call_ended", service)
        gate.set()
        asking.join(PATIENCE)

    assert seen.count("tool_call_started") == 2
    assert seen[-1] == "tool_call_ended", "that of `look`, while `wait` waits"


CALLS_RESULTS = json.dumps({"tool_calls": [{"name": "final_results", "arguments": {}}]})
CALLS_OUTPUT = json.dumps({"tool_calls": [{"name": "final_result", "arguments": {"x": 1}}]})


def look_up_and_answer(messages: list[ModelMessage], _info: object) -> ModelResponse:
    looked_up = isinstance(messages[-1].parts[-1], ToolReturnPart)
    return ModelResponse(parts=[ToolCallPart("final_result", {"x": 1}) if looked_up else ToolCallPart("final_results")])


@pytest.mark.parametrize(
    ("model", "settings"),
    [
        pytest.param(
            None,
            {"DEBUG_MOCK_RESPONSES": json.dumps([CALLS_RESULTS, CALLS_OUTPUT]), "MODEL_NAME": "m"},
            id="the host's model",
        ),
        pytest.param(FunctionModel(look_up_and_answer), {}, id="a model of its own"),
    ],
)
def test_a_tool_whose_name_begins_like_pydantic_ai_s_own_is_told_of(
    model: FunctionModel | None, settings: dict[str, str]
) -> None:
    def final_results() -> str:
        return "one"

    known_in_a_run_alone = FunctionToolset[Any]([final_results]).filtered(lambda _context, _tool: True)
    agent = Agent(model, output_type=Point, toolsets=[known_in_a_run_alone])

    with Service(Served(agent), settings) as service:
        said = wire.ask(service.url, "go")
        requested = [one for one in service.recorded() if one["what"] == "tool_call_requested"]

    assert json.loads(said) == {"x": 1}
    assert [one["tool"] for one in requested] == ["final_results"]


def test_an_output_tool_of_the_users_naming_is_no_call_also_with_a_model_of_his_own() -> None:
    def answer(_messages: object, _info: object) -> ModelResponse:
        return ModelResponse(parts=[ToolCallPart("point_out", {"x": 1})])

    agent = Agent(FunctionModel(answer), output_type=ToolOutput(Point, name="point_out"))

    with Service(Served(agent)) as service:
        said = wire.ask(service.url, "where?")
        seen = kinds(service.recorded())

    assert json.loads(said) == {"x": 1}
    assert "tool_call_requested" not in seen
