"""HTTP calls from Python, made by the core's own client."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

from pais._core import HttpCall

MOST_AT_ONCE = 64


@dataclass(frozen=True)
class Outcome:
    """An answer of any status; or a failure, which is unreachable, timed_out, cancelled or unusable."""

    status: int
    body: bytes
    failure: str
    cause: str  # of a failure, for a log: it may name hosts

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300


async def call(method: str, url: str, headers: Mapping[str, str], body: bytes, patience: float) -> Outcome:
    """One request, its body JSON, given up after `patience` seconds. A task that is cancelled ends its call."""
    request = HttpCall(method, url, list(headers.items()), body, patience)
    try:
        return Outcome(*await asyncio.get_running_loop().run_in_executor(callers(), request.send))
    except asyncio.CancelledError:
        request.cancel()
        raise


@cache
def callers() -> ThreadPoolExecutor:
    """Threads of their own: calls that wait for a slow peer must not keep the loop's other work from its threads."""
    return ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="pais-http")
