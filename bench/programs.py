"""The programs that a benchmark starts, and what they cost: found, started, watched, ended."""

from __future__ import annotations

import json
import os
import re
import resource
import statistics
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

REPOSITORY = Path(__file__).resolve().parent.parent
LISTENING = re.compile(r"Listening on (http://\S+)")
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
READY_WITHIN = 60.0  # seconds
TIMED = ("closed", "open", "paired")  # modes of the load generator that measure for some time


def find_build(asked: str | None) -> Path:
    """The build folder with the benchmark programs in it, or the end of the script with a hint."""
    candidates = [Path(asked)] if asked else [REPOSITORY / "build" / name for name in ("release", "dev", "")]
    for build in candidates:
        if (build / "bench" / "pais-load").exists():
            return build
    places = ", ".join(str(candidate) for candidate in candidates)
    sys.exit(
        f"No pais-load in {places}. Build it (cmake --preset release && cmake --build --preset release) or name "
        "the build folder with --build."
    )


def raise_file_limit() -> None:
    """As many open files as allowed, for this process and for all that it starts."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class Program:
    """A server in a process of its own. Construction returns when it has said where it listens."""

    def __init__(self, command: Sequence[str | Path], env: Mapping[str, str] | None = None) -> None:
        self._process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True, env=env)
        self.pid = self._process.pid
        self.url = self._read_url()
        # What else it prints is read and thrown away, so that it never waits for us.
        threading.Thread(target=self._stdout.read, daemon=True).start()

    @property
    def _stdout(self) -> IO[str]:
        assert self._process.stdout is not None
        return self._process.stdout

    def _read_url(self) -> str:
        for line in self._stdout:
            if found := LISTENING.search(line):
                return found[1].rstrip("/")
        raise RuntimeError(f"{self._process.args!r} ended with {self._process.wait()} before it listened")

    def _status_mib(self, field: str) -> float:
        status = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(rf"^{field}:\s+(\d+) kB", status, re.MULTILINE)
        assert found is not None
        return int(found[1]) / 1024

    def rss_mib(self) -> float:
        return self._status_mib("VmRSS")

    def peak_rss_mib(self) -> float:
        return self._status_mib("VmHWM")

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextmanager
def running(command: Sequence[str | Path], env: Mapping[str, str] | None = None) -> Iterator[Program]:
    program = Program(command, env)
    try:
        yield program
    finally:
        program.stop()


def wait_for_health(url: str) -> None:
    with urllib.request.urlopen(f"{url}/health", timeout=10) as answer:
        assert answer.status == 200


def wait_until_ready(url: str) -> None:
    """As an orchestrator does, but oftener: a server.py is loaded while its agent listens already."""
    deadline = time.monotonic() + READY_WITHIN
    while True:
        try:
            urllib.request.urlopen(f"{url}/ready", timeout=READY_WITHIN).close()
            return
        except urllib.error.HTTPError as refused:
            with refused:
                if time.monotonic() > deadline:
                    sys.exit(f"{url} did not come to be ready: {refused.read().decode()}")
        time.sleep(0.002)


def time_to_health(command: Sequence[str | Path], env: Mapping[str, str] | None = None, times: int = 20) -> float:
    """Milliseconds from before the process is born to its first `/health` 200: the median of several starts."""
    took = []
    for _ in range(times):
        begin = time.perf_counter()
        with running(command, env) as program:
            wait_for_health(program.url)
            took.append((time.perf_counter() - begin) * 1000)
    return statistics.median(took)


class Load:
    """The load generator: what its modes measured, as it tells it.

    `times` are options of the timed modes, where none are given.
    """

    def __init__(self, build: Path, **times: float) -> None:
        self._program = build / "bench" / "pais-load"
        self._times = times

    def _command(self, mode: str, url: str, options: Mapping[str, Any]) -> list[str]:
        command = [str(self._program), mode, "--url", url, "--json"]
        times = self._times if mode in TIMED else {}
        for name, value in {**times, **options}.items():
            command += [f"--{name.replace('_', '-')}", str(value)]
        return command

    def run(self, mode: str, url: str, **options: Any) -> dict[str, Any]:
        with self.start(mode, url, **options) as measuring:
            return measuring.result()

    @contextmanager
    def start(self, mode: str, url: str, **options: Any) -> Iterator[Measuring]:
        measuring = Measuring(self._command(mode, url, options))
        try:
            yield measuring
        finally:
            measuring.end()

    @contextmanager
    def holding(self, url: str, idle: int, half_sent: int) -> Iterator[Measuring]:
        """Connections that stand while the body of the `with` runs. Ask for the result at its end."""
        with self.start("hold", url, idle=idle, half_sent=half_sent) as measuring:
            measuring.wait_until_it_holds()
            yield measuring


class Measuring:
    """A load generator at work."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def wait_until_it_holds(self) -> None:
        assert self._process.stdout is not None
        if not self._process.stdout.readline().startswith("Holding"):
            raise RuntimeError("the connections could not be opened")

    def result(self) -> dict[str, Any]:
        output, _ = self._process.communicate()
        if self._process.returncode != 0:
            raise RuntimeError(f"{self._process.args!r} ended with {self._process.returncode}")
        result: dict[str, Any] = json.loads(output)
        return result

    def end(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait()
