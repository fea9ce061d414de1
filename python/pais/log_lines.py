"""What Python code logs, on stdout in the form of the host's own lines."""

from __future__ import annotations

import json
import logging
import os
import sys
from datetime import UTC, datetime

from opentelemetry import trace

from pais.telemetry import getenv_bool

LINE = "%(asctime)s - %(name)s - %(levelname)s - %(message)s"
TRACED_LINE = "%(asctime)s - %(name)s - %(levelname)s - [trace_id=%(trace_id)s span_id=%(span_id)s] - %(message)s"
HTTP_CLIENTS = ("httpx", "httpx2", "httpcore", "httpcore2")


class CurrentSpan(logging.Filter):
    """Gives each record the ids of the span it was written in; 0 outside of one."""

    def filter(self, record: logging.LogRecord) -> bool:
        context = trace.get_current_span().get_span_context()
        record.trace_id = f"{context.trace_id:032x}" if context.is_valid else "0"
        record.span_id = f"{context.span_id:016x}" if context.is_valid else "0"
        return True


class JsonLines(logging.Formatter):
    """One object a record, with the keys of the host's (PAIS_LOG_FORMAT=json)."""

    def format(self, record: logging.LogRecord) -> str:
        said = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": super().format(record),
        }
        ids = {name: getattr(record, name, "0") for name in ("trace_id", "span_id")}
        return json.dumps(said | {name: value for name, value in ids.items() if value != "0"}, ensure_ascii=False)


class HostLines(logging.Handler):
    """Writes to stdout, whatever that is at the moment."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            print(self.format(record), file=sys.stdout, flush=True)
        except Exception:
            self.handleError(record)


def formatter(*, traced: bool) -> logging.Formatter:
    if os.environ.get("PAIS_LOG_FORMAT", "").strip().lower() == "json":
        return JsonLines()
    return logging.Formatter(TRACED_LINE if traced else LINE, "%Y-%m-%d %H:%M:%S")


def configure_logging(level: str = "INFO", otel_correlation: bool = False) -> None:
    """Sends what Python code logs to stdout, in the form of the host's own lines. A later call takes over."""
    lines = HostLines()
    lines.setFormatter(formatter(traced=otel_correlation))
    if otel_correlation:
        lines.addFilter(CurrentSpan())
    root = logging.getLogger()
    root.handlers = [handler for handler in root.handlers if not isinstance(handler, HostLines)] + [lines]
    root.setLevel(logging.getLevelNamesMapping().get(level.strip().upper(), logging.INFO))
    for client in () if getenv_bool("OTEL_INCLUDE_HTTP_CLIENT") else HTTP_CLIENTS:
        logging.getLogger(client).setLevel(logging.WARNING)
