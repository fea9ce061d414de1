"""What a chat request may be, and what is refused with its place named."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest

from conformance.agent import CHAT, Agent
from fake_model import FakeModel, says

PIXEL = "data:image/png;base64,iVBORw0KGgo="


def user(content: Any) -> list[Any]:
    return [{"role": "user", "content": content}]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "bad_json"),
        (b"{", "bad_json"),
        (b"[]", "bad_json"),
        (b'"hi"', "bad_json"),
        (b'{"messages":' + b"[" * 65 + b"]" * 65 + b"}", "bad_json"),
        (b'{"messages":[{"role":"user","content":"\xff"}]}', "bad_json"),
        ({}, "messages_required"),
        ({"messages": None}, "messages_required"),
        ({"messages": []}, "messages_required"),
        ({"messages": "hi"}, "messages_required"),
        ({"messages": {"role": "user"}}, "messages_required"),
        ({"messages": ["hi"]}, "messages_required"),
        ({"messages": [{"role": "system", "content": "be kind"}]}, "no_prompt"),
        ({"messages": [{"content": "nobody said so"}]}, "no_prompt"),
        ({"messages": [{"role": 7, "content": "hi"}]}, "no_prompt"),
    ],
)
def test_what_is_no_chat_request_is_refused_with_its_code(agent: Agent, body: Any, code: str) -> None:
    answer = agent.post(body)

    assert answer.refusal == (400, code)
    assert set(answer.error) >= {"message", "type", "param", "code"}
    assert answer.error["type"] == "invalid_request_error"
    assert answer.json["detail"] == answer.error["message"]
    assert answer.headers["x-should-retry"] == "false"


def test_a_body_of_very_many_values_is_too_large(agent: Agent) -> None:
    body = b'{"messages":[' + b"{}," * 100_000 + b'{"role":"user","content":"hi"}]}'

    assert agent.post(body).refusal == (413, "payload_too_large")


def test_a_bad_request_for_a_stream_is_refused_as_plain_json(agent: Agent) -> None:
    answer = agent.post({"stream": True})

    assert answer.refusal == (400, "messages_required")
    assert answer.headers["Content-Type"] == "application/json"


def test_the_sentences_of_earlier_servers_are_kept(agent: Agent) -> None:
    assert agent.post({}).json["detail"] == "messages are required"
    assert agent.chat([{"role": "assistant", "content": "hi"}]).json["detail"] == (
        "No user or task-delegation message found"
    )


def test_what_the_agent_does_not_know_is_tolerated(agent: Agent, model: FakeModel) -> None:
    model.will(says("yes"))

    answer = agent.chat(
        "hi",
        user="u1",
        metadata={"a": 1},
        store=False,
        n=2,
        tools=[{"type": "function", "function": {"name": "f", "parameters": {}}}],
        tool_choice="auto",
        response_format={"type": "text"},
        chat_id="c1",
        features={"web_search": True},
        parallel_tool_calls=True,
        logprobs=None,
    )

    assert answer.text == "yes"
    assert len(answer.json["choices"]) == 1
    assert "tools" not in model.last.body
    assert "chat_id" not in model.last.body


def test_the_content_type_of_a_request_is_not_looked_at(agent: Agent, model: FakeModel) -> None:
    model.will(says("yes"))

    answer = agent.post({"messages": user("hi")}, headers={"Content-Type": "text/plain"})

    assert answer.text == "yes"


def test_parts_of_text_are_joined_by_lines(agent: Agent, model: FakeModel, session: str) -> None:
    model.will(says("yes"))

    agent.chat(user([{"type": "text", "text": "one"}, "two", {"type": "text", "text": "three"}]), session_id=session)

    assert model.last.prompt == "one\ntwo\nthree"
    assert agent.told(session)[0] == ("user_message", "one\ntwo\nthree")


@pytest.mark.parametrize("content", [None, "", []])
def test_a_prompt_may_be_empty(agent: Agent, model: FakeModel, content: Any) -> None:
    model.will(says("yes"))

    assert agent.chat(user(content)).text == "yes"
    assert model.last.messages[-1] == {"role": "user", "content": ""}


@pytest.mark.parametrize("url", [PIXEL, "https://pictures.example/cat.png", "http://pictures.example/cat.png"])
def test_an_image_goes_to_the_model_and_is_remembered_as_a_mark(
    agent: Agent, model: FakeModel, session: str, url: str
) -> None:
    model.will(says("A cat."))

    parts = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": url}}]
    agent.chat(user(parts), session_id=session)

    sent = model.last.messages[-1]["content"]
    assert [part["type"] for part in sent] == ["text", "image_url"]
    assert sent[0]["text"] == "What is this?"
    assert sent[1]["image_url"]["url"] == url
    assert agent.told(session)[0] == ("user_message", "What is this?\n[image]")


@pytest.mark.parametrize("kind", ["input_audio", "file", "video_url", "refusal"])
def test_content_of_another_kind_is_refused_with_its_place(agent: Agent, kind: str) -> None:
    answer = agent.chat(
        [{"role": "system", "content": "s"}, *user([{"type": "text", "text": "a"}, {"type": kind, kind: {}}])]
    )

    assert answer.refusal == (400, "unsupported_content")
    assert answer.error["param"] == "messages[1].content[1]"


def test_a_long_message_reaches_the_model_whole(agent: Agent, model: FakeModel) -> None:
    model.will(says("yes"))
    text = "0123456789abcdef" * 65_536

    agent.chat(text)

    assert model.last.prompt == text


def test_a_body_over_ten_megabytes_is_refused(agent: Agent) -> None:
    answer = agent.post(b" " * (10 * 1024 * 1024 + 1))

    assert answer.refusal == (413, "payload_too_large")


def test_paths_and_methods_that_are_not_there_are_refused_in_the_same_form(agent: Agent) -> None:
    nowhere = agent.get("/v1/nowhere")
    wrong_method = agent.get(CHAT)

    assert nowhere.refusal == (404, "not_found")
    assert nowhere.json["detail"] == "Not Found"
    assert wrong_method.refusal == (405, "method_not_allowed")
    assert wrong_method.json["detail"] == "Method Not Allowed"
    assert "POST" in wrong_method.headers["Allow"]


def test_the_openai_client_raises_its_error_for_a_bad_request(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(model="calc", messages=[{"role": "user", "content": "a"}], temperature="hot")  # type: ignore[call-overload]

    assert refused.value.param == "temperature"
    assert refused.value.code == "invalid_value"
    assert json.loads(refused.value.response.text)["detail"]
