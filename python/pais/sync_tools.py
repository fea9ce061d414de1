"""Where the user's functions run that are not async, and what becomes of a child that one of them forks."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import AbstractContextManager
from functools import partial
from threading import Condition, Thread
from typing import Any, ParamSpec, TypeVar

from pydantic_ai import Agent

IDLE_FOR = 10.0  # seconds
MOST_THREADS = 256  # as many as there are runs

P = ParamSpec("P")
T = TypeVar("T")


class CalledExit(Exception):
    """A function of the user's called `sys.exit`, which is `end`. In a task that would break out of the loop, and the
    loop is not always ours."""

    def __init__(self, end: SystemExit) -> None:
        super().__init__("sys.exit")
        self.end = end


class HomeProcess:
    """The process that serves. A child that the user's code forks takes no part in that."""

    def __init__(self) -> None:
        self._pid = os.getpid()

    def leave_if_forked(self, end: BaseException | None) -> None:
        """Ends a child as it wishes: with the code of its `sys.exit`, or as a program that came to its own end."""
        if os.getpid() != self._pid:
            os._exit(exit_code(end))


def exit_code(end: BaseException | None) -> int:
    if isinstance(end, SystemExit) and isinstance(end.code, int):
        return end.code & 0xFF
    return int(end is not None and not (isinstance(end, SystemExit) and end.code is None))


class SyncTools(Executor):
    """Threads for sync functions: at most as many as there are runs, gone again when idle, and none that the
    interpreter waits for at its end. In a child that was forked on one of them there is nobody to hear what the
    function returns."""

    def __init__(self, home: HomeProcess) -> None:
        self._home = home
        self._changed = Condition()  # guards what follows
        self._calls: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._threads = 0
        self._idle = 0  # of them

    def submit(self, function: Callable[P, T], /, *arguments: P.args, **named: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        with self._changed:
            self._calls.append((future, partial(function, *arguments, **named)))
            if len(self._calls) > self._idle and self._threads < MOST_THREADS:
                self._start_thread()
            self._changed.notify()
        return future

    def _start_thread(self) -> None:
        try:
            Thread(target=self._work, name="pais-tool", daemon=True).start()
        except RuntimeError:  # the system gives no more
            if self._threads == 0:
                self._calls.pop()
                raise
        else:
            self._threads += 1

    def _work(self) -> None:
        while taken := self._next():
            future, call = taken
            if future.set_running_or_notify_cancel():
                self._perform(future, call)
            del taken, future, call

    def _next(self) -> tuple[Future[Any], Callable[[], Any]] | None:
        """Nothing when there has been none for a while: the thread is over then."""
        with self._changed:
            self._idle += 1
            self._changed.wait_for(lambda: self._calls, IDLE_FOR)
            self._idle -= 1
            if self._calls:
                return self._calls.popleft()
            self._threads -= 1
            return None

    def _perform(self, future: Future[Any], call: Callable[[], Any]) -> None:
        try:
            result = call()
        except BaseException as failure:
            self._home.leave_if_forked(failure)
            future.set_exception(CalledExit(failure) if isinstance(failure, SystemExit) else failure)
        else:
            self._home.leave_if_forked(None)
            future.set_result(result)

    def lent(self) -> AbstractContextManager[None]:
        """To the runs that begin in it."""
        return Agent.using_thread_executor(self)
