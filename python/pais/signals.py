"""Being asked to end: SIGTERM and SIGINT, from the first request to serve until the process is gone."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable

ENDING = (signal.SIGTERM, signal.SIGINT)


class EndSignals:
    """Calls `asked` on the loop at each signal, until told to ignore them.

    The loop's own `add_signal_handler` gives the signals their defaults back when the loop closes: who asks twice would
    kill a process that is about to end by itself.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, asked: Callable[[], object]) -> None:
        """On the main thread, and on the loop."""
        self._loop = loop
        self._woken, waker = self._pair = socket.socketpair()
        for end in self._pair:
            end.setblocking(False)
        # A signal that comes between the loop's last look around and its sleep has to wake it.
        loop.add_reader(self._woken, lambda: self._woken.recv(64))
        signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
        for number in ENDING:
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(asked))

    def ignore(self) -> None:
        """From now on the process ends by itself. Also Python, when it ends, leaves alone what is ignored."""
        for number in ENDING:
            signal.signal(number, signal.SIG_IGN)
        signal.set_wakeup_fd(-1)
        self._loop.remove_reader(self._woken)
        for end in self._pair:
            end.close()
