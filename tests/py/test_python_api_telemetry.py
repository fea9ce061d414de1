"""What Python code may ask about telemetry, and its lines in the log."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from pais import telemetry
from pais.server import configure_logging


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("DEBUG_MOCK_RESPONSES", "OTEL_SERVICE_NAME", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_SDK_DISABLED"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def telemetry_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry, "_initialized", False)
    monkeypatch.setattr(telemetry, "export_alone", lambda _service_name: None)


@pytest.mark.usefixtures("telemetry_off")
def test_telemetry_is_off_until_somebody_says_where_it_goes() -> None:
    assert not telemetry.should_enable_otel()
    assert not telemetry.init_otel()
    assert not telemetry.is_otel_enabled()
    assert telemetry.get_delegation_metrics() == (None, None)
    assert telemetry.get_current_trace_context() is None


@pytest.mark.usefixtures("telemetry_off")
def test_telemetry_is_switched_on_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "calc")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")

    assert telemetry.should_enable_otel()
    assert [telemetry.init_otel(), telemetry.init_otel()] == [True, False]
    assert telemetry.is_otel_enabled()
    assert None not in telemetry.get_delegation_metrics()


@pytest.mark.usefixtures("telemetry_off")
def test_the_switch_of_the_sdk_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "calc")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")

    assert not telemetry.should_enable_otel()
    assert not telemetry.init_otel()
    assert not telemetry.OtelConfig.model_validate({}).enabled


def test_within_a_span_its_ids_are_known() -> None:
    from opentelemetry import trace

    context = trace.SpanContext(trace_id=10, span_id=11, is_remote=False)
    with trace.use_span(trace.NonRecordingSpan(context)):
        known = telemetry.get_current_trace_context()

    assert known == {"trace_id": f"{10:032x}", "span_id": f"{11:016x}"}


@pytest.mark.parametrize(("value", "meaning"), [("1", True), ("Yes", True), ("on", True), ("0", False), ("off", False)])
def test_a_switch_is_read_in_any_spelling(monkeypatch: pytest.MonkeyPatch, value: str, meaning: bool) -> None:
    monkeypatch.setenv("SOME_SWITCH", value)

    assert telemetry.getenv_bool("SOME_SWITCH", not meaning) is meaning


@pytest.mark.parametrize("default", [True, False])
def test_what_is_neither_yes_nor_no_is_the_default(monkeypatch: pytest.MonkeyPatch, default: bool) -> None:
    monkeypatch.setenv("SOME_SWITCH", "perhaps")

    assert telemetry.getenv_bool("SOME_SWITCH", default) is default
    assert telemetry.getenv_bool("ABSENT_SWITCH", default) is default


@pytest.mark.parametrize(
    ("variables", "level", "number"),
    [
        ({}, "INFO", logging.INFO),
        ({"AGENT_LOG_LEVEL": "debug"}, "DEBUG", logging.DEBUG),
        ({"LOG_LEVEL": "error", "AGENT_LOG_LEVEL": "debug"}, "ERROR", logging.ERROR),
        ({"LOG_LEVEL": "trace"}, "TRACE", logging.DEBUG),
        ({"LOG_LEVEL": "loud"}, "LOUD", logging.INFO),
    ],
)
def test_the_level_of_the_log(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], level: str, number: int
) -> None:
    for name in ("LOG_LEVEL", "AGENT_LOG_LEVEL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert (telemetry.get_log_level(), telemetry.get_log_level_int()) == (level, number)


class Heard:
    """A logger provider that keeps what it is told."""

    def __init__(self) -> None:
        self.records: list[Any] = []

    def get_logger(self, _name: str) -> SimpleNamespace:
        return SimpleNamespace(emit=self.records.append)


def test_records_of_python_reach_a_logger_provider() -> None:
    heard = Heard()
    handler = telemetry.KaosLoggingHandler(logger_provider=heard)

    handler.handle(logging.LogRecord("shop", logging.WARNING, "shop.py", 1, "low on %s", ("tea",), None))

    (record,) = heard.records
    assert record.body == "low on tea"
    assert record.severity_text == "WARNING"
    assert record.attributes["logger_name"] == "shop"


@pytest.fixture
def root_log() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.usefixtures("root_log")
def test_python_code_logs_in_the_form_of_the_host(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("debug")
    configure_logging("INFO", otel_correlation=True)

    logging.getLogger("shop").info("open")

    (line,) = capsys.readouterr().out.splitlines()
    assert line.endswith(" - shop - INFO - [trace_id=0 span_id=0] - open")
