"""Bare pydantic-ai beside a host: what it runs, how long it takes to import, and what it takes of the memory."""

from __future__ import annotations

import json
import statistics
import subprocess
import time
from pathlib import Path
from typing import Any

from command import Pace

SCRIPT = Path(__file__).with_name("bare_agent.py")
IMPORT = "import pydantic_ai; print(open('/proc/self/status').read())"


class BareAgent:
    """Runs `bench/bare_agent.py` with an interpreter that can import pydantic-ai, and openai."""

    def __init__(self, python: str | Path, pace: Pace) -> None:
        self._python = str(python)
        self._pace = pace

    def run(self, *words: str, seconds: float | None = None) -> dict[str, Any]:
        """`words` say what answers: `--url URL`, or `--function-model`."""
        # Its first run takes long.
        times = ["--seconds", str(seconds or max(1, self._pace.seconds)), "--warm-up", "1"]
        command = [self._python, str(SCRIPT), *words, *times]
        found: dict[str, Any] = json.loads(
            subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
        )
        return found

    def per_second(self, *words: str) -> float:
        return float(self.run(*words)["per_second"])

    def versions(self) -> list[str]:
        told = self.run("--function-model", seconds=0.1)
        return [f"pydantic-ai {told['version']}", str(told["loop"])]

    def import_seconds(self) -> float:
        begin = time.perf_counter()
        subprocess.run([self._python, "-c", "import pydantic_ai"], check=True)
        return time.perf_counter() - begin

    def usual_import_seconds(self) -> float:
        return statistics.median(self.import_seconds() for _ in range(self._pace.rounds))

    def import_rss_mib(self) -> float:
        told = subprocess.run([self._python, "-c", IMPORT], stdout=subprocess.PIPE, text=True, check=True).stdout
        return int(told.partition("VmRSS:")[2].split()[0]) / 1024
