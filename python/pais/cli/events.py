"""Events of a session, for people to read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pais.plain_text import one_line
from pais.screen import show_table

Event = dict[str, Any]


def show_events(events: Sequence[Event]) -> None:
    show_table(
        ["time", "what", ""],
        [[time_of(event), one_line(str(event.get("event_type", ""))), told(event)] for event in events],
    )


def time_of(event: Event) -> str:
    moment = moment_of(event)
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S") if moment else ""


def moment_of(event: Event) -> datetime | None:
    try:
        return datetime.fromisoformat(str(event.get("timestamp")))
    except ValueError:
        return None


def told(event: Event) -> str:
    """`add {"a": 1}` of a call, `add → 3` of what came of it, and the text of all else."""
    content = event.get("content")
    if not isinstance(content, dict):
        return str(content)
    name = content.get("tool") or content.get("agent")
    if name is None:
        return json.dumps(content, ensure_ascii=False)
    if event.get("event_type") in ("tool_result", "delegation_response"):
        return f"{name} → {as_text(content.get('result', content.get('response')))}"
    return f"{name} {as_text(content.get('arguments', content.get('task', '')))}"


def as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
