"""A Python file that `pais run` serves."""

from __future__ import annotations

import sysconfig
import time
import urllib.error
from collections.abc import Mapping
from pathlib import Path

import wire
from host import PATIENCE, RunningHost


def pais(*words: str | Path) -> list[str | Path]:
    """The command line of the `pais` that is installed beside this Python."""
    return [Path(sysconfig.get_path("scripts")) / "pais", *words]


class RunningFile(RunningHost):
    """`target` is a file, or `file:attribute`, as seen from `folder`."""

    def __init__(self, target: str | Path, environment: Mapping[str, str], folder: Path, *options: str) -> None:
        super().__init__(pais("run", target, "--port", "0", *options), environment, folder)

    def wait_until_loaded(self) -> None:
        """It listens, and knows its agent. As an orchestrator does: by asking, since nothing tells."""
        self.wait_until_listening()
        deadline = time.monotonic() + PATIENCE
        while self._is_starting():
            assert self.process.poll() is None, "it ended. It said:\n" + "\n".join(self.output)
            assert time.monotonic() < deadline, "it did not come to be ready. It said:\n" + "\n".join(self.output)
        # What it says of itself comes through a pipe, and this is the last of it.
        while not any("curl http" in line for line in self.output):
            assert time.monotonic() < deadline, "it did not say how to ask it. It said:\n" + "\n".join(self.output)
            time.sleep(0.005)

    def _is_starting(self) -> bool:
        try:
            wire.get(f"{self.url}/ready")
        except urllib.error.HTTPError as refused:
            with refused:
                return b'"starting"' in refused.read()
        except OSError:  # it has ended meanwhile
            return True
        return False
