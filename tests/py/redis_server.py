"""A real redis-server of a test's own, on a Unix socket in its folder, that can be killed, paused and started again."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

PATIENCE = 20.0


class RedisServer:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.socket = folder / "redis.sock"
        self.url = f"unix://{self.socket}"
        self.start()

    def start(self) -> None:
        options = ["--port", "0", "--unixsocket", str(self.socket), "--save", "", "--daemonize", "no"]
        self._process = subprocess.Popen(
            ["redis-server", *options], cwd=self._folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + PATIENCE
        while self._cli("ping", check=False) != "PONG":
            assert time.monotonic() < deadline, "redis-server did not start; is it installed?"
            assert self._process.poll() is None, "redis-server ended at once"

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def pause(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def tell(self, *command: str) -> str:
        """A command of the test itself."""
        return self._cli(*command, check=True)

    def _cli(self, *command: str, check: bool) -> str:
        answer = subprocess.run(
            ["redis-cli", "-s", str(self.socket), *command],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=check,
        )
        return answer.stdout.strip()
