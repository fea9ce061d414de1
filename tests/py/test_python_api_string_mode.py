"""Tool calls in plain text: what a model without function calling is told, and how its answers are read."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic_ai import Agent
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import FunctionModel
from pydantic_ai.tools import ToolDefinition

from chat_peer import Peer
from pais.serverutils import (
    _resolve_model,
)
from pais.string_mode import chat_messages, response_of
from pais.tools import (
    TOOL_PROMPT_TEMPLATE,
    build_tool_descriptions,
    parse_tool_calls_from_text,
)


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("DEBUG_MOCK_RESPONSES", "OTEL_SERVICE_NAME", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_SDK_DISABLED"):
        monkeypatch.delenv(name, raising=False)


ADD = ToolDefinition(
    name="add",
    description="Add two numbers.",
    parameters_json_schema={
        "type": "object",
        "properties": {"a": {"type": "integer"}, "note": {"type": "string", "description": "Why it is added"}, "x": {}},
        "required": ["a"],
    },
)


def test_tools_are_described_line_by_line() -> None:
    assert build_tool_descriptions([ADD, ToolDefinition(name="now", parameters_json_schema={})]).split("\n") == [
        "- add: Add two numbers.",
        "  Parameters:",
        "    - a: integer (required)",
        "    - note: string — Why it is added",
        "    - x: any",
        "- now: No description",
    ]
    assert build_tool_descriptions([]) == ""


def test_the_prompt_about_tools_shows_the_form_of_a_call_before_the_list() -> None:
    prompt = TOOL_PROMPT_TEMPLATE.format(tool_descriptions="- add: Add two numbers.")

    form = prompt.index('{"tool_calls": [{"name": "tool_name", "arguments": {"arg1": "value1"}}]}')
    assert form < prompt.index("Available tools:\n- add: Add two numbers.")


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "add", "arguments": {"a": 1}}',
        '{"tool_calls": [{"name": "add", "arguments": {"a": 1}}]}',
        '```json\n{"name": "add", "arguments": {"a": 1}}\n```',
        '```\n{"name": "add", "arguments": {"a": 1}}\n```',
        'I will add.\n{"name": "add", "arguments": {"a": 1}}\nok',
        '[{"name": "add", "arguments": {"a": 1}}]',
        '<tool_call>{"name": "add", "arguments": {"a": 1}}</tool_call>',
        '{"tool_calls": [{"function": {"name": "add", "arguments": {"a": 1}}}]}',
        '{"function_call": {"name": "add", "arguments": {"a": 1}}}',
    ],
)
def test_a_call_is_found_in_each_form_in_which_models_write_it(text: str) -> None:
    calls = parse_tool_calls_from_text(text)

    assert calls is not None
    assert [(call["name"], call["arguments"]) for call in calls] == [("add", {"a": 1})]


def test_several_calls_in_one_text_are_all_found() -> None:
    calls = parse_tool_calls_from_text('{"name": "a", "arguments": {}} and {"name": "b", "parameters": {"x": 1}}')

    assert [(call["name"], call["arguments"]) for call in calls or []] == [("a", {}), ("b", {"x": 1})]


@pytest.mark.parametrize(
    "text",
    ["hello", "", None, '{"tool_calls": []}', '{"status": "ok"}', "[1, 2]", "5", '{"name": "add", ', "[" * 99999],
)
def test_everything_else_is_a_final_text(text: str | None) -> None:
    assert parse_tool_calls_from_text(text) is None


def test_calls_get_ids_of_their_own_and_arguments_as_objects() -> None:
    response = response_of('{"tool_calls": [{"name": "add", "arguments": "{\\"a\\": 1}"}, {"name": "add"}]}', ["add"])

    calls = [part for part in response.parts if isinstance(part, ToolCallPart)]
    assert [(call.args, call.tool_call_id) for call in calls] == [({"a": 1}, "string_add_1"), ({}, "string_add_2")]


def test_prose_that_quotes_a_tool_nobody_offered_stays_prose() -> None:
    text = 'Try {"name": "rm", "arguments": {}}.'

    assert response_of(text, ["add"]).parts == [TextPart(text)]


def test_a_history_with_tools_is_told_in_plain_messages() -> None:
    asked: list[list[dict[str, str]]] = []

    def remember(messages: Any, info: Any) -> ModelResponse:
        asked.append(chat_messages(messages, info.function_tools))
        return ModelResponse(parts=[ToolCallPart("add", {"a": 1}) if len(asked) == 1 else TextPart("2")])

    agent = Agent(FunctionModel(remember), instructions="Be brief.")

    @agent.tool_plain
    def add(a: int) -> int:
        return a + 1

    asyncio.run(agent.run("1+1?"))

    system, *said = asked[-1]
    assert system["role"] == "system"
    assert system["content"].startswith("Be brief.\n\n")
    assert "Available tools:\n- add" in system["content"]
    assert said == [
        {"role": "user", "content": "1+1?"},
        {"role": "assistant", "content": '{"tool_calls": [{"name": "add", "arguments": {"a": 1}}]}'},
        {"role": "user", "content": "Tool result: 2"},
    ]


def test_a_model_without_function_calling_is_asked_over_http_and_its_text_is_read() -> None:
    peer = Peer()
    peer.answer = {"choices": [{"message": {"content": "It is 3."}}]}
    model, _ = _resolve_model("a", model_api_url=peer.url, model_name="tiny", tool_call_mode="string")

    answer = asyncio.run(Agent(model, instructions="Be brief.").run("1+2?")).output
    peer.stop()

    path, headers, body = peer.asked[0]
    assert answer == "It is 3."
    assert path == "/v1/chat/completions"
    assert (headers["Authorization"], headers["Content-Type"]) == ("Bearer not-needed", "application/json")
    assert body == {
        "model": "tiny",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "1+2?"}],
        "stream": False,
    }


def test_a_model_that_answers_with_an_error_is_an_error() -> None:
    peer = Peer()
    peer.status = 503
    model, _ = _resolve_model("a", model_api_url=peer.url, model_name="tiny", tool_call_mode="string")

    with pytest.raises(ModelHTTPError) as failure:
        asyncio.run(Agent(model).run("1+2?"))
    peer.stop()

    assert failure.value.status_code == 503
