"""The plain answer."""

from __future__ import annotations

import http.client
import re
import time

import openai
import pytest

from conformance.agent import CHAT, Agent
from conformance.conftest import Agents
from fake_model import Call, FakeModel, Usage, calls, says


def test_an_answer_has_the_members_that_openai_clients_read(agent: Agent, model: FakeModel) -> None:
    model.will(says("Hello", " there."))

    answer = agent.chat("hi", model="gpt-x")

    assert answer.status == 200
    told = answer.json
    assert abs(told.pop("created") - time.time()) < 60
    session = told.pop("id")
    assert re.fullmatch(r"session_[0-9a-f]{12}", session)
    assert told == {
        "object": "chat.completion",
        "model": "gpt-x",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "Hello there."}, "finish_reason": "stop"},
        ],
        "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7},
        "session_id": session,
    }


def test_an_answer_names_its_session_run_and_request_in_headers(agent: Agent, model: FakeModel) -> None:
    model.always(says("yes"))

    answer = agent.chat("hi")
    with_own_id = agent.chat("hi", headers={"X-Request-ID": "mine-7"})

    assert answer.headers["Content-Type"] == "application/json"
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    assert answer.headers["X-Session-ID"] == answer.json["id"]
    assert re.fullmatch(r"run_[0-9a-f]{12}", answer.headers["X-Run-ID"])
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["X-Request-ID"])
    assert with_own_id.headers["X-Request-ID"] == "mine-7"


def test_the_openai_client_reads_an_answer(client: openai.OpenAI, model: FakeModel) -> None:
    model.will(says("Hello."))

    completion = client.chat.completions.create(model="calc", messages=[{"role": "user", "content": "hi"}])

    assert completion.choices[0].message.content == "Hello."
    assert completion.choices[0].message.tool_calls is None
    assert completion.usage is not None
    assert completion.usage.total_tokens == 7


def test_the_model_is_asked_with_instructions_and_prompt(agent: Agent, model: FakeModel) -> None:
    model.will(says("yes"))

    agent.chat("hi", model="another")

    asked = model.last
    assert asked.path == "/v1/chat/completions"
    assert asked.headers["authorization"] == "Bearer not-needed"
    assert asked.body["model"] == "fake-1"
    assert not asked.body.get("stream")
    assert not asked.body.get("tools")
    assert "tool_choice" not in asked.body
    assert asked.messages == [
        {"role": "system", "content": "You are a helpful assistant."},
        {"role": "user", "content": "hi"},
    ]


def test_the_key_of_the_model_is_sent_to_it(agents: Agents) -> None:
    agent = agents(MODEL_API_KEY="sk-planted")
    agent.model.will(says("yes"))

    agent.chat("hi")

    assert agent.model.last.headers["authorization"] == "Bearer sk-planted"
    assert "sk-planted" not in agent.output


def test_the_model_of_the_request_is_echoed_and_absent_it_is_agent(agent: Agent, model: FakeModel) -> None:
    model.always(says("yes"))

    assert agent.chat("hi", model="Käse/7b").json["model"] == "Käse/7b"
    assert agent.chat("hi").json["model"] == "agent"
    assert agent.chat("hi", model=None).json["model"] == "agent"


def test_usage_is_summed_over_the_steps_of_a_turn(agent: Agent, model: FakeModel) -> None:
    model.will(calls(Call("nowhere"), usage=Usage(10, 3, cached=4)), says("done", usage=Usage(20, 5, cached=8)))

    usage = agent.chat("hi").json["usage"]

    assert usage == {
        "prompt_tokens": 30,
        "completion_tokens": 8,
        "total_tokens": 38,
        "prompt_tokens_details": {"cached_tokens": 12},
    }


def test_a_model_that_counts_no_tokens_gives_zeros(agent: Agent, model: FakeModel) -> None:
    model.will(says("yes", usage=None))

    usage = agent.chat("hi").json["usage"]

    assert usage == {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}


@pytest.mark.parametrize("reason", ["stop", "length", "content_filter"])
def test_the_models_reason_to_finish_is_told(agent: Agent, model: FakeModel, reason: str) -> None:
    model.will(says("and so", finish=reason))

    assert agent.chat("hi").json["choices"][0]["finish_reason"] == reason


def test_an_answer_without_words_is_an_empty_string(agent: Agent, model: FakeModel) -> None:
    model.will(says())

    assert agent.chat("hi").text == ""


def test_every_character_survives(agent: Agent, model: FakeModel) -> None:
    words = 'Grüße "日本" 🦜 \\ \n\t\u2028 \x00 end'
    model.will(says(words))

    answer = agent.chat(words)

    assert answer.text == words
    assert model.last.prompt == words


def test_an_id_of_its_own_is_given_where_tools_need_one(agents: Agents, session: str) -> None:
    agent = agents(PAIS_RESPONSE_ID="chatcmpl")
    agent.model.always(says("yes"))

    first = agent.chat("hi", session_id=session)
    second = agent.chat("hi", session_id=session)

    assert first.json["id"] == f"chatcmpl-{first.headers['X-Run-ID']}"
    assert first.json["id"] != second.json["id"]
    assert first.json["session_id"] == second.json["session_id"] == session


def test_a_connection_serves_plain_and_streamed_answers_one_after_another(agent: Agent, model: FakeModel) -> None:
    model.always(says("yes"))
    connection = http.client.HTTPConnection(agent.url.removeprefix("http://"), timeout=30)
    try:
        for stream in ("false", "true", "false"):
            body = '{"messages":[{"role":"user","content":"hi"}],"stream":' + stream + "}"
            connection.request("POST", CHAT, body)
            response = connection.getresponse()
            socket = connection.sock

            assert response.status == 200
            assert b"yes" in response.read()
            assert connection.sock is socket, "the connection was closed"
    finally:
        connection.close()
