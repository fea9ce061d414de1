"""A Python file that `pais run` serves."""

from __future__ import annotations

import sysconfig
from collections.abc import Mapping
from pathlib import Path

from host import RunningHost


def pais(*words: str | Path) -> list[str | Path]:
    """The command line of the `pais` that is installed beside this Python."""
    return [Path(sysconfig.get_path("scripts")) / "pais", *words]


class RunningFile(RunningHost):
    """`target` is a file, or `file:attribute`, as seen from `folder`."""

    def __init__(self, target: str | Path, environment: Mapping[str, str], folder: Path, *options: str) -> None:
        super().__init__(pais("run", target, "--port", "0", *options), environment, folder)

    def wait_until_loaded(self) -> None:
        """It serves its agent: of what it says of itself then, this is the last."""
        self.wait_until_it_says("curl http")
