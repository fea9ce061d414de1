"""The threads that sync tools run on."""

from __future__ import annotations

import sys
import threading

from pais.sync_tools import MOST_THREADS, CalledExit, HomeProcess, SyncTools

PATIENCE = 30.0


def threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "pais-tool"}


def test_calls_beyond_the_most_threads_wait_for_one_to_be_free() -> None:
    tools = SyncTools(HomeProcess())
    others = threads()  # idle ones of earlier tests
    gate = threading.Event()

    futures = [tools.submit(gate.wait, PATIENCE) for _ in range(MOST_THREADS + 20)]
    most = len(threads() - others)
    gate.set()

    assert all(future.result(PATIENCE) for future in futures)
    assert 1 < most <= MOST_THREADS


def test_a_call_that_fails_or_is_called_off_costs_no_thread() -> None:
    tools = SyncTools(HomeProcess())
    gate = threading.Event()
    held = [tools.submit(gate.wait, PATIENCE) for _ in range(MOST_THREADS)]

    called_off = tools.submit(gate.wait, PATIENCE)
    failing = tools.submit(int, "no number")
    assert called_off.cancel()
    gate.set()

    assert isinstance(failing.exception(PATIENCE), ValueError)
    assert all(future.result(PATIENCE) for future in held)
    assert tools.submit(len, "abc").result(PATIENCE) == 3


def test_a_call_of_exit_is_handed_on_as_an_ordinary_exception() -> None:
    tools = SyncTools(HomeProcess())

    reason = tools.submit(sys.exit, 3).exception(PATIENCE)

    assert isinstance(reason, CalledExit)
    assert reason.end.code == 3
