"""DEBUG_MOCK_RESPONSES in all its forms; the model that is configured beside it is never asked."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from conformance.conftest import Agents

END = "[no more mock responses]"
CALL = {"tool_calls": [{"name": "add", "arguments": {"a": 1, "b": 2}}]}


@pytest.mark.parametrize(
    ("script", "answer"),
    [
        ('["first","second"]', "first"),
        ('"quoted"', "quoted"),
        ("5", "5"),
        ("true", "true"),
        ("[7]", "7"),
        ("just words", "just words"),
        ('{"tool_calls": []}', '{"tool_calls": []}'),
        ('["{\\"tool_calls\\": []}"]', '{"tool_calls": []}'),
        ('{"half', '{"half'),
        ("[]", END),
        (json.dumps([json.dumps(CALL), "It is 3."]), "It is 3."),
        (json.dumps([CALL, "It is 3."]), "It is 3."),
        (json.dumps(CALL), END),
        (json.dumps([CALL]), END),
    ],
)
def test_each_form_of_a_script_gives_its_answer_in_every_turn(agents: Agents, script: str, answer: str) -> None:
    agent = agents(DEBUG_MOCK_RESPONSES=script)

    assert agent.chat("go").text == answer
    assert agent.stream("go").contents[-1] == answer, "the script restarts"


def test_calls_of_a_script_are_read_in_all_their_forms(agents: Agents, session: str) -> None:
    script = [
        {"tool_calls": [{"name": "a", "arguments": '{"x":1}', "id": "c1"}, {"name": "b", "arguments": "{broken"}]},
        "done",
    ]
    agent = agents(DEBUG_MOCK_RESPONSES=json.dumps(script))

    assert agent.chat("go", session_id=session).text == "done"

    calls = [content for kind, content in agent.told(session) if kind == "tool_call"]
    assert calls == [{"tool": "a", "arguments": {"x": 1}}, {"tool": "b", "arguments": {}}]


def test_progress_and_step_limit_apply_to_a_script(agents: Agents) -> None:
    agent = agents(DEBUG_MOCK_RESPONSES=json.dumps([CALL, "It is 3."]), AGENTIC_LOOP_MAX_STEPS="1")

    streamed = agent.stream("go")

    assert [json.loads(each)["target"] for each in streamed.contents] == ["add"]
    assert [error["code"] for error in streamed.errors] == ["step_limit_exceeded"]


def test_a_scripted_answer_is_one_delta(agents: Agents) -> None:
    agent = agents(DEBUG_MOCK_RESPONSES='["It is 3, I think."]')

    assert agent.stream("go").contents == ["It is 3, I think."]


def test_a_scripted_answer_with_a_delay_comes_word_by_word(agents: Agents) -> None:
    agent = agents(DEBUG_MOCK_RESPONSES='["It is 3,  I\\nthink. "]', PAIS_MOCK_DELAY_MS="1")

    contents = agent.stream("go").contents

    assert len(contents) == 5
    assert "".join(contents) == "It is 3,  I\nthink. "


def test_usage_of_a_script_is_never_zero(agents: Agents) -> None:
    agent = agents(DEBUG_MOCK_RESPONSES='["first","second"]')

    usage = agent.chat("go").json["usage"]

    assert usage["prompt_tokens"] > 0
    assert usage["completion_tokens"] > 0
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def test_parallel_turns_have_a_script_each(agents: Agents) -> None:
    agent = agents(DEBUG_MOCK_RESPONSES=json.dumps([CALL, "It is 3."]))

    with ThreadPoolExecutor(8) as clients:
        answers = list(clients.map(lambda _: agent.chat("go").text, range(32)))

    assert answers == ["It is 3."] * 32


def test_a_script_is_enough_to_be_ready(agents: Agents) -> None:
    agent = agents(DEBUG_MOCK_RESPONSES="hello", MODEL_API_URL="", MODEL_NAME="")

    assert agent.get("/ready").status == 200
    assert agent.chat("go").text == "hello"
