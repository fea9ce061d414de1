"""Models that use the id of a call again: each call is one of its own."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from openai import OpenAI
from pydantic_ai import Agent

from pais.testing import ServeAgent, calls

TWICE = '{"tool_calls": [{"name": "add", "arguments": {"a": 2}}, {"name": "add", "arguments": {"a": 3}}]}'
CALLED = ["tool_call_requested", "tool_call_started", "tool_call_ended"]


@pytest.mark.parametrize("stream", [False, True])
def test_each_call_is_told_of_and_remembered(serve_agent: ServeAgent, stream: bool) -> None:
    agent = Agent("test")

    @agent.tool_plain
    def add(a: int) -> int:
        return a + 1

    served = serve_agent(agent, answers=[calls("add", a=1), TWICE, "done"])  # scripted calls are all called mock_add

    with OpenAI(base_url=served.base_url, api_key="none") as client:
        messages: list[Any] = [{"role": "user", "content": "go"}]
        said = client.chat.completions.create(
            model="agent", messages=messages, stream=stream, extra_body={"session_id": "s"}
        )
        if stream:
            assert list(said)[-1].choices[0].finish_reason == "stop"
        else:
            assert said.choices[0].message.content == "done"

    told = [event["what"] for event in served.events if event["what"] in CALLED]
    assert [told.count(kind) for kind in CALLED] == [3, 3, 3]
    remembered = [event["content"] for event in served.conversation("s") if event["event_type"].startswith("tool_")]
    assert sorted(content["result"] for content in remembered if "result" in content) == [2, 3, 4]
    assert sorted(content["arguments"]["a"] for content in remembered if "arguments" in content) == [1, 2, 3]


def test_a_call_has_not_failed_because_an_earlier_one_was_stopped(serve_agent: ServeAgent) -> None:
    agent = Agent("test")

    @agent.tool_plain
    async def add(a: int) -> int:
        if a == 1:
            await asyncio.Event().wait()
        return a + 1

    answers = [calls("add", a=1), calls("add", a=2), "done"]
    served = serve_agent(agent, answers=answers, PAIS_TOOL_TIMEOUT_SECONDS="0.1")

    assert served.ask("go") == "done"
    assert [event["is_error"] for event in served.events if event["what"] == "tool_call_ended"] == [True, False]
