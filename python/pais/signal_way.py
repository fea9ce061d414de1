"""Which host the telemetry of Python code goes to.

OpenTelemetry knows one provider of each kind for a whole process, set once. Hosts come and go, in tests by the dozen:
the providers lead to the latest that is there.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from opentelemetry.trace import SpanContext, TraceFlags

from pais.tracing import SAMPLED, new_ids

if TYPE_CHECKING:
    from pais._core import Signals


class SignalWay:
    """From any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ways: list[Signals] = []

    def open(self, signals: Signals) -> None:
        with self._lock:
            self._ways = [way for way in self._ways if way.is_open] + [signals]

    @property
    def signals(self) -> Signals | None:
        """None when nobody takes anything any more."""
        ways = self._ways
        if ways and not ways[-1].is_open:
            with self._lock:
                self._ways = ways = [way for way in self._ways if way.is_open]
        return ways[-1] if ways else None

    def new_context(self, above: SpanContext) -> SpanContext | None:
        """Of a span below another one, or of the first of a trace, kept or not; None when nobody takes anything."""
        signals = self.signals
        if signals is None:
            return None
        trace_id, span_id = new_ids(above)
        kept = above.is_valid or signals.keeps(trace_id.to_bytes(16))
        return SpanContext(
            trace_id,
            span_id,
            is_remote=False,
            trace_flags=SAMPLED if kept else TraceFlags(0),
            trace_state=above.trace_state if above.is_valid else None,
        )


THE_WAY = SignalWay()
