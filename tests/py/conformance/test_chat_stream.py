"""The streamed answer, message for message."""

from __future__ import annotations

from typing import Any

import openai
import pytest

from conformance.agent import Agent
from conformance.conftest import Agents
from conformance.wire import DONE
from fake_model import Call, FakeModel, Usage, after, calls, fails, says


def test_a_stream_is_role_then_tokens_then_finish_then_done(agent: Agent, model: FakeModel) -> None:
    model.will(says("It", " is", " 3."))

    streamed = agent.stream("1+2?", model="gpt-x")

    choices = [chunk["choices"] for chunk in streamed.chunks]
    assert choices == [
        [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}],
        [{"index": 0, "delta": {"content": "It"}, "finish_reason": None}],
        [{"index": 0, "delta": {"content": " is"}, "finish_reason": None}],
        [{"index": 0, "delta": {"content": " 3."}, "finish_reason": None}],
        [{"index": 0, "delta": {}, "finish_reason": "stop"}],
    ]
    assert streamed.messages[-1].data == DONE
    assert not any("usage" in chunk for chunk in streamed.chunks)


def test_all_chunks_of_a_stream_say_the_same_of_it(agent: Agent, model: FakeModel, session: str) -> None:
    model.will(says("a", "b"))

    streamed = agent.stream("hi", session_id=session, model="gpt-x")

    frames = {(chunk["id"], chunk["object"], chunk["created"], chunk["model"]) for chunk in streamed.chunks}
    assert len(frames) == 1
    (frame,) = frames
    assert frame[:2] == (session, "chat.completion.chunk")
    assert frame[3] == "gpt-x"


def test_the_head_of_a_stream_suits_proxies_and_pages(agent: Agent, model: FakeModel, session: str) -> None:
    model.will(says("a"))

    head = agent.ask("hi", stream=True, session_id=session).response.headers

    assert head["Content-Type"] == "text/event-stream; charset=utf-8"
    assert head["Cache-Control"] == "no-cache"
    assert head["X-Accel-Buffering"] == "no"
    assert head["Connection"] == "keep-alive"
    assert head["Access-Control-Allow-Origin"] == "*"
    assert head["Access-Control-Allow-Headers"] == "*"
    assert head["X-Session-ID"] == session
    assert head["X-Run-ID"].startswith("run_")


def test_usage_is_told_last_when_it_is_wanted(agent: Agent, model: FakeModel) -> None:
    model.will(calls(Call("nowhere"), usage=Usage(10, 3)), says("done", usage=Usage(20, 5)))

    streamed = agent.stream("hi", stream_options={"include_usage": True})

    *others, last = streamed.chunks
    assert all(chunk["usage"] is None and len(chunk["choices"]) == 1 for chunk in others)
    assert last["choices"] == []
    assert last["usage"] == {"prompt_tokens": 30, "completion_tokens": 8, "total_tokens": 38}


def test_the_model_is_asked_for_a_stream_with_usage(agent: Agent, model: FakeModel) -> None:
    model.will(says("a"))

    agent.stream("hi")

    assert model.last.body["stream"] is True
    assert model.last.body["stream_options"] == {"include_usage": True}


def test_the_openai_client_reads_a_stream(client: openai.OpenAI, model: FakeModel) -> None:
    model.will(says("It", " is", " 3.", usage=Usage(4, 3)))

    chunks = list(
        client.chat.completions.create(
            model="calc",
            messages=[{"role": "user", "content": "1+2?"}],
            stream=True,
            stream_options={"include_usage": True},
        )
    )

    assert [chunk.choices[0].delta.role for chunk in chunks if chunk.choices] == ["assistant", None, None, None, None]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "It is 3."
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens == 7


def test_the_openai_clients_stream_helper_adds_up_a_stream(client: openai.OpenAI, model: FakeModel) -> None:
    model.will(says("It", " is", " 3."))

    with client.chat.completions.stream(model="calc", messages=[{"role": "user", "content": "1+2?"}]) as stream:
        stream.until_done()
        completion = stream.get_final_completion()

    assert completion.choices[0].message.role == "assistant"
    assert completion.choices[0].message.content == "It is 3."


@pytest.mark.parametrize("reason", ["length", "content_filter"])
def test_the_models_reason_to_finish_is_streamed(agent: Agent, model: FakeModel, reason: str) -> None:
    model.will(says("and so", finish=reason))

    assert agent.stream("hi").finish_reasons == [reason]


def test_an_answer_without_words_is_a_stream_without_content(agent: Agent, model: FakeModel) -> None:
    model.will(says())

    streamed = agent.stream("hi")

    assert streamed.contents == []
    assert streamed.finish_reasons == ["stop"]
    assert streamed.messages[-1].data == DONE


def test_every_character_survives_a_stream(agent: Agent, model: FakeModel) -> None:
    words = ["Grüße", ' "日本" ', "🦜", "\n\n", "\u2028", "data: x\n\n", "\x00"]
    model.will(says(*words))

    assert agent.stream("hi").contents == words


@pytest.mark.parametrize(("wish", "streams"), [(True, True), ("true", True), (False, False), ("false", False)])
def test_stream_is_a_bool_or_its_name(agent: Agent, model: FakeModel, wish: Any, streams: bool) -> None:
    model.will(says("a"))

    answer = agent.chat("hi", stream=wish)

    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/event-stream" if streams else "application/json")


@pytest.mark.parametrize("wish", ["yes", "", 1, 0, [], {}, [True]])
def test_any_other_stream_is_refused(agent: Agent, wish: Any) -> None:
    answer = agent.chat("hi", stream=wish)

    assert answer.refusal == (400, "invalid_value")
    assert answer.error["param"] == "stream"


def test_a_token_is_passed_on_before_the_next_one_is_there(agent: Agent, model: FakeModel) -> None:
    held = model.gate()
    model.will(says("one", held, "two"))

    asking = agent.ask("hi", stream=True)

    assert asking.next_content() == "one"
    held.open()
    assert asking.rest().contents == ["two"]


def test_a_stream_with_nothing_to_say_opens_in_time_for_proxies_and_is_kept_alive(agents: Agents) -> None:
    agent = agents(PAIS_STREAM_COMMIT_SECONDS="0.05", PAIS_SSE_KEEPALIVE_SECONDS="0.05")
    held = agent.model.gate()
    agent.model.will(after(held, says("late")))

    asking = agent.ask("hi", stream=True)

    assert next(iter(asking)).delta == {"role": "assistant", "content": ""}
    assert asking.next_comment() == ": keep-alive"
    held.open()
    assert asking.rest().contents == ["late"]


def test_a_failure_after_the_stream_was_opened_for_proxies_is_an_error_event(agents: Agents) -> None:
    agent = agents(PAIS_STREAM_COMMIT_SECONDS="0.05", PAIS_SSE_KEEPALIVE_SECONDS="0.05")
    held = agent.model.gate()
    agent.model.will(after(held, fails(401)))

    asking = agent.ask("hi", stream=True)
    next(iter(asking))
    held.open()
    streamed = asking.rest()

    assert [error["code"] for error in streamed.errors] == ["model_rejected"]
    assert streamed.messages[-1].data == DONE
    assert streamed.finish_reasons == []
