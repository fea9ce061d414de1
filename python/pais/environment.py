"""The variables of `.env`, of `--env-file` and of the options, where the user's code looks for them too."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from dotenv import dotenv_values


class FileVariables:
    """What the files of variables say, all of it: also keys that only the user's code knows."""

    def __init__(self, env_file: str) -> None:
        self._files = [Path(name) for name in (".env", env_file) if name]  # the later one is the stronger
        self._placed: dict[str, str] = {}

    def place(self) -> None:
        """Into the environment, where what was there before is stronger. Said again, it takes up what has changed."""
        for name, value in self._read().items():
            present = os.environ.get(name)
            if present is None or present == self._placed.get(name):
                os.environ[name] = self._placed[name] = value

    def _read(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for file in self._files:
            if file.is_file():
                text = file.read_text(encoding="utf-8", errors="replace")
                values = dotenv_values(stream=io.StringIO(text))
                found |= {name: value for name, value in values.items() if value is not None}
        return found


@contextmanager
def restored() -> Iterator[None]:
    """What is placed in the environment meanwhile is gone again after it."""
    before = dict(os.environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def place_options(options: Mapping[str, str], name: str) -> None:
    """The options are stronger than the environment; `name` is what the agent is called in the end."""
    os.environ.update(options)
    if not os.environ.get("AGENT_NAME"):
        os.environ["AGENT_NAME"] = name
