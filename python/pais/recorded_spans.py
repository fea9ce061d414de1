"""The spans that a served agent tells of, kept in a file of the test's and read back as plain values."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

SOON = "10"  # milliseconds: a test waits for them

STATUSES = {0: "unset", 1: "ok", 2: "error"}


class SpanFile:
    """Where a host writes its spans to. It is gone with this."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="pais-spans-")
        self._file = Path(self._folder.name) / "spans.jsonl"

    @property
    def variables(self) -> dict[str, str]:
        """What the host is to be told."""
        return {
            "PAIS_TELEMETRY_FILE": str(self._file),
            "OTEL_BSP_SCHEDULE_DELAY": SOON,
            "OTEL_SDK_DISABLED": "false",
            "OTEL_TRACES_SAMPLER": "always_on",
        }

    def read(self) -> list[dict[str, Any]]:
        """Those that have been written so far, in the order of their beginnings."""
        if not self._file.exists():
            return []
        # A line that is still being written ends without its line break.
        lines = self._file.read_text(encoding="utf-8").splitlines(keepends=True)
        spans = [span for line in lines if line.endswith("\n") for span in spans_of(json.loads(line))]
        return sorted(spans, key=lambda span: (span["start"], -span["end"]))

    def close(self) -> None:
        self._folder.cleanup()


def spans_of(told: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for resource in told.get("resourceSpans", ()):
        for scope in resource["scopeSpans"]:
            yield from map(plain_span, scope["spans"])


def plain_span(span: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": span["name"],
        "trace_id": span["traceId"],
        "span_id": span["spanId"],
        "parent_span_id": span.get("parentSpanId", ""),
        "start": int(span["startTimeUnixNano"]),
        "end": int(span["endTimeUnixNano"]),
        "attributes": plain_attributes(span),
        "events": [{"name": event["name"], "attributes": plain_attributes(event)} for event in span.get("events", ())],
        "status": STATUSES[span.get("status", {}).get("code", 0)],
    }


def plain_attributes(holder: dict[str, Any]) -> dict[str, Any]:
    return {attribute["key"]: plain_value(attribute["value"]) for attribute in holder.get("attributes", ())}


def plain_value(value: dict[str, Any]) -> Any:
    """OTLP's JSON writes whole numbers as texts, and says of each value what it is."""
    if "intValue" in value:
        return int(value["intValue"])
    if "arrayValue" in value:
        return [plain_value(one) for one in value["arrayValue"].get("values", ())]
    if "kvlistValue" in value:
        return {one["key"]: plain_value(one["value"]) for one in value["kvlistValue"].get("values", ())}
    return next(iter(value.values()), None)
