"""Sampling: what the request says of it goes to the model, and nothing else does."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.agent import Agent
from fake_model import Call, FakeModel, calls, says

SAMPLING: dict[str, Any] = {
    "temperature": 0.5,
    "top_p": 0.9,
    "max_tokens": 100,
    "max_completion_tokens": 200,
    "stop": ["END", "HALT"],
    "seed": 7,
    "presence_penalty": -0.5,
    "frequency_penalty": 1,
}


def test_all_sampling_goes_to_the_model_in_every_step(agent: Agent, model: FakeModel) -> None:
    model.will(calls(Call("nowhere")), says("yes"))

    agent.chat("hi", **SAMPLING)

    assert len(model.asked) == 2
    for asked in model.asked:
        assert {name: asked.body.get(name) for name in SAMPLING} == SAMPLING


def test_a_single_stop_text_is_one_stop_text(agent: Agent, model: FakeModel) -> None:
    model.will(says("yes"))

    agent.chat("hi", stop="END")

    assert model.last.body["stop"] in ("END", ["END"])


def test_what_is_absent_or_null_is_left_to_the_model(agent: Agent, model: FakeModel) -> None:
    model.always(says("yes"))

    agent.chat("hi")
    agent.chat("hi", **dict.fromkeys(SAMPLING))

    for asked in model.asked:
        assert not set(SAMPLING) & set(asked.body)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", "hot"),
        ("temperature", True),
        ("temperature", [1]),
        ("top_p", {}),
        ("max_tokens", "100"),
        ("max_tokens", 1.5),
        ("max_completion_tokens", False),
        ("seed", "x"),
        ("seed", 2**64),
        ("stop", 5),
        ("stop", ["a", 5]),
        ("presence_penalty", "0"),
        ("frequency_penalty", []),
    ],
)
def test_sampling_of_the_wrong_type_is_refused_with_its_name(agent: Agent, name: str, value: Any) -> None:
    answer = agent.chat("hi", **{name: value})

    assert answer.refusal == (400, "invalid_value")
    assert answer.error["param"] == name
