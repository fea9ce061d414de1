"""What a process holds of the machine."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

MORE_FILES = 16  # connections that are kept for the next call
MORE_MEMORY = 24.0  # MiB, and a quarter of what it was


@dataclass(frozen=True)
class Level:
    rss: float  # MiB
    files: int
    threads: int


def level_of(pid: int) -> Level:
    process = Path(f"/proc/{pid}")
    status = process.joinpath("status").read_text()
    numbers = {name: int(value) for name, value in re.findall(r"^(VmRSS|Threads):\s+(\d+)", status, re.MULTILINE)}
    return Level(numbers["VmRSS"] / 1024, len(list(process.joinpath("fd").iterdir())), numbers["Threads"])


def files_are_back(before: Level, now: Level) -> bool:
    return now.files <= before.files + MORE_FILES


def raised(before: Mapping[str, Level], after: Mapping[str, Level]) -> list[str]:
    """Who holds more at the end than when it had warmed up."""
    found = []
    for name, was in before.items():
        now = after[name]
        if now.rss > was.rss * 1.25 + MORE_MEMORY:
            found.append(f"{name} holds {now.rss:.0f} MiB, and {was.rss:.0f} MiB when it had warmed up")
        if not files_are_back(was, now):
            found.append(f"{name} holds {now.files} descriptors, and {was.files} when it had warmed up")
    return found
