"""A trace that a test has begun, and what a collector got of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.agent import Agent
from otlp_receiver import OtlpReceiver

TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = "b7ad6b7169203331"
GOOD = f"00-{TRACE}-{CALLER}-01"
FAST = {"OTEL_BSP_SCHEDULE_DELAY": "20", "OTEL_BLRP_SCHEDULE_DELAY": "20", "OTEL_METRIC_EXPORT_INTERVAL": "100"}
ERROR = 2

StartAgent = Callable[..., Agent]


def spans_of(receiver: OtlpReceiver, trace: str = "", outermost: str = "server-run") -> list[Any]:
    """All of a trace, once its outermost is there: that is told last."""
    whole = bytes.fromhex(trace)

    def of_trace() -> list[Any]:
        spans = [span for span in receiver.spans if not trace or span.trace_id == whole]
        return spans if any(span.name == outermost for span in spans) else []

    spans: list[Any] = receiver.wait_for(of_trace)
    return spans


def named(spans: list[Any], name: str) -> Any:
    (span,) = (span for span in spans if span.name == name)
    return span


def is_in(inner: Any, outer: Any) -> bool:
    """Its child, and within its time."""
    starts, ends = "start_time_unix_nano", "end_time_unix_nano"
    within = getattr(outer, starts) <= getattr(inner, starts) and getattr(inner, ends) <= getattr(outer, ends)
    return bool(inner.parent_span_id == outer.span_id and within)
