"""Telemetry as Python code may ask for it.

The host exports the spans, metrics and logs of runs by itself, from C++. What is here serves code of a user's own: its
spans and records, and the questions it asks about the settings.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
from functools import cache
from typing import Any

from opentelemetry import metrics, trace
from opentelemetry.metrics import Counter, Histogram
from pydantic_settings import BaseSettings, SettingsConfigDict

SERVICE_NAME = f"kaos.{os.environ.get('OTEL_SERVICE_NAME') or os.environ.get('AGENT_NAME') or 'kaos-service'}"
ATTR_DELEGATION_TARGET = "agent.delegation.target"

YES = frozenset({"1", "true", "t", "yes", "y", "on"})
NO = frozenset({"0", "false", "f", "no", "n", "off"})
TRACE_LEVEL_NAME = "TRACE"

logger = logging.getLogger(__name__)

LAST_WORDS = 3.0  # seconds, for what has not left when the process ends

_initialized = False
_initializing = threading.Lock()


class OtelConfig(BaseSettings):
    """The variables of OpenTelemetry that decide whether anything is exported."""

    model_config = SettingsConfigDict(extra="ignore", case_sensitive=False)

    otel_service_name: str
    otel_exporter_otlp_endpoint: str
    otel_sdk_disabled: bool = False
    otel_resource_attributes: str = ""

    @property
    def enabled(self) -> bool:
        return not self.otel_sdk_disabled


def getenv_bool(name: str, default: bool = False) -> bool:
    """A switch in the environment; what is neither yes nor no counts as not there."""
    value = os.environ.get(name, "").strip().lower()
    return value in YES if value in YES | NO else default


def get_log_level() -> str:
    return (os.environ.get("LOG_LEVEL") or os.environ.get("AGENT_LOG_LEVEL") or "INFO").upper()


def get_log_level_int() -> int:
    """The level as `logging` counts them: TRACE is DEBUG there, and an unknown one INFO."""
    name = get_log_level()
    return logging.DEBUG if name == TRACE_LEVEL_NAME else logging.getLevelNamesMapping().get(name, logging.INFO)


def should_enable_otel() -> bool:
    """Whether the environment asks for telemetry and says where to send it."""
    named = os.environ.get("OTEL_SERVICE_NAME") and os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT")
    return bool(named) and not getenv_bool("OTEL_SDK_DISABLED")


def is_otel_enabled() -> bool:
    """Whether `init_otel` has switched telemetry on."""
    return _initialized


def init_otel(service_name: str | None = None) -> bool:
    """Switches the telemetry of Python code on, once; true for the call that did it.

    In a process that serves an agent it goes where the host's own goes, and is on already. Any other process gets a way
    out of its own, by the same variables.
    """
    global _initialized
    with _initializing:
        if _initialized or not wanted(service_name):
            return False
        export_alone(service_name or os.environ.get("OTEL_SERVICE_NAME") or os.environ["AGENT_NAME"])
        _initialized = True
        return True


def take_as_initialized() -> None:
    """The host has done it."""
    global _initialized
    _initialized = True


def wanted(service_name: str | None) -> bool:
    named = service_name or os.environ.get("OTEL_SERVICE_NAME") or os.environ.get("AGENT_NAME")
    return bool(named and os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT")) and not getenv_bool("OTEL_SDK_DISABLED")


def export_alone(service_name: str) -> None:
    """For a process that serves nobody; what is left is sent when it ends."""
    from pais._core import OwnSignals
    from pais.providers import install_providers
    from pais.signal_way import THE_WAY

    own = OwnSignals({"OTEL_SERVICE_NAME": service_name})
    signals = own.signals
    if signals is None or THE_WAY.signals is not None:
        return
    THE_WAY.open(signals)
    install_providers()
    atexit.register(own.flush, LAST_WORDS)


def get_current_trace_context() -> dict[str, str] | None:
    """The span the caller is in, as events of a session carry it; None outside of one."""
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return None
    return {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}


def get_delegation_metrics() -> tuple[Counter | None, Histogram | None]:
    """What counts delegations, and what measures them; nothing while telemetry is off."""
    return delegation_metrics() if _initialized else (None, None)


@cache
def delegation_metrics() -> tuple[Counter, Histogram]:
    meter = metrics.get_meter(SERVICE_NAME)
    return (
        meter.create_counter("kaos.delegations", unit="1", description="Delegation count"),
        meter.create_histogram("kaos.delegation.duration", unit="ms", description="Delegation duration"),
    )


class KaosLoggingHandler(logging.Handler):
    """Passes records of `logging` on to a logger provider of OpenTelemetry: the one given, else the global one."""

    def __init__(self, level: int = logging.NOTSET, logger_provider: Any = None) -> None:
        super().__init__(level)
        self._provider = logger_provider

    def emit(self, record: logging.LogRecord) -> None:
        from opentelemetry import _logs as logs  # its only home, public in spite of its name

        provider = self._provider or logs.get_logger_provider()
        context = trace.get_current_span().get_span_context()
        try:
            provider.get_logger(record.name).emit(
                logs.LogRecord(
                    timestamp=int(record.created * 1e9),
                    trace_id=context.trace_id or None,
                    span_id=context.span_id or None,
                    trace_flags=context.trace_flags,
                    severity_text=record.levelname,
                    severity_number=severity_of(record.levelno),
                    body=record.getMessage(),
                    attributes={"logger_name": record.name, "code.function.name": record.funcName},
                )
            )
        except Exception:
            self.handleError(record)


def severity_of(level: int) -> Any:
    """OpenTelemetry counts DEBUG from 5, and four for each step of `logging`."""
    from opentelemetry._logs import SeverityNumber

    return SeverityNumber(min(max(level // 10, 1) * 4 + 1, 21))
