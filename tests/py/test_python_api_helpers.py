"""The helpers that tests of existing agents call by name: models, scripts, texts, cards, settings, telemetry."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from unittest.mock import Mock

import pytest
from pydantic import ValidationError
from pydantic_ai import Agent
from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import FunctionModel
from pydantic_settings import BaseSettings

from pais.serverutils import (
    AgentCard,
    AgentCardCapabilities,
    AgentCardSkill,
    AgentServerSettings,
    _build_chat_response,
    _build_mock_model_function,
    _build_streaming_chunk,
    _extract_user_prompt,
    _MockResponseState,
    _resolve_model,
)
from pais.settings import listed, mcp_url, named_urls, peer_url, variables_of
from pais.tools import (
    format_progress_event,
)

CALL_ADD = '{"tool_calls": [{"name": "add", "arguments": {"a": 1, "b": 2}}]}'


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("DEBUG_MOCK_RESPONSES", "OTEL_SERVICE_NAME", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_SDK_DISABLED"):
        monkeypatch.delenv(name, raising=False)


# --- The model ---


def test_a_given_model_is_taken_as_it_is() -> None:
    model = object()

    assert _resolve_model("a", model=model, model_api_url="http://m", model_name="m") == (model, None)


def test_no_model_at_all_is_an_error_that_says_what_there_could_be() -> None:
    with pytest.raises(ValueError, match=r"^Agent requires either"):
        _resolve_model("a")


def test_a_url_and_a_name_make_a_model_of_the_openai_client() -> None:
    from pydantic_ai.models.openai import OpenAIChatModel

    model, state = _resolve_model("a", model_api_url="http://127.0.0.1:1/", model_name="tiny")

    assert isinstance(model, OpenAIChatModel)
    assert model.model_name == "tiny"
    assert model.base_url.rstrip("/") == "http://127.0.0.1:1/v1"
    assert state is None


def test_in_string_mode_the_model_is_a_function_and_its_name_tells() -> None:
    model, _ = _resolve_model("a", model_api_url="http://127.0.0.1:1", model_name="tiny", tool_call_mode="string")

    assert isinstance(model, FunctionModel)
    assert model.model_name == "string:tiny"


# --- The script ---


def test_a_script_goes_before_every_model_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEBUG_MOCK_RESPONSES", '["one"]')

    model, state = _resolve_model("a", model_api_url="http://127.0.0.1:1", model_name="tiny")

    assert isinstance(model, FunctionModel)
    assert state is not None
    assert state.template == ["one"]


def test_each_turn_begins_the_script_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEBUG_MOCK_RESPONSES", json.dumps([CALL_ADD, "It is 3.", "unheard"]))
    agent: Agent[None, str] = Agent(_resolve_model("a")[0])

    @agent.tool_plain
    def add(a: int, b: int) -> int:
        return a + b

    answers = [asyncio.run(agent.run("1+2?")).output for _ in range(2)]

    assert answers == ["It is 3.", "It is 3."]


@pytest.mark.parametrize(
    ("value", "script"),
    [
        ('["a", "b"]', ["a", "b"]),
        ('"x"', ["x"]),
        ("5", ["5"]),
        ("not JSON", ["not JSON"]),
        ("[]", []),
        ('{"tool_calls": []}', ['{"tool_calls": []}']),
        ('["a", {"tool_calls": []}, 5]', ["a", '{"tool_calls": []}', "5"]),
    ],
)
def test_a_script_is_read_from_json_or_is_one_answer(
    monkeypatch: pytest.MonkeyPatch, value: str, script: list[str]
) -> None:
    monkeypatch.setenv("DEBUG_MOCK_RESPONSES", value)

    _, state = _build_mock_model_function()

    assert state is not None
    assert state.template == script


def test_the_function_uses_a_script_up_and_says_when_there_is_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEBUG_MOCK_RESPONSES", json.dumps([CALL_ADD]))
    handler, state = _build_mock_model_function()
    assert handler is not None
    assert state is not None

    async def ask() -> ModelResponse:
        return await handler([], Mock())

    state.reset()
    first, second = asyncio.run(ask()), asyncio.run(ask())

    assert isinstance(call := first.parts[0], ToolCallPart)
    assert (call.tool_name, call.args_as_dict(), call.tool_call_id) == ("add", {"a": 1, "b": 2}, "mock_add")
    assert second.parts == [TextPart("[no more mock responses]")]


def test_without_a_script_there_is_no_function() -> None:
    assert _build_mock_model_function() == (None, None)


def test_a_state_begins_where_it_is_reset_to() -> None:
    state = _MockResponseState(["a", "b"])
    state.reset()
    state.responses.pop()

    state.reset()

    assert state.responses == state.template == ["a", "b"]


# --- Texts ---


@pytest.mark.parametrize(
    ("message", "prompt"),
    [
        ("hello", "hello"),
        ([{"role": "user", "content": "one"}, {"role": "assistant", "content": "two"}], "one"),
        ([{"role": "user", "content": "one"}, {"role": "task-delegation", "content": "do it"}], "do it"),
        ([{"content": "no role"}], "no role"),
        ([{"role": "system", "content": "be kind"}], ""),
        ([], ""),
    ],
)
def test_the_prompt_is_the_last_thing_the_user_or_a_delegating_agent_said(message: Any, prompt: str) -> None:
    assert _extract_user_prompt(message) == prompt


def test_a_chunk_is_one_event_of_a_stream() -> None:
    chunk = _build_streaming_chunk("s1", 7, "m", content="hé")

    assert chunk.startswith("data: ")
    assert chunk.endswith("\n\n")
    assert json.loads(chunk.removeprefix("data: ")) == {
        "id": "s1",
        "object": "chat.completion.chunk",
        "created": 7,
        "model": "m",
        "choices": [{"index": 0, "delta": {"content": "hé"}, "finish_reason": None}],
    }


def test_the_last_chunk_has_a_reason_and_an_empty_delta() -> None:
    chunk = _build_streaming_chunk("s1", 7, "m", finish_reason="stop")

    assert json.loads(chunk.removeprefix("data: "))["choices"] == [{"index": 0, "delta": {}, "finish_reason": "stop"}]


def test_a_whole_answer_carries_the_session_as_its_id() -> None:
    answer = _build_chat_response("m", "hi", session_id="s1")

    assert answer["id"] == "s1"
    assert answer["object"] == "chat.completion"
    assert answer["choices"][0]["message"] == {"role": "assistant", "content": "hi"}
    assert answer["usage"] == {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}


@pytest.mark.parametrize(
    ("tool", "text"),
    [
        ("add", '{"type": "progress", "step": 2, "max_steps": 5, "action": "tool_call", "target": "add"}'),
        ("delegate_to_w-1", '{"type": "progress", "step": 2, "max_steps": 5, "action": "delegate", "target": "w-1"}'),
    ],
)
def test_progress_names_the_tool_or_the_agent(tool: str, text: str) -> None:
    assert format_progress_event(ToolCallPart(tool, {}), 2, 5) == text


# --- The card ---


def test_a_card_is_filled_by_either_name_and_written_in_camel_case() -> None:
    skill = AgentCardSkill(id="add", name="add", description="Adds.")

    card = AgentCard.model_validate(
        {"name": "a", "description": "d", "url": "u", "version": "1", "skills": [skill], "defaultInputModes": ["x/y"]}
    )

    assert card.default_input_modes == ["x/y"]
    assert card.capabilities == AgentCardCapabilities(streaming=True, push_notifications=False)
    assert list(card.to_dict()) == [
        "name",
        "description",
        "url",
        "version",
        "protocolVersion",
        "skills",
        "capabilities",
        "defaultInputModes",
        "defaultOutputModes",
    ]
    assert card.to_dict()["protocolVersion"] == card.protocol_version == "0.3.0"
    assert list(card.to_dict()["skills"][0]) == ["id", "name", "description", "tags", "inputModes", "outputModes"]


# --- The settings ---


def test_settings_come_from_the_constructor_the_environment_and_the_file_in_this_order(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    (tmp_path / ".env").write_text("AGENT_NAME=of-the-file\nMODEL_NAME=of-the-file\nMCP_SERVER_x_URL=http://x\n")
    monkeypatch.setenv("MODEL_NAME", "of-the-environment")
    monkeypatch.setenv("agent_description", "of-the-environment")

    settings = AgentServerSettings.model_validate({"agent_description": "of-the-constructor"})

    assert isinstance(settings, BaseSettings)
    assert settings.agent_name == "of-the-file"
    assert settings.model_name == "of-the-environment"
    assert settings.agent_description == "of-the-constructor"
    assert settings.memory_context_limit == 6


def test_a_name_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AGENT_NAME", raising=False)

    with pytest.raises(ValidationError, match="agent_name"):
        AgentServerSettings.model_validate({})


def test_the_core_is_told_what_was_set_and_nothing_else() -> None:
    settings = AgentServerSettings(agent_name="a", memory_enabled=False, agentic_loop_max_steps=3)

    told = variables_of(settings)

    assert told == {"AGENT_NAME": "a", "MEMORY_ENABLED": "false", "AGENTIC_LOOP_MAX_STEPS": "3"}


@pytest.mark.parametrize("text", ["a,b", "[a, b]", '["a", "b"]', " a ,, b "])
def test_a_list_may_be_written_in_several_ways(text: str) -> None:
    assert listed(text) == ["a", "b"]


def test_sub_agents_are_named_urls() -> None:
    assert named_urls("w:http://w:8000/x, bad ,w-2:http://b") == {"w": "http://w:8000/x", "w-2": "http://b"}


def test_addresses_are_found_by_the_name_of_a_peer_or_server() -> None:
    environment = {
        "PEER_AGENT_MY_PEER_CARD_URL": "http://p",
        "PEER_AGENT_A_B_CARD_URL": "http://ab",
        "MCP_SERVER_my-echo_URL": "http://e/",
        "MCP_SERVER_OTHER_ONE_URL": "http://o/mcp",
    }

    assert peer_url("my-peer", environment) == "http://p"
    assert peer_url("a.b", environment) == "http://ab"
    assert mcp_url("my-echo", environment) == "http://e/mcp"
    assert mcp_url("other-one", environment) == "http://o/mcp"
    assert mcp_url("absent", environment) == ""
