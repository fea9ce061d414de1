"""A program of the fleet: started, struck, and brought back."""

from __future__ import annotations

import re
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

PATIENCE = 60.0
LISTENING = re.compile(r"(?:^|(?:Listening|Uvicorn running) on )http://127\.0\.0\.1:(\d+)")


class Program:
    """It says where it listens in one of its first lines, on a port of the kernel's choice, a new one in each life.

    `deaths` are the moments at which it was killed, by `time.monotonic()`.
    """

    def __init__(self, name: str, command: Sequence[str | Path], environment: Mapping[str, str], folder: Path) -> None:
        self.name = name
        self.output: deque[str] = deque(maxlen=2000)
        self.deaths: list[float] = []
        self.up = False
        self.has_begun = False
        self.port = 0
        self._command = [str(word) for word in command]
        self._environment = dict(environment)
        self._folder = folder

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._listening = threading.Event()
        self._process = subprocess.Popen(
            self._command,
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self.has_begun = True
        self._reader = threading.Thread(target=self._collect, args=(self._process,), daemon=True)
        self._reader.start()
        self.await_start()
        self.up = True

    def await_start(self) -> None:
        self._listening.wait(PATIENCE)
        assert self._process.poll() is None, f"{self.name} ended. It said:\n" + "\n".join(self.output)

    def _collect(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.output.append(line.rstrip("\n"))
            if not self._listening.is_set() and (found := LISTENING.search(line)):
                self.port = int(found[1])
                self._listening.set()
        self._listening.set()
        process.stdout.close()

    def kill(self) -> None:
        self.up = False
        self.deaths.append(time.monotonic())
        self._process.kill()
        self._process.wait(PATIENCE)

    def pause(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def tell(self, what: signal.Signals) -> None:
        self._process.send_signal(what)

    def end(self) -> int:
        """As an orchestrator does it; the exit code."""
        self.up = False
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()
        try:
            return self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise
        finally:
            self._reader.join(PATIENCE)

    def is_dead(self) -> bool:
        return self._process.poll() is not None


class Redis(Program):
    """It keeps all that it has acknowledged when it is killed, and listens on a socket in its folder."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "redis.sock"
        durable = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""]
        command: list[str | Path] = ["redis-server", "--port", "0", "--unixsocket", self.socket, *durable]
        super().__init__("redis", command, {"PATH": "/usr/local/bin:/usr/bin:/bin"}, folder)

    def await_start(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while self._ask("ping") != "PONG":
            assert time.monotonic() < deadline, "redis-server did not start; is it installed?"
            assert not self.is_dead(), "redis-server ended. It said:\n" + "\n".join(self.output)
            time.sleep(0.02)

    def _ask(self, *words: str) -> str:
        command = ["redis-cli", "-s", str(self.socket), *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE).stdout.strip()
