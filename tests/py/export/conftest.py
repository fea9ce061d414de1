from __future__ import annotations

from collections.abc import Iterator

import pytest

from export.start import Start
from otlp_receiver import HttpReceiver, OtlpReceiver
from telemetry_driver import TelemetryDriver


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    receiver = OtlpReceiver()
    yield receiver
    receiver.stop()


@pytest.fixture
def http_receiver() -> Iterator[HttpReceiver]:
    receiver = HttpReceiver()
    yield receiver
    receiver.stop()


@pytest.fixture
def drive() -> Iterator[Start]:
    """A driver whose batches go at once, unless it is told otherwise."""
    drivers: list[TelemetryDriver] = []

    def start(endpoint: str = "", **environment: str) -> TelemetryDriver:
        if endpoint:
            environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoint
        driver = TelemetryDriver(**{"OTEL_BSP_SCHEDULE_DELAY": "10", "OTEL_BLRP_SCHEDULE_DELAY": "10", **environment})
        drivers.append(driver)
        return driver

    yield start

    for driver in drivers:
        assert driver.stop() == 0, "\n".join(driver.output)
