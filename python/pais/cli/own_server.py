"""An agent's file, served for as long as somebody talks to it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from pais.cli.remote import Refused, Remote
from pais.native import pais_command

PATIENCE = 120.0  # seconds for the user's code to be imported
FAREWELL = 10.0
LOOK_EVERY = 0.05
LISTENING = re.compile(r"^Listening on (http://\S+)")
MOST_LINES = 200


class OwnServer:
    """`pais run FILE --port 0`, in a process of its own that a Ctrl-C at the terminal does not reach."""

    def __init__(self, target: str, options: Sequence[str]) -> None:
        self.url = ""
        self._lines: deque[str] = deque(maxlen=MOST_LINES)
        self._heard = threading.Event()
        # It drains for nobody: the only one who talks to it has gone when it is told to end.
        quick = {"PAIS_DRAIN_DELAY_SECONDS": "0", "PAIS_SHUTDOWN_GRACE_SECONDS": "0"}
        self._process = subprocess.Popen(
            pais_command("run", target, "--port=0", "--host=127.0.0.1", *options),
            env={**os.environ, **quick},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, name="pais-own-server", daemon=True)
        self._reader.start()

    @property
    def output(self) -> str:
        """The last of what it has printed."""
        return "".join(self._lines)

    def wait_until_ready(self) -> None:
        """Refused when it ends before that; what it said is `output` then."""
        deadline = time.monotonic() + PATIENCE
        while not self._heard.wait(LOOK_EVERY):
            self._refuse_late(deadline)
        while not self._is_ready():
            self._refuse_late(deadline)
            time.sleep(LOOK_EVERY)

    def stop(self) -> None:
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(FAREWELL)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(FAREWELL)

    def _is_ready(self) -> bool:
        if not self.url or self._process.poll() is not None:
            self._process.wait()
            self._reader.join(FAREWELL)
            raise Refused("the agent could not be served")
        try:
            # One without a model says so at the first question.
            return Remote(self.url).ready().get("reason") not in ("starting", "draining")
        except Refused:  # it is about to end
            return False

    def _refuse_late(self, deadline: float) -> None:
        if time.monotonic() > deadline:
            raise Refused("the agent did not come to be served")

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self._lines.append(line)
                if not self.url and (found := LISTENING.match(line)):
                    self.url = found[1]
                    self._heard.set()
        self._heard.set()


@contextmanager
def served(target: str, options: Sequence[str]) -> Iterator[OwnServer]:
    """Ended when this is left, also by the terminal's being closed."""

    def leave(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
    server = OwnServer(target, options)
    try:
        yield server
    finally:
        server.stop()
