"""What becomes of telemetry when its collector is not well."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from export.start import Start
from otlp_receiver import (
    INVALID_ARGUMENT,
    RESOURCE_EXHAUSTED,
    UNAVAILABLE,
    HttpReceiver,
    Misbehaviour,
    OtlpReceiver,
)
from until import eventually

MIB = 1024


def test_a_batch_that_may_be_sent_again_is(receiver: OtlpReceiver, drive: Start) -> None:
    receiver.misbehave.append(Misbehaviour(UNAVAILABLE, "not yet"))
    driver = drive(receiver.endpoint)

    driver.tell("span", "hello")

    assert receiver.span("hello")
    assert driver.dropped("traces") == 0
    away, back = eventually(lambda: len(driver.warnings()) == 2 and driver.warnings())
    assert "UNAVAILABLE: not yet" in away
    assert "again" in back


def test_a_collector_that_says_when_is_not_asked_before(receiver: OtlpReceiver, drive: Start) -> None:
    receiver.misbehave.append(Misbehaviour(RESOURCE_EXHAUSTED, "slow down", retry_after=2.5))
    driver = drive(receiver.endpoint)

    driver.tell("span", "hello")
    assert receiver.span("hello")
    first, second = receiver.asked_at
    assert second - first >= 2.5
    assert driver.dropped("traces") == 0


@pytest.mark.parametrize(
    "trouble", [Misbehaviour(INVALID_ARGUMENT, "what is this"), Misbehaviour(RESOURCE_EXHAUSTED, "too large")]
)
def test_a_batch_that_is_refused_for_good_is_dropped_and_counted(
    receiver: OtlpReceiver, drive: Start, trouble: Misbehaviour
) -> None:
    receiver.misbehave.extend([trouble, trouble])
    driver = drive(receiver.endpoint)

    for refused in (1, 2):
        driver.tell("span", "refused")
        eventually(lambda wanted=refused: driver.dropped("traces") == wanted)
    driver.tell("span", "taken")

    assert receiver.span("taken")
    assert [span.name for span in receiver.spans] == ["taken"]
    (warning,) = driver.warnings()
    assert trouble.message in warning


def test_partial_success_is_said_once_and_counted(receiver: OtlpReceiver, drive: Start) -> None:
    receiver.rejected = (1, "span too old")
    driver = drive(receiver.endpoint)

    for _ in range(3):
        driver.tell("span", "hello")
        driver.flush()

    assert driver.dropped("traces") == 3
    assert sum("span too old" in line and "traces" in line for line in driver.warnings()) == 1


@pytest.mark.parametrize("protocol", ["http/protobuf", "http/json"])
def test_http_is_tried_again_refused_and_taken_in_part(
    http_receiver: HttpReceiver, drive: Start, protocol: str
) -> None:
    http_receiver.misbehave.extend([Misbehaviour(503, retry_after=1), Misbehaviour(400)])
    driver = drive(http_receiver.endpoint, OTEL_EXPORTER_OTLP_PROTOCOL=protocol)

    driver.tell("span", "refused")
    eventually(lambda: driver.dropped("traces") == 1)
    http_receiver.rejected = (1, "span too old")
    driver.tell("span", "in-part")

    assert http_receiver.span("in-part")
    eventually(lambda: driver.dropped("traces") == 2)


def test_a_collector_that_is_away_is_said_once_and_gets_the_spans_when_it_is_back(
    receiver: OtlpReceiver, drive: Start
) -> None:
    receiver.stop()
    driver = drive(receiver.endpoint)

    driver.tell("span", "early")
    eventually(driver.warnings)
    driver.tell("span", "later")
    receiver.start()

    assert receiver.span("early")
    assert receiver.span("later")
    away, back = eventually(lambda: len(driver.warnings()) == 2 and driver.warnings())
    assert receiver.endpoint in away
    assert receiver.endpoint in back


def test_a_collector_that_restarts_politely_is_found_again_without_a_word(receiver: OtlpReceiver, drive: Start) -> None:
    driver = drive(receiver.endpoint)
    driver.tell("span", "before")
    assert receiver.span("before")

    receiver.stop(grace=5)
    receiver.start()
    driver.tell("span", "after")

    assert receiver.span("after")
    assert driver.warnings() == []


def test_a_collector_killed_in_mid_export_gets_the_batch_when_it_is_back(receiver: OtlpReceiver, drive: Start) -> None:
    receiver.hold()
    driver = drive(receiver.endpoint)
    driver.tell("span", "under-way")
    eventually(lambda: len(receiver.asked_at) == 1)

    receiver.stop()
    receiver.exports.clear()
    receiver.start()

    assert receiver.span("under-way")


@pytest.mark.parametrize("size", [10, 60_000])
def test_memory_is_bounded_and_drops_are_counted_while_nobody_takes_anything(
    receiver: OtlpReceiver, drive: Start, size: int
) -> None:
    receiver.stop()
    driver = drive(receiver.endpoint, OTEL_BSP_MAX_QUEUE_SIZE="500", OTEL_BSP_MAX_EXPORT_BATCH_SIZE="100")
    driver.tell("spans", 1_000, size)
    before = int(driver.tell("resident"))

    driver.tell("spans", 20_000, size)

    assert int(driver.tell("resident")) - before < 16 * MIB
    assert driver.dropped("traces") >= 20_000 + 1_000 - 600


def test_a_slow_collector_costs_who_tells_nothing(receiver: OtlpReceiver, drive: Start) -> None:
    receiver.hold()
    driver = drive(receiver.endpoint, OTEL_BSP_MAX_QUEUE_SIZE="100")
    driver.tell("span", "under-way")
    eventually(lambda: len(receiver.asked_at) == 1)

    driver.tell("spans", 1_000, 10)  # returns though nothing goes

    assert driver.dropped("traces") >= 890
    receiver.hold_no_more()
    receiver.wait_for(lambda: len(receiver.spans) >= 100)


def test_an_export_that_takes_too_long_is_given_up(receiver: OtlpReceiver, drive: Start) -> None:
    receiver.hold()
    driver = drive(receiver.endpoint, OTEL_EXPORTER_OTLP_TIMEOUT="1", OTEL_BSP_EXPORT_TIMEOUT="500")

    driver.tell("span", "hello")

    eventually(lambda: driver.dropped("traces") == 1)
    # A gRPC server is told how long there is, and may be the first to see that it is over.
    assert re.search("the time was up|DEADLINE_EXCEEDED", driver.warnings()[0])


def test_the_end_is_not_held_up_by_a_collector_that_hangs(receiver: OtlpReceiver, drive: Start) -> None:
    receiver.hold()
    driver = drive(receiver.endpoint, OTEL_EXPORTER_OTLP_TIMEOUT="60")
    driver.tell("span", "hello")
    eventually(lambda: len(receiver.asked_at) == 1)

    assert not driver.flush(within_ms=500)
    took_ms = int(driver.tell("end"))

    assert took_ms < 10_000
    assert driver.dropped("traces") == 1
    assert "could not be sent" in driver.warnings()[-1]


def test_a_wrong_address_is_one_warning_and_no_telemetry(drive: Start) -> None:
    driver = drive("ftp://nowhere:21")

    assert driver.state == "off"
    (warning,) = driver.warnings()
    assert "not sent to a collector" in warning


def test_a_forked_child_waits_for_nobody_and_its_parent_goes_on(receiver: OtlpReceiver, drive: Start) -> None:
    driver = drive(receiver.endpoint)
    driver.tell("span", "before")
    assert receiver.span("before")

    assert driver.tell("fork") == "77"

    driver.tell("span", "after")
    assert receiver.span("after")
    assert "of-the-child" not in [span.name for span in receiver.spans]


def test_a_full_disk_costs_the_lines_that_do_not_fit_and_one_warning(drive: Start) -> None:
    driver = drive(PAIS_TELEMETRY_FILE="/dev/full")

    for _ in range(3):
        driver.tell("span", "hello")
        driver.flush()

    assert driver.dropped("traces") == 3
    assert sum("/dev/full refuses traces" in line for line in driver.warnings()) == 1


def test_a_file_that_cannot_be_made_is_one_warning(tmp_path: Path, drive: Start) -> None:
    driver = drive(PAIS_TELEMETRY_FILE=str(tmp_path / "nowhere" / "telemetry.jsonl"))

    assert driver.state == "off"
    (warning,) = driver.warnings()
    assert "PAIS_TELEMETRY_FILE" in warning
