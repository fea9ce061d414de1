"""Log records of Python code, among the host's own."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from opentelemetry import (
    _logs as logs,  # its only home, public in spite of its name
)
from opentelemetry import (
    trace,
)
from opentelemetry.util.types import Attributes

if TYPE_CHECKING:
    from pais.signal_way import SignalWay


class Logger(logs.Logger):
    def __init__(self, way: SignalWay, name: str) -> None:
        super().__init__(name)
        self._way = way

    def enabled(self, **_about: Any) -> bool:
        return self._way.signals is not None

    def emit(self, record: logs.LogRecord | None = None, **facts: Any) -> None:
        signals = self._way.signals
        if signals is None:
            return

        def said(name: str) -> Any:
            return getattr(record, name, None) if record is not None else facts.get(name)

        here = trace.get_current_span(said("context")).get_span_context()
        trace_id, span_id = said("trace_id") or here.trace_id, said("span_id") or here.span_id
        severity = said("severity_number")
        attributes: dict[str, Any] = dict(said("attributes") or {})
        if name := said("event_name"):
            attributes.setdefault("event.name", name)
        signals.record(
            self._name,
            said("timestamp") or said("observed_timestamp") or time.time_ns(),
            severity.value if severity is not None else 9,
            said("severity_text") or "",
            text_of(said("body")),
            trace_id.to_bytes(16) + span_id.to_bytes(8) if trace_id and span_id else b"",
            attributes,
        )


def text_of(body: Any) -> str:
    if isinstance(body, str):
        return body
    from pais.narrator import json_text

    return json_text(body) if isinstance(body, (Mapping, list, tuple)) else str(body)


class LoggerProvider(logs.LoggerProvider):
    def __init__(self, way: SignalWay) -> None:
        self._way = way

    def get_logger(
        self,
        name: str,
        version: str | None = None,
        schema_url: str | None = None,
        attributes: Attributes = None,
    ) -> logs.Logger:
        return Logger(self._way, name)
