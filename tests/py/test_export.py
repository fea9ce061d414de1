"""Telemetry as a real receiver takes it: OTLP over gRPC and HTTP, and lines in a file."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from opentelemetry.proto.metrics.v1 import metrics_pb2
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from otlp_receiver import (
    INVALID_ARGUMENT,
    RESOURCE_EXHAUSTED,
    UNAVAILABLE,
    HttpReceiver,
    Misbehaviour,
    OtlpReceiver,
    attributes_of,
    decoded,
    eventually,
)
from telemetry_driver import TelemetryDriver

Start = Callable[..., TelemetryDriver]

TRACE_ID = bytes.fromhex("0af7651916cd43dd8448eb211c803109")
SPAN_ID = bytes.fromhex("b7ad6b7169203331")
PARENT_ID = bytes.fromhex("00f067aa0ba902b7")
START_NS = 1_790_000_000_123_456_789
MIB = 1024


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


def check_full_span(span: Span) -> None:
    assert (span.trace_id, span.span_id, span.parent_span_id) == (TRACE_ID, SPAN_ID, PARENT_ID)
    assert span.trace_state == "vendor=1"
    assert span.flags == 1
    assert span.name == "chat gpt"
    assert span.kind == Span.SPAN_KIND_CLIENT
    assert span.start_time_unix_nano == START_NS
    assert span.end_time_unix_nano == START_NS + 1_500_000_000
    assert span.status == Status(code=Status.STATUS_CODE_ERROR, message="ModelError: no")
    assert attributes_of(span.attributes) == {
        "text": "grüße",
        "empty": "",
        "flag": False,
        "whole": -7,
        "half": 0.5,
        "list": ["stop", "length"],
        "nothing": [],
        "broken": "a\ufffd\ufffdz",
        "long": "x" * 65536,
        "long.truncated": True,
    }
    assert span.dropped_attributes_count == 0
    (event,) = span.events
    assert (event.name, event.time_unix_nano) == ("exception", START_NS + 3_000_000)
    assert attributes_of(event.attributes) == {"exception.type": "ModelError"}
    (link,) = span.links
    assert (link.trace_id, link.span_id, attributes_of(link.attributes)) == (TRACE_ID, PARENT_ID, {"why": "retry"})


def check_metrics(metrics: dict[str, metrics_pb2.Metric]) -> None:
    cumulative = metrics_pb2.AGGREGATION_TEMPORALITY_CUMULATIVE
    sent = metrics["test.sent"]
    assert (sent.description, sent.unit) == ("Things sent.", "{thing}")
    assert (sent.sum.is_monotonic, sent.sum.aggregation_temporality) == (True, cumulative)
    (point,) = sent.sum.data_points
    assert (point.as_int, attributes_of(point.attributes)) == (3, {"kind": "good"})
    assert 0 < point.start_time_unix_nano <= point.time_unix_nano

    open_things = metrics["test.open"].sum
    assert (open_things.is_monotonic, open_things.aggregation_temporality) == (False, cumulative)
    assert open_things.data_points[0].as_double == -2.5

    assert metrics["test.level"].gauge.data_points[0].as_double == 7.5

    took = metrics["test.took"].histogram
    assert took.aggregation_temporality == cumulative
    (histogram,) = took.data_points
    assert (histogram.count, histogram.sum) == (1, 0.5)
    assert list(histogram.explicit_bounds) == [0.1, 1]
    assert list(histogram.bucket_counts) == [0, 1, 0]
    (exemplar,) = histogram.exemplars
    assert (exemplar.as_double, exemplar.trace_id, exemplar.span_id) == (0.5, TRACE_ID, SPAN_ID)
    assert exemplar.time_unix_nano >= histogram.start_time_unix_nano


def check_all(receiver: Any) -> None:
    check_full_span(receiver.span("chat gpt"))

    (resource, scope, _) = receiver.spans_with_source[0]
    assert (scope.name, scope.version) == ("pydantic-ai", "2.68.0")
    said = attributes_of(resource.attributes)
    assert said["service.name"] == "teller"
    assert said["service.namespace"] == "demo"
    assert said["telemetry.sdk.language"] == "cpp"
    assert said["k8s.node.name"] == "node-1"
    assert said["service.instance.id"]

    (record,) = receiver.logs
    assert (record.time_unix_nano, record.observed_time_unix_nano) == (START_NS, START_NS)
    assert (record.severity_number, record.severity_text) == (13, "WARNING")
    assert record.body.string_value == "hello"
    assert (record.trace_id, record.span_id) == (TRACE_ID, SPAN_ID)
    assert attributes_of(record.attributes) == {"logger_name": "pais.server"}

    check_metrics({metric.name: metric for metric in receiver.metrics})
    scopes = {metric.name: (scope.name, scope.version) for _, scope, metric in receiver.metrics_with_source}
    assert scopes["test.took"] == ("a library", "4.2")
    assert scopes["test.sent"] == ("kaos.teller", "")


def tell_all(driver: TelemetryDriver) -> None:
    for command in ("full-span", "measure"):
        driver.tell(command)
    driver.tell("log", "hello")
    assert driver.flush()


WHO = {
    "OTEL_SERVICE_NAME": "teller",
    "OTEL_RESOURCE_ATTRIBUTES": "service.namespace=demo,service.name=overruled",
    "NODE_NAME": "node-1",
}


@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_a_grpc_collector_reads_every_field(receiver: OtlpReceiver, drive: Start, compression: str) -> None:
    driver = drive(
        receiver.endpoint,
        OTEL_EXPORTER_OTLP_COMPRESSION=compression,
        OTEL_EXPORTER_OTLP_HEADERS="Api-Key=secret%20word",
        OTEL_EXPORTER_OTLP_LOGS_HEADERS="for=logs",
        **WHO,
    )

    tell_all(driver)

    check_all(receiver)
    headers = {export.signal: export.headers for export in receiver.exports}
    assert headers["traces"]["api-key"] == "secret word"
    assert headers["traces"]["user-agent"].startswith("pais/")
    assert headers["logs"]["for"] == "logs"
    assert "api-key" not in headers["logs"]
    assert len({export.peer for export in receiver.exports}) == 1, "one connection for all three"


@pytest.mark.parametrize("protocol", ["http/protobuf", "http/json"])
@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_an_http_collector_reads_every_field(
    http_receiver: HttpReceiver, drive: Start, protocol: str, compression: str
) -> None:
    driver = drive(
        http_receiver.endpoint,
        OTEL_EXPORTER_OTLP_PROTOCOL=protocol,
        OTEL_EXPORTER_OTLP_COMPRESSION=compression,
        OTEL_EXPORTER_OTLP_HEADERS="api-key=secret",
        **WHO,
    )

    tell_all(driver)

    check_all(http_receiver)
    assert set(http_receiver.paths) == {"/v1/traces", "/v1/metrics", "/v1/logs"}
    assert http_receiver.exports[0].headers["api-key"] == "secret"


def test_a_file_holds_every_field_in_lines(tmp_path: Path, drive: Start) -> None:
    file = tmp_path / "telemetry.jsonl"
    driver = drive(PAIS_TELEMETRY_FILE=str(file), **WHO)

    tell_all(driver)

    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    kinds = {"resourceSpans": "traces", "resourceMetrics": "metrics", "resourceLogs": "logs"}
    requests = {kinds[next(iter(line))]: decoded(kinds[next(iter(line))], json.dumps(line)) for line in lines}
    check_full_span(requests["traces"].resource_spans[0].scope_spans[0].spans[0])
    assert requests["logs"].resource_logs[0].scope_logs[0].log_records[0].body.string_value == "hello"
    scopes = requests["metrics"].resource_metrics[0].scope_metrics
    check_metrics({metric.name: metric for scope in scopes for metric in scope.metrics})


def test_the_console_shows_lines_among_those_of_the_log(drive: Start) -> None:
    driver = drive(PAIS_TELEMETRY_FILE="-")

    driver.tell("span", "hello")

    assert driver.flush()
    line = eventually(lambda: next((line for line in driver.output if line.startswith('{"resourceSpans"')), None))
    assert decoded("traces", line).resource_spans[0].scope_spans[0].spans[0].name == "hello"


def test_a_collector_and_a_file_each_get_everything(receiver: OtlpReceiver, tmp_path: Path, drive: Start) -> None:
    driver = drive(receiver.endpoint, PAIS_TELEMETRY_FILE=str(tmp_path / "telemetry.jsonl"))

    driver.tell("span", "hello")

    assert driver.flush()
    assert [span.name for span in receiver.spans] == ["hello"]
    assert '"name":"hello"' in (tmp_path / "telemetry.jsonl").read_text(encoding="utf-8")


def test_what_is_too_many_is_left_out_and_its_number_told(receiver: OtlpReceiver, drive: Start) -> None:
    driver = drive(receiver.endpoint)

    driver.tell("crowded-span")

    span = receiver.span("crowded")
    assert (len(span.attributes), span.dropped_attributes_count) == (128, 72)
    assert (len(span.events), span.dropped_events_count) == (128, 2)
    assert (len(span.links), span.dropped_links_count) == (128, 3)


def test_a_message_larger_than_every_window_arrives_whole(receiver: OtlpReceiver, drive: Start) -> None:
    driver = drive(receiver.endpoint, OTEL_BSP_SCHEDULE_DELAY="20000")

    driver.tell("spans", 45, 65_000)

    assert driver.flush()
    (export,) = [export for export in receiver.exports if export.signal == "traces"]
    assert export.request.ByteSize() > 2 * 1024 * MIB
    assert {len(attributes_of(span.attributes)["text"]) for span in receiver.spans} == {65_000}


def test_no_request_is_larger_than_collectors_take(receiver: OtlpReceiver, drive: Start) -> None:
    driver = drive(receiver.endpoint, OTEL_BSP_SCHEDULE_DELAY="20000")

    driver.tell("spans", 200, 60_000)

    assert driver.flush()
    assert len(receiver.spans) == 200
    assert max(export.request.ByteSize() for export in receiver.exports) < 4 * 1024 * MIB


@pytest.mark.parametrize("signal", ["TRACES", "METRICS", "LOGS"])
def test_each_signal_may_go_to_a_place_of_its_own(drive: Start, signal: str, receiver: OtlpReceiver) -> None:
    other = HttpReceiver(prefix="/collect")
    own = {
        f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT": other.endpoint + "/collect/v1/" + signal.lower(),
        f"OTEL_EXPORTER_OTLP_{signal}_PROTOCOL": "http/protobuf",
    }
    driver = drive(receiver.endpoint, **own)

    tell_all(driver)

    assert {export.signal for export in other.exports} == {signal.lower()}
    assert {export.signal for export in receiver.exports} == {"traces", "metrics", "logs"} - {signal.lower()}
    other.stop()


def test_an_endpoint_without_a_scheme_is_grpc_in_plain_text(receiver: OtlpReceiver, drive: Start) -> None:
    driver = drive(f"localhost:{receiver.port}")

    driver.tell("span", "hello")

    assert receiver.span("hello")


def test_metrics_go_at_their_interval(receiver: OtlpReceiver, drive: Start) -> None:
    driver = drive(receiver.endpoint, OTEL_METRIC_EXPORT_INTERVAL="50")

    driver.tell("measure")
    receiver.latest_metric("test.sent")
    driver.tell("measure")

    receiver.wait_for(lambda: receiver.latest_metric("test.sent").sum.data_points[0].as_int == 6)


def test_a_batch_goes_when_it_is_full(receiver: OtlpReceiver, drive: Start) -> None:
    driver = drive(receiver.endpoint, OTEL_BSP_SCHEDULE_DELAY="600000", OTEL_BSP_MAX_EXPORT_BATCH_SIZE="10")

    driver.tell("spans", 25, 1)

    receiver.wait_for(lambda: len(receiver.spans) == 20)
    assert {len(export.request.resource_spans[0].scope_spans[0].spans) for export in receiver.exports} == {10}


def test_what_is_left_is_sent_at_the_end(receiver: OtlpReceiver, drive: Start) -> None:
    driver = drive(receiver.endpoint, OTEL_BSP_SCHEDULE_DELAY="600000")
    driver.tell("span", "last")
    driver.tell("measure")

    driver.tell("end")

    assert receiver.span("last")
    assert receiver.latest_metric("test.sent")


# When the collector is not well


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
    assert "the time was up" in driver.warnings()[0]


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


# TLS


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A key, and a certificate for localhost that is its own authority."""
    folder = tmp_path_factory.mktemp("certificate")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    kind = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    command = ["openssl", *kind, *names, "-keyout", key, "-out", certificate]
    subprocess.run(command, check=True, capture_output=True)
    return key, certificate


@pytest.fixture
def tls_receiver(certificate: tuple[Path, Path]) -> Iterator[OtlpReceiver]:
    key, chain = (path.read_bytes() for path in certificate)
    receiver = OtlpReceiver(credentials=grpc.ssl_server_credentials([(key, chain)]))
    yield receiver
    receiver.stop()


def test_grpc_goes_over_tls(tls_receiver: OtlpReceiver, certificate: tuple[Path, Path], drive: Start) -> None:
    driver = drive(tls_receiver.endpoint, OTEL_EXPORTER_OTLP_CERTIFICATE=str(certificate[1]))

    driver.tell("spans", 45, 65_000)

    assert driver.flush()
    assert len(tls_receiver.spans) == 45


def test_an_address_without_a_scheme_is_tls_when_it_must_not_be_insecure(
    tls_receiver: OtlpReceiver, certificate: tuple[Path, Path], drive: Start
) -> None:
    driver = drive(
        f"localhost:{tls_receiver.port}",
        OTEL_EXPORTER_OTLP_CERTIFICATE=str(certificate[1]),
        OTEL_EXPORTER_OTLP_INSECURE="false",
    )

    driver.tell("span", "hello")

    assert tls_receiver.span("hello")


def test_a_collector_that_nobody_vouches_for_gets_nothing(tls_receiver: OtlpReceiver, drive: Start) -> None:
    driver = drive(tls_receiver.endpoint)

    driver.tell("span", "hello")

    assert not driver.flush()
    assert tls_receiver.exports == []
    assert "the certificate" in driver.warnings()[0]


@pytest.fixture
def strict_receiver(certificate: tuple[Path, Path]) -> Iterator[OtlpReceiver]:
    """It wants to see a certificate, too."""
    key, chain = (path.read_bytes() for path in certificate)
    receiver = OtlpReceiver(credentials=grpc.ssl_server_credentials([(key, chain)], chain, require_client_auth=True))
    yield receiver
    receiver.stop()


def test_a_collector_that_wants_a_certificate_is_shown_ours(
    strict_receiver: OtlpReceiver, certificate: tuple[Path, Path], drive: Start
) -> None:
    key, chain = (str(path) for path in certificate)
    shown = {"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": chain, "OTEL_EXPORTER_OTLP_CLIENT_KEY": key}
    driver = drive(strict_receiver.endpoint, OTEL_EXPORTER_OTLP_CERTIFICATE=chain, **shown)

    driver.tell("span", "hello")

    assert driver.flush()
    assert strict_receiver.span("hello")


def test_a_collector_that_is_not_shown_the_certificate_it_wants_gets_nothing(
    strict_receiver: OtlpReceiver, certificate: tuple[Path, Path], drive: Start
) -> None:
    driver = drive(strict_receiver.endpoint, OTEL_EXPORTER_OTLP_CERTIFICATE=str(certificate[1]))

    driver.tell("span", "hello")

    assert not driver.flush()
    assert strict_receiver.exports == []


# /metrics, of a whole host


def test_a_scraper_gets_the_format_that_it_accepts(start_host: Callable[..., Any]) -> None:
    url = start_host("--mock=Hello!", AGENT_NAME="hello", PAIS_METRICS="true").url + "/metrics"

    plain = httpx.get(url)
    openmetrics = httpx.get(url, headers={"Accept": "application/openmetrics-text; version=1.0.0, */*;q=0.1"})

    assert plain.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "# EOF" not in plain.text
    assert openmetrics.headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert openmetrics.text.endswith("# EOF\n")
