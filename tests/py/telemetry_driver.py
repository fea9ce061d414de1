"""tests/cpp/driver/telemetry_driver.cpp, spoken to: a process whose telemetry does what a test asks."""

from __future__ import annotations

import os
import queue
import subprocess
import threading
from pathlib import Path

PATIENCE = 60.0


def find_driver() -> Path:
    """Where PAIS_TELEMETRY_DRIVER says, else in the build that scripts/test has made."""
    built = Path(__file__).parents[2] / "build/python/tests/cpp/driver/pais_telemetry_driver"
    return Path(os.environ.get("PAIS_TELEMETRY_DRIVER", built))


class TelemetryDriver:
    """`tell("span", "hello")` gives its answer. What it logs, or writes to the console, is in `output`."""

    def __init__(self, **environment: str) -> None:
        program = find_driver()
        assert program.exists(), "pais_telemetry_driver is not built; run scripts/test"
        self.output: list[str] = []
        self._answers: queue.Queue[str] = queue.Queue()
        self.process = subprocess.Popen(
            [program],
            env={"PATH": os.environ["PATH"], "AGENT_NAME": "tester", **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._collect, daemon=True)
        self._reader.start()
        self.state = self._answers.get(timeout=PATIENCE)  # "on" or "off"

    def _collect(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("> "):
                self._answers.put(line[2:].rstrip("\n"))
            else:
                self.output.append(line.rstrip("\n"))

    def tell(self, *words: str | int) -> str:
        assert self.process.stdin is not None
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        return self._answers.get(timeout=PATIENCE)

    def flush(self, within_ms: int = 20_000) -> bool:
        return self.tell("flush", within_ms) == "flushed"

    def dropped(self, signal: str) -> int:
        return int(self.tell("dropped", signal))

    def warnings(self) -> list[str]:
        return [line for line in self.output if " - WARNING - " in line]

    def stop(self) -> int:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        self.process.stdout.close()
        return code
