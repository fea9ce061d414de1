"""Tokens on their way through: none merged, none late."""

from __future__ import annotations

import statistics
import time
from typing import Any

from conformance.agent import Agent
from conformance.conftest import Connect
from fake_model import Event, FakeModel, Pause, chunk, streams

TOKENS = 50
APART = 0.02
LATE = 0.05  # seconds, for the middle one of all; bench/ shows what is really reached


def now() -> dict[str, Any]:
    """A token that says when it was sent."""
    return chunk({"content": f"{time.monotonic_ns()} "})


TICKS: list[Event] = [Pause(APART), now]
CLOCK = streams(*TICKS * TOKENS, chunk({}, "stop"), "[DONE]")


def check_delays(delays: list[float]) -> None:
    middle = statistics.median(delays)
    print(f"{len(delays)} tokens: p50 {middle * 1000:.2f} ms, most {max(delays) * 1000:.2f} ms")
    assert middle <= LATE


def test_each_token_is_seen_by_itself_soon_after_it_was_sent(agent: Agent, model: FakeModel) -> None:
    model.will(CLOCK)

    streamed = agent.ask("count", stream=True).rest()

    seen = [(message.content.split(), message.at) for message in streamed.messages if message.content]
    assert [len(tokens) for tokens, _ in seen] == [1] * TOKENS
    check_delays([at - int(tokens[0]) / 1e9 for tokens, at in seen])


def test_the_openai_client_sees_each_token_by_itself(agent: Agent, model: FakeModel, connect: Connect) -> None:
    model.will(CLOCK)
    delays = []

    for each in connect(agent).chat.completions.create(
        model="calc", messages=[{"role": "user", "content": "count"}], stream=True
    ):
        if token := each.choices[0].delta.content:
            delays.append(time.monotonic() - int(token) / 1e9)

    assert len(delays) == TOKENS
    check_delays(delays)
