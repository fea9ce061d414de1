from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.agent import Agent
from conformance.producers import PRODUCERS, Producer
from fake_model import FakeModel
from otlp_receiver import OtlpReceiver
from spans.traced import FAST, StartAgent


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    receiver = OtlpReceiver()
    yield receiver
    receiver.stop()


@pytest.fixture(params=PRODUCERS)
def start_agent(request: pytest.FixtureRequest, receiver: OtlpReceiver, tmp_path: Path) -> Iterator[StartAgent]:
    """An agent of either kind before a fake model, whose telemetry goes to the receiver."""
    producer: Producer = PRODUCERS[request.param]
    started: list[tuple[Agent, FakeModel]] = []

    def start(**settings: str) -> Agent:
        model = FakeModel()
        everything = {
            "AGENT_NAME": "calc",
            "MODEL_API_URL": model.url,
            "MODEL_NAME": "fake",
            "OTEL_SERVICE_NAME": "calc",
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
            **FAST,
            **settings,
        }
        agent = Agent(producer.start(everything, tmp_path), model)
        started.append((agent, model))
        return agent

    yield start

    for agent, model in started:
        agent.hang_up()
        agent.running.ask_to_end()
        assert agent.running.stop() == 0, agent.output
        model.stop()
