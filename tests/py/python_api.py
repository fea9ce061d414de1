"""Agents and settings for tests of the Python API."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from pais.server import AgentServer
from pais.serverutils import AgentServerSettings

CALLS_ADD = '{"tool_calls": [{"name": "add", "arguments": {"a": 1, "b": 2}}]}'
CALLS_W = '{"tool_calls": [{"name": "delegate_to_w", "arguments": {"task": "T1"}}]}'


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DEBUG_MOCK_RESPONSES", raising=False)


def settings(**more: Any) -> AgentServerSettings:
    return AgentServerSettings(agent_name="calc", **more)


def script(monkeypatch: pytest.MonkeyPatch, *answers: str) -> None:
    monkeypatch.setenv("DEBUG_MOCK_RESPONSES", json.dumps(answers))


def adding(agent: Agent[Any, Any]) -> Agent[Any, Any]:
    def add(a: int, b: int) -> int:
        """Adds two numbers."""
        return a + b

    agent.tool_plain(add)
    return agent


def saying(text: str) -> Agent[None, str]:
    return Agent(FunctionModel(lambda _messages, _info: ModelResponse(parts=[TextPart(text)])))


def failing() -> Agent[None, str]:
    def fail(_messages: list[ModelMessage], _info: AgentInfo) -> ModelResponse:
        raise RuntimeError("out of tea")

    return Agent(FunctionModel(fail))


def events_of(server: AgentServer, session_id: str = "s1") -> list[tuple[str, Any]]:
    events = asyncio.run(server.memory.get_session_events(session_id))
    return [(event.event_type, event.content) for event in events]
