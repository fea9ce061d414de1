"""Being asked to end: SIGTERM and SIGINT, from the first request to serve until the process is gone."""

from __future__ import annotations

import os
import signal
import socket
import threading
from asyncio import get_running_loop
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

ENDING = (signal.SIGTERM, signal.SIGINT)


class EndSignals:
    """Calls `asked` at each signal, on a thread of its own, until told to ignore them.

    The loop may be kept from its work by the user's code, and Python's handlers run between two of its steps: the
    thread hears of a signal even while that code waits in a library that never comes back. The loop's own
    `add_signal_handler` would also give the signals their defaults back when the loop closes: who asks twice would kill
    a process that is about to end by itself.
    """

    def __init__(self, asked: Callable[[], object]) -> None:
        """On the main thread, and on the loop, which sets a descriptor of its own when it starts."""
        self._asked = asked
        self._heard, self._teller = self._pair = socket.socketpair()
        self._teller.setblocking(False)
        threading.Thread(target=self._listen, name="pais-signals", daemon=True).start()
        self._told_by_signals()
        for number in ENDING:
            signal.signal(number, self._make_sure)
        os.register_at_fork(after_in_child=self._leave_to_the_parent)

    def ignore(self) -> None:
        """From now on the process ends by itself. Also Python, when it ends, leaves alone what is ignored."""
        for number in ENDING:
            signal.signal(number, signal.SIG_IGN)
        signal.set_wakeup_fd(-1)
        self._teller.shutdown(socket.SHUT_RDWR)

    def _listen(self) -> None:
        while numbers := self._heard.recv(64):
            for number in numbers:
                if number in ENDING:
                    self._asked()

    def _told_by_signals(self) -> int:
        """Gives the descriptor that they told of themselves before."""
        return signal.set_wakeup_fd(self._teller.fileno(), warn_on_full_buffer=False)

    def _make_sure(self, number: int, _frame: FrameType | None) -> None:
        """Somebody else, a loop perhaps, may have had the signals tell him alone."""
        before = self._told_by_signals()
        if before != self._teller.fileno():
            self._teller.send(bytes([number]))
            signal.set_wakeup_fd(before)

    def _leave_to_the_parent(self) -> None:
        """A child that is told to end does not end its parent, whose socket it has."""
        if signal.getsignal(signal.SIGTERM) != self._make_sure:
            return
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def set_from_other_threads() -> Iterator[None]:
    """While code is loaded on a thread, what it says to `signal.signal` is done on the main one, whose loop this is.

    Being asked to end stays ours, as it is when code has been loaded on the main thread.
    """
    loop, set_here = get_running_loop(), signal.signal

    def set_on_main(number: int, handler: Any) -> Any:
        if threading.current_thread() is threading.main_thread():
            return set_here(number, handler)
        if number not in ENDING:
            loop.call_soon_threadsafe(set_here, number, handler)
        return signal.getsignal(number)

    signal.signal = set_on_main  # type: ignore[assignment]
    try:
        yield
    finally:
        signal.signal = set_here
