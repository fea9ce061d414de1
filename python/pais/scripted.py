"""A model that answers from a script, as DEBUG_MOCK_RESPONSES holds one."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Container, Sequence
from itertools import chain, count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelMessage, ModelResponse
    from pydantic_ai.models.function import AgentInfo, DeltaToolCall, FunctionModel

VARIABLE = "DEBUG_MOCK_RESPONSES"
NO_MORE = "[no more mock responses]"


def script_in_environment() -> list[str] | None:
    """The answers, in order; None when there is no script."""
    text = os.environ.get(VARIABLE, "")
    return read_script(text) if text else None


def read_script(text: str) -> list[str]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return [text]
    items = value if isinstance(value, list) else [value]
    return [item if isinstance(item, str) else json.dumps(item) for item in items]


def scripted_response(answer: str) -> ModelResponse:
    """One answer of a script as a message: a final text, or tool calls."""
    from pydantic_ai.messages import ModelResponse, ModelResponsePart, TextPart, ToolCallPart

    calls: list[ModelResponsePart] = []
    ids: set[str] = set()
    for call in scripted_calls(answer):
        if name := str(call.get("name", "")):
            call_id = unlike(ids, str(call.get("id") or f"mock_{name}"))
            ids.add(call_id)
            calls.append(ToolCallPart(name, scripted_arguments(call), tool_call_id=call_id))
    return ModelResponse(parts=calls or [TextPart(answer)])


def unlike(others: Container[str], wanted: str) -> str:
    """That, or with the first number that makes it another: pydantic-ai refuses an answer that has an id twice."""
    numbered = (f"{wanted}_{number}" for number in count(2))
    return next(each for each in chain([wanted], numbered) if each not in others)


def scripted_calls(answer: str) -> list[dict[str, Any]]:
    try:
        value = json.loads(answer)
    except (ValueError, RecursionError):
        return []
    calls = value.get("tool_calls") if isinstance(value, dict) else None
    return [call for call in calls if isinstance(call, dict)] if isinstance(calls, list) else []


def scripted_arguments(call: dict[str, Any]) -> dict[str, Any]:
    given = call.get("arguments")
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            return {}
    return given if isinstance(given, dict) else {}


def answered_in_turn(messages: Sequence[ModelMessage]) -> int:
    """How often the model has answered since the last prompt: so each turn goes through the script on its own."""
    from pydantic_ai.messages import ModelResponse, UserPromptPart

    answered = 0
    for message in messages:
        if isinstance(message, ModelResponse):
            answered += 1
        elif any(isinstance(part, UserPromptPart) for part in message.parts):
            answered = 0
    return answered


def scripted_model(script: Sequence[str]) -> FunctionModel:
    """A model that gives the script's answers, from its beginning in each turn."""
    from pydantic_ai.messages import TextPart, ToolCallPart
    from pydantic_ai.models.function import DeltaToolCall, FunctionModel

    def next_response(messages: list[ModelMessage]) -> ModelResponse:
        position = answered_in_turn(messages)
        return scripted_response(script[position] if position < len(script) else NO_MORE)

    async def answer(messages: list[ModelMessage], _info: AgentInfo) -> ModelResponse:
        return next_response(messages)

    async def stream(messages: list[ModelMessage], _info: AgentInfo) -> AsyncIterator[str | dict[int, DeltaToolCall]]:
        for index, part in enumerate(next_response(messages).parts):
            if isinstance(part, TextPart):
                yield part.content
            elif isinstance(part, ToolCallPart):
                yield {index: DeltaToolCall(part.tool_name, part.args_as_json_str(), tool_call_id=part.tool_call_id)}

    return FunctionModel(answer, stream_function=stream, model_name="mock")
