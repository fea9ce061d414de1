"""Tool calls, as far as they show on an agent that has no tools: announced, answered to the model, remembered."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conformance.agent import Agent
from conformance.conftest import Agents, Connect
from fake_model import Call, FakeModel, Usage, calls, chunk, says, streams


def progress(target: str, step: int = 1, action: str = "tool_call", most: int = 5) -> str:
    """To the byte: some readers match on parts of it."""
    return (
        f'{{"type": "progress", "step": {step}, "max_steps": {most}, '
        f'"action": "{action}", "target": {json.dumps(target)}}}'
    )


def results(body: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["tool_call_id"], each["content"]) for each in body["messages"] if each["role"] == "tool"]


def test_a_call_is_announced_in_the_stream_before_the_answer(agent: Agent, model: FakeModel) -> None:
    model.will(calls(Call("add", '{"a":1,"b":2}')), says("It is", " 3."))

    assert agent.stream("1+2?").contents == [progress("add"), "It is", " 3."]


def test_a_plain_answer_has_no_progress_in_it(agent: Agent, model: FakeModel) -> None:
    model.will(calls(Call("add")), says("It is 3."))

    assert agent.chat("1+2?").text == "It is 3."


def test_parallel_calls_share_a_step_and_the_next_answer_takes_another(agent: Agent, model: FakeModel) -> None:
    model.will(calls(Call("a", id="c1"), Call("b", id="c2")), calls(Call("c", id="c3")), says("done"))

    assert agent.stream("go").contents == [progress("a"), progress("b"), progress("c", step=2), "done"]


def test_the_step_limit_is_told_with_progress(agents: Agents) -> None:
    agent = agents(AGENTIC_LOOP_MAX_STEPS="9")
    agent.model.will(calls(Call("a")), says("done"))

    assert agent.stream("go").contents[0] == progress("a", most=9)


def test_a_call_of_another_agent_is_announced_as_delegation(agent: Agent, model: FakeModel) -> None:
    model.will(calls(Call("delegate_to_my-helper", '{"task":"x"}')), says("done"))

    assert agent.stream("go").contents == [progress("my-helper", action="delegate"), "done"]


def test_any_name_is_announced_as_text_of_json(agent: Agent, model: FakeModel) -> None:
    model.will(calls(Call('say "hi"\n')), says("done"))

    told = json.loads(agent.stream("go").contents[0])

    assert told["target"] == 'say "hi"\n'


def test_progress_can_be_an_event_of_its_own(agents: Agents) -> None:
    agent = agents(PAIS_PROGRESS="event")
    agent.model.will(calls(Call("add")), says("done"))

    streamed = agent.stream("go")

    (named,) = [each for each in streamed.messages if each.event]
    assert named.event == "progress"
    assert named.data.startswith(progress("add").removesuffix("}") + ", ")
    assert streamed.contents == ["done"]
    assert streamed.messages[0].delta == {"role": "assistant", "content": ""}


def test_progress_can_be_off(agents: Agents) -> None:
    agent = agents(PAIS_PROGRESS="off")
    agent.model.will(calls(Call("add")), says("done"))

    streamed = agent.stream("go")

    assert streamed.contents == ["done"]
    assert not any("progress" in each.data for each in streamed.messages)


@pytest.mark.parametrize(("wish", "contents", "events"), [("content", 2, 0), ("event", 1, 1), ("off", 1, 0)])
def test_a_request_may_choose_its_form_of_progress(agents: Agents, wish: str, contents: int, events: int) -> None:
    agent = agents(PAIS_PROGRESS="off" if wish != "off" else "content")
    agent.model.will(calls(Call("add")), says("done"))

    streamed = agent.stream("go", headers={"X-PAIS-Progress": wish})

    assert len(streamed.contents) == contents
    assert len([each for each in streamed.messages if each.event]) == events


@pytest.mark.parametrize("stream", [False, True])
def test_an_unknown_tool_is_answered_to_the_model_in_the_order_of_the_calls(
    agent: Agent, model: FakeModel, stream: bool
) -> None:
    model.will(calls(Call("a", '{"x":1}', "c1"), Call("b", "{}", "c2")), says("done"))

    agent.ask("go", stream=stream).answer()

    assistant = model.last.messages[-3]
    assert assistant["role"] == "assistant"
    written = [(call["id"], call["type"], call["function"]["name"]) for call in assistant["tool_calls"]]
    assert written == [("c1", "function", "a"), ("c2", "function", "b")]
    assert json.loads(assistant["tool_calls"][0]["function"]["arguments"]) == {"x": 1}
    told = results(model.last.body)
    assert [call_id for call_id, _ in told] == ["c1", "c2"]
    for name, (_, message) in zip("ab", told, strict=True):
        assert f"'{name}'" in message
        assert "No tools" in message


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("call", "meant"),
    [
        (Call("add", '{"a": 1, "b": "zwei"}', pieces=5), {"a": 1, "b": "zwei"}),
        (Call("add", {"a": 1}), {"a": 1}),
        (Call("add", ""), {}),
        (Call("add", {}), {}),
        (Call("add", '{"a":1}', id=None), {"a": 1}),
        (Call("add", '{"a":1}', id=7), {"a": 1}),
        (Call("add", '{"a":1}', id=""), {"a": 1}),
    ],
    ids=["in pieces", "object", "empty", "empty object", "no id", "number as id", "empty id"],
)
def test_calls_as_models_write_them_are_understood(
    agent: Agent, model: FakeModel, session: str, stream: bool, call: Call, meant: dict[str, Any]
) -> None:
    model.will(calls(call), says("done"))

    assert agent.ask("go", stream=stream, session_id=session).answer().status == 200

    (sent,) = model.last.messages[-2]["tool_calls"]
    assert sent["function"]["name"] == "add"
    assert json.loads(sent["function"]["arguments"]) == meant
    assert isinstance(sent["id"], str)
    assert sent["id"]
    assert [call_id for call_id, _ in results(model.last.body)] == [sent["id"]]
    assert agent.told(session)[1] == ("tool_call", {"tool": "add", "arguments": meant})


@pytest.mark.parametrize("stream", [False, True])
def test_calls_that_share_an_id_are_told_apart(agent: Agent, model: FakeModel, stream: bool) -> None:
    model.will(calls(Call("a", id="same"), Call("b", id="same")), says("done"))

    agent.ask("go", stream=stream).answer()

    sent = [call["id"] for call in model.last.messages[-3]["tool_calls"]]
    assert len(set(sent)) == 2
    assert [call_id for call_id, _ in results(model.last.body)] == sent


def test_calls_whose_deltas_are_mixed_are_put_together(agent: Agent, model: FakeModel) -> None:
    def delta(index: int, arguments: str, name: str = "") -> dict[str, Any]:
        identity = {"id": f"c{index}", "type": "function"} if name else {}
        named = {"name": name} if name else {}
        return chunk({"tool_calls": [{"index": index, **identity, "function": {**named, "arguments": arguments}}]})

    model.will(
        streams(
            delta(0, "", "a"),
            delta(1, '{"y"', "b"),
            delta(0, '{"x":'),
            delta(1, ":2}"),
            delta(0, "1}"),
            chunk({}, "tool_calls"),
            "[DONE]",
        ),
        says("done"),
    )

    agent.stream("go")

    sent = [(call["id"], call["function"]) for call in model.last.messages[-3]["tool_calls"]]
    assert [(call_id, each["name"], json.loads(each["arguments"])) for call_id, each in sent] == [
        ("c0", "a", {"x": 1}),
        ("c1", "b", {"y": 2}),
    ]


def test_a_finish_reason_of_stop_does_not_hide_a_call(agent: Agent, model: FakeModel) -> None:
    call = {"index": 0, "id": "c", "type": "function", "function": {"name": "a", "arguments": "{}"}}
    model.will(streams(chunk({"tool_calls": [call]}), chunk({}, "stop"), "[DONE]"), says("done"))

    assert agent.stream("go").contents == [progress("a"), "done"]


def test_text_beside_calls_is_streamed_but_is_not_the_answer(agent: Agent, model: FakeModel, session: str) -> None:
    model.will(calls(Call("add"), text=("I will", " add.")), says("It is 3."))

    assert agent.stream("1+2?", session_id=session).contents == [
        "I will",
        " add.",
        progress("add"),
        "\n\n",
        "It is 3.",
    ]
    assert agent.told(session)[-1] == ("agent_response", "It is 3.")


def test_text_beside_calls_is_no_part_of_a_plain_answer(agent: Agent, model: FakeModel) -> None:
    model.will(calls(Call("add"), text=("I will add.",)), says("It is 3."))

    assert agent.chat("1+2?").text == "It is 3."


def test_text_can_be_held_back_until_it_is_known_to_be_final(agents: Agents) -> None:
    agent = agents(PAIS_STREAM_INTERMEDIATE="false")
    agent.model.will(calls(Call("add"), text=("I will", " add.")), says("It is", " 3."))

    contents = agent.stream("1+2?").contents

    assert contents[0] == progress("add")
    assert "".join(contents[1:]) == "It is 3."


@pytest.mark.parametrize("form", ["off", "event"])
def test_the_openai_client_reads_a_turn_with_calls_as_pure_text(agents: Agents, connect: Connect, form: str) -> None:
    agent = agents(PAIS_PROGRESS=form)
    agent.model.will(calls(Call("add", '{"a":1,"b":2}'), usage=Usage(9, 4)), says("It is", " 3.", usage=Usage(20, 4)))

    chunks = list(
        connect(agent).chat.completions.create(
            model="calc",
            messages=[{"role": "user", "content": "1+2?"}],
            tools=[{"type": "function", "function": {"name": "mine", "parameters": {}}}],
            stream=True,
            stream_options={"include_usage": True},
        )
    )

    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "It is 3."
    assert not any(chunk.choices[0].delta.tool_calls for chunk in chunks if chunk.choices)
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens == 37


def test_calls_are_never_returned_to_the_client(agent: Agent, model: FakeModel) -> None:
    model.will(calls(Call("add")), says("done"), calls(Call("add")), says("done"))

    plain = agent.chat("go").json["choices"][0]
    streamed = agent.stream("go")

    assert "tool_calls" not in plain["message"]
    assert plain["finish_reason"] == "stop"
    assert not any("tool_calls" in each.delta for each in streamed.messages)
    assert streamed.finish_reasons == ["stop"]
