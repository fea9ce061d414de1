"""Servers that are no bad servers, but no textbook either."""

from __future__ import annotations

import json

import pytest

from conformance.agent import Agent
from conformance.conftest import Agents
from fake_model import CLOSE, Call, FakeModel, Usage, answers, calls, chunk, says, sends, streams

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize("path", ["", "/", "/v1", "/v1/", "/proxy", "/proxy/v1", "/v1/chat/completions"])
def test_v1_is_added_to_the_address_where_it_is_missing(start_agent: Agents, agents: Agents, path: str) -> None:
    model = agents().model
    agent = start_agent(MODEL_API_URL=model.url + path)
    model.will(says("yes"))

    assert agent.chat("hi").text == "yes"
    assert (
        model.last.path
        == path.rstrip("/").removesuffix("/chat/completions").removesuffix("/v1") + "/v1/chat/completions"
    )


def test_a_refusal_is_an_answer(agent: Agent, model: FakeModel) -> None:
    message = {"role": "assistant", "content": None, "refusal": "I would rather not."}
    model.will(answers(200, {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}))

    assert agent.chat("hi").text == "I would rather not."


def test_usage_beyond_all_numbers_is_over_every_budget(agents: Agents) -> None:
    agent = agents(PAIS_RUN_MAX_TOKENS="10")
    huge = 9_000_000_000_000_000_000
    agent.model.will(calls(Call("a"), usage=Usage(huge, huge)))

    assert agent.chat("hi").refusal == (500, "budget_exceeded")


def test_a_stream_without_usage_counts_nothing(agent: Agent, model: FakeModel) -> None:
    model.will(says("yes", usage=None))

    last = agent.stream("hi", stream_options={"include_usage": True}).chunks[-1]

    assert last["usage"] == {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}


def test_usage_in_the_last_chunk_with_a_choice_counts(agent: Agent, model: FakeModel) -> None:
    usage = {"prompt_tokens": 4, "completion_tokens": 1, "total_tokens": 5}
    model.will(streams(chunk({"content": "yes"}), {**chunk({}, "stop"), "usage": usage}, "[DONE]"))

    assert agent.stream("hi", stream_options={"include_usage": True}).chunks[-1]["usage"] == usage


def test_usage_that_grows_from_chunk_to_chunk_is_not_added_up(agent: Agent, model: FakeModel) -> None:
    def counted(tokens: int) -> dict[str, object]:
        usage = {"prompt_tokens": 4, "completion_tokens": tokens, "total_tokens": 4 + tokens}
        return {**chunk({"content": "a"}), "usage": usage}

    model.will(streams(counted(1), counted(2), counted(3), chunk({}, "stop"), "[DONE]"))

    last = agent.stream("hi", stream_options={"include_usage": True}).chunks[-1]
    assert last["usage"]["completion_tokens"] == 3


def test_a_plain_answer_where_a_stream_was_asked_for_is_an_answer(agent: Agent, model: FakeModel) -> None:
    body = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "yes"}, "finish_reason": "stop"}]}
    model.will(answers(200, body))

    streamed = agent.stream("hi")

    assert streamed.contents == ["yes"]
    assert streamed.finish_reasons == ["stop"]


def test_tokens_that_arrive_together_are_passed_on_one_by_one(agent: Agent, model: FakeModel) -> None:
    events = [chunk({"content": token}) for token in ("a", "b", "c")] + [chunk({}, "stop")]
    whole = b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)
    model.will(sends(HEAD, whole + b"data: [DONE]\n\n", CLOSE))

    assert agent.stream("hi").contents == ["a", "b", "c"]


def test_a_stream_may_be_cut_into_bytes(agent: Agent, model: FakeModel) -> None:
    event = json.dumps(chunk({"content": "Grüße 🦜"}), ensure_ascii=False)
    whole = f": hello\r\n\r\ndata: {event}\r\n\r\ndata: {json.dumps(chunk({}, 'stop'))}\r\n\r\ndata: [DONE]\r\n\r\n"
    model.will(sends(HEAD, *(bytes([byte]) for byte in whole.encode()), CLOSE))

    assert agent.stream("hi").contents == ["Grüße 🦜"]


def test_a_stream_may_end_without_done(agent: Agent, model: FakeModel) -> None:
    model.will(streams(chunk({"content": "yes"}), chunk({}, "stop")))

    streamed = agent.stream("hi")

    assert streamed.contents == ["yes"]
    assert streamed.finish_reasons == ["stop"]


def test_an_answer_is_over_when_the_model_says_so(agents: Agents) -> None:
    agent = agents(PAIS_SSE_KEEPALIVE_SECONDS="0")
    left_open = agent.model.gate()
    agent.model.will(streams(chunk({"content": "yes"}), chunk({}, "stop"), "[DONE]", left_open))

    streamed = agent.stream("hi")

    assert streamed.contents == ["yes"]
    assert streamed.finish_reasons == ["stop"]
    assert not left_open.opened.done()


def test_null_in_deltas_says_nothing(agent: Agent, model: FakeModel) -> None:
    nothing = {"role": "assistant", "content": None, "tool_calls": None, "reasoning_content": None}
    model.will(streams(chunk(nothing), chunk({"content": "yes", "tool_calls": []}), chunk(nothing, "stop"), "[DONE]"))

    assert agent.stream("hi").contents == ["yes"]
