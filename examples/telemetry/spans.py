"""Prints the newest run of a telemetry file as a tree of spans; waits for it if need be."""

import json
import sys
import time
from pathlib import Path


def spans_in(file):
    for line in file.read_text().splitlines() if file.exists() else []:
        for resource in json.loads(line).get("resourceSpans", []):
            for scope in resource["scopeSpans"]:
                yield from scope["spans"]


def newest_run(file):
    """Its spans; none before `server-run` is there, which ends after all others."""
    spans = [*spans_in(file)]
    traces = [span["traceId"] for span in spans if span["name"] == "server-run"]
    return [span for span in spans if span["traceId"] in traces[-1:]]


def show(spans, parent="", depth=0):
    for span in spans:
        if span.get("parentSpanId", "") == parent:
            took = (int(span["endTimeUnixNano"]) - int(span["startTimeUnixNano"])) / 1e6
            print(f"{'  ' * depth}{span['name']}  {took:.1f} ms")
            show(spans, span["spanId"], depth + 1)


deadline = time.monotonic() + 20
while not (run := newest_run(Path(sys.argv[1]))):
    if time.monotonic() > deadline:
        sys.exit(f"There is no run in {sys.argv[1]}.")
    time.sleep(0.05)
show(run)
