"""Says who keeps a loop from its work."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
import traceback

from pais._core import log_warning

LOOK_EVERY = 0.25
LONG = 1.0
INNERMOST = 12  # frames


class LoopWatch:
    """Looks at a loop from a thread of its own. When nothing moves for a second, the log gets the guilty stack."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """On the loop's own thread."""
        self._loop = loop
        self._over = threading.Event()
        self._alive = time.monotonic()
        self._owner = threading.get_ident()
        threading.Thread(target=self._look, name="pais-loop-watch", daemon=True).start()

    def stop(self) -> None:
        self._over.set()

    def _beat(self) -> None:
        self._alive = time.monotonic()

    def _look(self) -> None:
        told = asked = False
        while not self._over.wait(LOOK_EVERY):
            since = self._alive
            if not asked:
                try:
                    self._loop.call_soon_threadsafe(self._beat)
                except RuntimeError:  # closed
                    return
                asked, asked_at = True, time.monotonic()
            elif since >= asked_at:
                told = asked = False
            elif self._loop.is_closed():
                return
            elif time.monotonic() - asked_at > LONG and not told:
                told = True
                self._tell()

    def _tell(self) -> None:
        frame = sys._current_frames().get(self._owner)
        stack = "".join(traceback.format_stack(frame, INNERMOST)) if frame is not None else ""
        log_warning(f"the agent's loop has been blocked for over a second; no other run goes on meanwhile\n{stack}")
