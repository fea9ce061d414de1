"""The ways of running an agent: each starts one from its settings, and the suite is run on each."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from host import RunningHost, host_under_test
from running_file import RunningFile


class RunningAgent(Protocol):
    """A server process that serves one agent; `output` grows as it speaks."""

    url: str
    output: list[str]

    def ask_to_end(self) -> None:
        """As an orchestrator does: SIGTERM."""

    def wait(self) -> int:
        """Its exit code, once it has ended."""

    def stop(self) -> int:
        """Both, and for good."""


class Producer(Protocol):
    def start(self, settings: Mapping[str, str], folder: Path) -> RunningAgent: ...


class Native:
    """The agent that is only declared by its environment, served by pais-host."""

    def start(self, settings: Mapping[str, str], folder: Path) -> RunningAgent:
        host = RunningHost([host_under_test(), "--port", "0"], settings, folder)
        host.wait_until_listening()
        return host


class Python:
    """The same agent, written as a pydantic-ai `Agent` in a file, served by `pais run`."""

    FILE = Path(__file__).with_name("declared.py")

    def start(self, settings: Mapping[str, str], folder: Path) -> RunningAgent:
        host = RunningFile(self.FILE, settings, folder)
        host.wait_until_loaded()
        return host


PRODUCERS: Mapping[str, Producer] = {"native": Native(), "python": Python()}
