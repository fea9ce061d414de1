"""One turn of an AgentServer without HTTP, as tests of existing agents drive it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from pydantic_ai import Agent, ToolOutput
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.models.test import TestModel
from pydantic_ai.tools import RunContext

from pais.memory import LocalMemory
from pais.server import AgentServer, create_agent_server
from pais.serverutils import AgentDeps
from python_api import CALLS_ADD, adding, events_of, failing, plain_environment, saying, script, settings  # noqa: F401 (a fixture)


def processed(server: AgentServer, message: Any, session_id: str = "s1", stream: bool = False) -> list[str]:
    async def process() -> list[str]:
        return [text async for text in server._process_message(message, session_id, stream=stream)]

    return asyncio.run(process())


def test_a_turn_gives_its_answer_and_is_remembered() -> None:
    server = AgentServer(saying("hi"), settings(), memory=LocalMemory())

    assert processed(server, "hello") == ["hi"]
    assert events_of(server) == [("user_message", "hello"), ("agent_response", "hi")]


def test_a_streamed_turn_tells_its_progress_first(monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, CALLS_ADD, "It is 3.")
    server = create_agent_server(settings(), custom_agent=adding(Agent("test")))

    progress, answer = processed(server, "1+2?", stream=True)

    assert progress == '{"type": "progress", "step": 1, "max_steps": 5, "action": "tool_call", "target": "add"}'
    assert answer == "It is 3."
    assert events_of(server) == [
        ("user_message", "1+2?"),
        ("tool_call", {"tool": "add", "arguments": {"a": 1, "b": 2}}),
        ("tool_result", {"tool": "add", "result": 3}),
        ("agent_response", "It is 3."),
    ]


def test_progress_tells_of_tools_whose_names_begin_like_pydantic_ai_s_own() -> None:
    agent = Agent("test")

    @agent.tool_plain
    def final_results_of(year: int) -> str:
        return "Brazil"

    progress, answer = processed(AgentServer(agent, settings()), "1970?", stream=True)

    assert json.loads(progress)["target"] == "final_results_of"
    assert answer == '{"final_results_of":"Brazil"}'


def test_what_delivers_an_answer_is_no_tool_whatever_it_is_called() -> None:
    model = TestModel(custom_output_args=3, call_tools=["final_result_of"])
    agent = Agent(model, output_type=ToolOutput(int, name="book"))

    @agent.tool_plain
    def final_result_of() -> str:
        return "Brazil"

    server = AgentServer(agent, settings(), memory=LocalMemory())

    assert processed(server, "1970?") == ["3"]
    assert events_of(server) == [
        ("user_message", "1970?"),
        ("tool_call", {"tool": "final_result_of", "arguments": {}}),
        ("tool_result", {"tool": "final_result_of", "result": "Brazil"}),
        ("agent_response", "3"),
    ]


def test_a_turn_begins_the_script_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, "first", "second")
    server = create_agent_server(settings())

    assert [processed(server, "hello"), processed(server, "hello")] == [["first"], ["first"]]


def test_the_next_turn_knows_what_was_said() -> None:
    heard: list[int] = []

    def listen(messages: list[ModelMessage], _info: AgentInfo) -> ModelResponse:
        heard.append(len(messages))
        return ModelResponse(parts=[TextPart("hi")])

    server = AgentServer(Agent(FunctionModel(listen)), settings(), memory=LocalMemory())
    for _ in range(2):
        processed(server, "hello")

    assert heard == [1, 3]


def test_work_of_another_agent_is_remembered_as_such() -> None:
    server = AgentServer(saying("done"), settings(), memory=LocalMemory())

    processed(server, [{"role": "user", "content": "context"}, {"role": "task-delegation", "content": "do it"}])

    assert events_of(server)[0] == ("task_delegation_received", "do it")


def test_a_tool_finds_the_session_and_the_memory_in_such_a_turn_too() -> None:
    seen: list[AgentDeps] = []
    agent = Agent("test", deps_type=AgentDeps)

    @agent.tool
    def look(context: RunContext[AgentDeps]) -> str:
        seen.append(context.deps)
        return "seen"

    server = AgentServer(agent, settings(), memory=LocalMemory())
    processed(server, "hello", "s7")

    assert seen == [AgentDeps("s7", server.memory)]


def test_a_failure_is_told_as_text_and_stored_as_an_error(caplog: pytest.LogCaptureFixture) -> None:
    server = AgentServer(failing(), settings(), memory=LocalMemory())

    (text,) = processed(server, "tea?")

    assert "error" in text
    assert events_of(server) == [("user_message", "tea?"), ("error", "out of tea")]
    assert "out of tea" in caplog.text


def test_the_step_limit_of_the_settings_holds() -> None:
    def go_on(_messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        from pydantic_ai.messages import ToolCallPart

        return ModelResponse(parts=[ToolCallPart(info.function_tools[0].name, {"a": 1, "b": 1})])

    server = AgentServer(adding(Agent(FunctionModel(go_on))), settings(agentic_loop_max_steps=2), memory=LocalMemory())

    assert "error" in processed(server, "go")[0]
    assert [kind for kind, _ in events_of(server)].count("tool_call") == 2
