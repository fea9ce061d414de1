"""Telemetry as a real receiver takes it: OTLP over gRPC and HTTP, and lines in a file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.metrics.v1 import metrics_pb2
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from export.start import Start
from otlp_receiver import (
    HttpReceiver,
    OtlpReceiver,
    attributes_of,
    decoded,
)
from telemetry_driver import TelemetryDriver
from until import eventually

TRACE_ID = bytes.fromhex("0af7651916cd43dd8448eb211c803109")
SPAN_ID = bytes.fromhex("b7ad6b7169203331")
PARENT_ID = bytes.fromhex("00f067aa0ba902b7")
START_NS = 1_790_000_000_123_456_789
MIB = 1024


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


# /metrics, of a whole host


def test_a_scraper_gets_the_format_that_it_accepts(start_host: Callable[..., Any]) -> None:
    url = start_host("--mock=Hello!", AGENT_NAME="hello", PAIS_METRICS="true").url + "/metrics"

    plain = httpx.get(url)
    openmetrics = httpx.get(url, headers={"Accept": "application/openmetrics-text; version=1.0.0, */*;q=0.1"})

    assert plain.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "# EOF" not in plain.text
    assert openmetrics.headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert openmetrics.text.endswith("# EOF\n")
