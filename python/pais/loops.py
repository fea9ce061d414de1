"""Work for a loop that may be another's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVarTuple

Arguments = TypeVarTuple("Arguments")


def call_on(loop: asyncio.AbstractEventLoop, function: Callable[[*Arguments], object], *arguments: *Arguments) -> None:
    """At once on the loop that runs here, as soon as it gets to it on another; never on one that has been closed,
    where nobody waits any more."""
    if loop is asyncio.get_running_loop():
        function(*arguments)
        return
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(function, *arguments)
