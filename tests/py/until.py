"""Waiting for the thing itself, where nobody tells of it: a line of a log, a counter of another process."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE = 60.0

T = TypeVar("T")


def until(holds: Callable[[], T]) -> T:
    """What `holds` gives once that is something, or what it gave last when a generous time is over."""
    deadline = time.monotonic() + PATIENCE
    while not (found := holds()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return found


def eventually(holds: Callable[[], T], what: str = "what was waited for is there") -> T:
    """What `holds` gives once that is something; else the test fails."""
    found = until(holds)
    assert found, f"it did not come about that {what}"
    return found
