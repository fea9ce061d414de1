"""What becomes of a turn when the model does not answer as it should."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conformance.agent import Agent
from conformance.conftest import Agents
from conformance.wire import DONE
from fake_model import (
    CLOSE,
    RESET,
    Accident,
    Reply,
    after,
    answers,
    chunk,
    fails,
    nobody_listens,
    says,
    sends,
    streams,
)

SECRET = "PLANTED-SECRET"
MANY = 20 * 1024 * 1024

BEFORE_THE_FIRST_TOKEN: dict[str, tuple[Reply, str]] = {
    "429": (fails(429, SECRET), "model_rate_limited"),
    "400": (fails(400, SECRET), "model_rejected"),
    "401": (fails(401, SECRET), "model_rejected"),
    "404": (fails(404, SECRET), "model_rejected"),
    "429 in words that are cut within a letter": (answers(429, b"x" + "é".encode() * 1000), "model_rate_limited"),
    "400 with bytes that are no text": (answers(400, b"\xff\xfe" * 10), "model_rejected"),
    "500": (fails(500, SECRET), "model_error"),
    "503 without a body": (answers(503, b""), "model_error"),
    "200 with HTML": (answers(200, f"<h1>{SECRET}</h1>".encode(), Content_Type="text/html"), "model_bad_response"),
    "200 with half a JSON": (answers(200, b'{"id":"m","choices":[{"index":0,"mes'), "model_bad_response"),
    "200 without a choice": (answers(200, {"id": "m", "choices": []}), "model_bad_response"),
    "200 with a choice that is empty": (answers(200, {"choices": [{}]}), "model_bad_response"),
    "200 with the message of another API": (answers(200, {"choices": [{"text": "yes"}]}), "model_bad_response"),
    "200 with content that is no text": (
        answers(200, {"choices": [{"message": {"content": 5}}]}),
        "model_bad_response",
    ),
    "200 with calls that did not come": (
        answers(200, {"choices": [{"message": {"content": None}, "finish_reason": "tool_calls"}]}),
        "model_bad_response",
    ),
    "200 with bytes that are no text": (
        answers(200, b'{"choices":[{"message":{"content":"\xff"}}]}'),
        "model_bad_response",
    ),
    "200 with nothing": (answers(200, b""), "model_bad_response"),
    "200 with 20 MB": (
        answers(200, {"choices": [{"index": 0, "message": {"role": "assistant", "content": "x" * MANY}}]}),
        "model_bad_response",
    ),
    "reset before the answer": (sends(RESET), "model_error"),
    "closed before the answer": (sends(CLOSE), "model_error"),
    "reset in the answer": (sends(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", RESET), "model_error"),
    "no HTTP": (sends(b"SSH-2.0-OpenSSH_9.2\r\n", CLOSE), "model_error"),
}

IN_A_STREAM: dict[str, tuple[tuple[dict[str, Any] | str | Accident, ...], str]] = {
    "reset": ((RESET,), "model_error"),
    "closed": ((CLOSE,), "model_error"),
    "half a JSON chunk": (('{"choices":[{"index":0,"delta":{"content":"Hel',), "model_bad_response"),
    "an error of its own": (({"error": {"message": SECRET, "type": "server_error"}},), "model_error"),
    "a chunk of 20 MB": ((chunk({"content": "x" * MANY}), chunk({}, "stop"), "[DONE]"), "model_bad_response"),
}


@pytest.fixture
def once(agents: Agents) -> Agent:
    """An agent that asks its model once, and whose model has been well until now."""
    agent = agents(PAIS_MODEL_RETRIES="0")
    agent.model.will(says("well"))
    assert agent.stream("hi").contents == ["well"]
    agent.model.forget()
    return agent


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", BEFORE_THE_FIRST_TOKEN)
def test_a_fault_before_the_first_token_has_a_status(once: Agent, session: str, fault: str, stream: bool) -> None:
    reply, code = BEFORE_THE_FIRST_TOKEN[fault]
    once.model.will(reply, says("well again"))

    answer = once.chat("go", stream=stream, session_id=session)

    assert answer.refusal == (502, code)
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.error["type"] == "model_error"
    assert answer.error["param"] is None
    assert answer.json["detail"] == answer.error["message"]
    event = once.events(session)[-1]
    assert event["content"] == answer.error["message"]
    assert event["metadata"]["code"] == code
    assert SECRET not in answer.body.decode() + json.dumps(once.events(session))
    assert once.chat("go", session_id=session).text == "well again"


@pytest.mark.parametrize(("status", "told"), [(429, 429), (401, 401), (503, 503)])
def test_the_status_of_the_model_is_told(once: Agent, status: int, told: int) -> None:
    once.model.will(fails(status))

    assert once.chat("go").error["upstream_status"] == told


@pytest.mark.parametrize("fault", IN_A_STREAM)
def test_a_fault_before_the_first_token_of_a_stream_has_a_status(once: Agent, fault: str) -> None:
    pieces, code = IN_A_STREAM[fault]
    once.model.will(streams(*pieces))

    assert once.chat("go", stream=True).refusal == (502, code)


@pytest.mark.parametrize("fault", IN_A_STREAM)
def test_a_fault_in_mid_stream_is_an_error_event_and_the_end(once: Agent, session: str, fault: str) -> None:
    pieces, code = IN_A_STREAM[fault]
    held = once.model.gate()
    once.model.will(streams(chunk({"content": "It is"}), held, *pieces), says("well again"))

    asking = once.ask("go", stream=True, session_id=session)
    assert asking.next_content() == "It is"
    held.open()
    streamed = asking.rest()

    (error,) = streamed.errors
    assert (error["type"], error["param"], error["code"]) == ("model_error", None, code)
    assert [message.data for message in streamed.messages] == [streamed.messages[0].data, DONE]
    assert [kind for kind, _ in once.told(session)] == ["user_message", "error"]
    assert once.events(session)[-1]["metadata"]["code"] == code
    assert SECRET not in json.dumps([error, *once.events(session)])
    assert once.chat("go", session_id=session).text == "well again"
    assert once.model.last.conversation == [("user", "go")]


@pytest.mark.parametrize("stream", [False, True])
def test_a_model_that_refuses_connections_is_unreachable(agents: Agents, session: str, stream: bool) -> None:
    with nobody_listens() as url:
        agent = agents(MODEL_API_URL=url, PAIS_MODEL_RETRIES="0")

        answer = agent.chat("go", stream=stream, session_id=session)

    assert answer.refusal == (502, "model_unreachable")
    assert url.removeprefix("http://") not in answer.body.decode()
    assert agent.get("/ready").status == 200


@pytest.mark.parametrize("stream", [False, True])
def test_a_model_that_hangs_before_the_first_byte_is_too_slow(agents: Agents, stream: bool) -> None:
    agent = agents(PAIS_MODEL_TIMEOUT_SECONDS="0.3", PAIS_MODEL_RETRIES="0")
    agent.model.will(after(agent.model.gate(), says("late")))

    answer = agent.chat("go", stream=stream)

    assert answer.refusal == (504, "model_timeout")
    assert answer.error["type"] == "model_error"
    agent.model.last.wait_until_closed()


def test_a_model_that_hangs_between_tokens_is_too_slow(agents: Agents) -> None:
    agent = agents(PAIS_MODEL_IDLE_TIMEOUT_SECONDS="0.3", PAIS_MODEL_RETRIES="0")
    agent.model.will(says("It is", agent.model.gate(), " 3."))

    streamed = agent.stream("go")

    assert streamed.contents == ["It is"]
    assert [error["code"] for error in streamed.errors] == ["model_timeout"]
    assert streamed.finish_reasons == []
    agent.model.last.wait_until_closed()


def test_a_stream_that_ends_without_its_end_is_not_taken_for_an_answer(once: Agent) -> None:
    once.model.will(streams(chunk({"content": "It is"})))

    streamed = once.stream("go")

    assert len(streamed.errors) == 1
    assert streamed.finish_reasons == []


def test_a_model_that_keeps_failing_is_left_alone_for_a_while(start_agent: Agents) -> None:
    agent = start_agent(PAIS_MODEL_RETRIES="0")
    agent.model.always(fails(500))

    refusals = {agent.chat("go").refusal for _ in range(20)}

    assert refusals == {(502, "model_error")}
    assert len(agent.model.asked) < 20
