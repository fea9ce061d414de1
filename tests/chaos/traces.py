"""The spans that the agents have written down, and whether they hang together."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from chaos.turns import Turn


@dataclass(frozen=True)
class Span:
    trace: str
    id: str
    parent: str
    name: str


def spans_in(file: Path) -> Iterator[Span]:
    with file.open() as lines:
        for line in lines:
            if not line.startswith('{"resourceSpans"'):
                continue
            for resource in json.loads(line)["resourceSpans"]:
                for scope in resource["scopeSpans"]:
                    for span in scope["spans"]:
                        yield Span(span["traceId"], span["spanId"], span.get("parentSpanId", ""), span["name"])


def by_trace(spans: Iterable[Span]) -> dict[str, list[Span]]:
    found: dict[str, list[Span]] = defaultdict(list)
    for span in spans:
        found[span.trace].append(span)
    return found


def torn(turns: Iterable[Turn], traces: Mapping[str, list[Span]], is_outside: Callable[[Turn], bool]) -> list[str]:
    """Answered requests without a span of their run, and spans whose parent nobody has written."""
    found = []
    for turn in turns:
        if turn.outcome != "answered" or is_outside(turn):
            continue
        spans = traces.get(turn.trace, [])
        if not any(span.name == "server-run" for span in spans):
            found.append(f"{turn.mark} to {turn.host} has no span of its run")
        known = {span.id for span in spans} | {turn.trace[-16:]}
        found += [f"{turn.mark} ({turn.kind}): orphan {span.name}" for span in spans if span.parent not in known]
    return found
