"""What a stream tells of tool calls and delegations."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from pais.plain_text import one_line, shortened

MOST_SHOWN = 120


def progress_of(chunk: dict[str, Any]) -> dict[str, Any] | None:
    """The chunk's own, or that in its text, where a server knows no other way."""
    if chunk.get("type") == "progress":
        return chunk
    with suppress(LookupError, TypeError, AttributeError, ValueError):
        text = chunk["choices"][0]["delta"]["content"]
        if text.startswith('{"type": "progress"'):
            found = json.loads(text)
            return found if isinstance(found, dict) else None
    return None


def progress_line(progress: dict[str, Any]) -> str:
    """`→ tool add`, `→ agent math`, and how far it has come where that is told."""
    kind = "agent" if progress.get("action") == "delegate" else "tool"
    line = f"→ {kind} {one_line(str(progress.get('target', '')))}"
    if agent := progress.get("agent"):
        line = f"{'  ' * (str(agent).count('/') + 1)}{line} (by {one_line(str(agent))})"
    if isinstance(fraction := progress.get("fraction"), int | float) and not isinstance(fraction, bool):
        line += f" {fraction:.0%}"
    if message := progress.get("message"):
        line += f" {message}"
    return shortened_keeping_indent(line)


def shortened_keeping_indent(line: str) -> str:
    indent = len(line) - len(line.lstrip(" "))
    return " " * indent + shortened(line, MOST_SHOWN)
