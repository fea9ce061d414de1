"""A running `pais-host`, as a client and an operator see it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pais.native import find_host

LISTENING = re.compile(r"(?:Listening|Uvicorn running) on (http://\S+)")
PATIENCE = 30.0
# What a program that was built with a sanitizer has to be told.
HANDED_ON = {name: os.environ[name] for name in ("PATH", "ASAN_OPTIONS", "TSAN_OPTIONS") if name in os.environ}

_chosen: list[Path] = []


def use_host(program: Path) -> None:
    """For the tests that follow, in place of the installed one."""
    _chosen[:] = [program.resolve(strict=True)]


def host_under_test() -> Path:
    program = _chosen[0] if _chosen else find_host()
    assert program is not None, "pais-host is not installed; run scripts/test"
    return program


class RunningHost:
    """A host that `command` starts in `folder`, with nothing in its environment but what it is given.

    Its output is collected in `output` as it comes. `stop()` ends it as an orchestrator does and gives its exit code.
    """

    def __init__(self, command: Sequence[str | Path], environment: Mapping[str, str], folder: Path) -> None:
        self.output: list[str] = []
        self.url = ""
        self._news = threading.Condition()  # another line of output, or its end
        self._has_ended = False
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env={**HANDED_ON, "PAIS_DRAIN_DELAY_SECONDS": "0", **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._collect, daemon=True)
        self._reader.start()

    def _collect(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._news:
                self.output.append(line.rstrip("\n"))
                if found := LISTENING.search(line):
                    self.url = found[1]
                self._news.notify_all()
        with self._news:
            self._has_ended = True
            self._news.notify_all()

    def wait_until_listening(self) -> None:
        assert self._until(lambda: self.url), "it did not come to listen. It said:\n" + "\n".join(self.output)

    def wait_until_it_says(self, text: str) -> None:
        said = self._until(lambda: any(text in line for line in self.output))
        assert said, f"it did not come to say {text!r}. It said:\n" + "\n".join(self.output)

    def _until(self, holds: Callable[[], object]) -> bool:
        """Whether it came to hold before the end of the output."""
        with self._news:
            self._news.wait_for(lambda: self._has_ended or holds(), PATIENCE)
            return bool(holds())

    def ask_to_end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def stop(self) -> int:
        self.ask_to_end()
        try:
            return self.wait()
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.wait()
            raise

    def wait(self) -> int:
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code
