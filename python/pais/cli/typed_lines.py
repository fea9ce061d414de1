"""What the user types: lines that go on, blocks of lines, and the history that the arrow up brings back."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

from pais.screen import has_colours

FENCE = '"""'
MOST_REMEMBERED = 1000
PROMPT = "you> "
MORE = "...> "


class TypedLines:
    """EOFError at the end of the input; KeyboardInterrupt at Ctrl-C, and what was begun is forgotten."""

    def __init__(self) -> None:
        self.is_terminal = sys.stdin.isatty() and sys.stdout.isatty()
        if self.is_terminal:
            remember_lines()

    def next(self) -> str:
        """A line; or several, where one ends in a backslash or they stand between two lines of three quotes."""
        line = self._line(PROMPT)
        if line.strip() == FENCE:
            return "\n".join(self._until_fence())
        lines = [line]
        while lines[-1].endswith("\\"):
            lines[-1] = lines[-1][:-1]
            lines.append(self._line(MORE))
        return "\n".join(lines)

    def _until_fence(self) -> list[str]:
        lines: list[str] = []
        while (line := self._line(MORE)).strip() != FENCE:
            lines.append(line)
        return lines

    def _line(self, prompt: str) -> str:
        if self.is_terminal:
            return input(readable(prompt))
        line = sys.stdin.readline()
        if not line:
            raise EOFError
        return line.rstrip("\n")


def readable(prompt: str) -> str:
    """In colour, where readline counts only what is seen."""
    return f"\001\x1b[36m\002{prompt}\001\x1b[0m\002" if has_colours(sys.stdout) else prompt


def history_file() -> Path:
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "pais" / "chat_history"


def remember_lines() -> None:
    """From one conversation to the next, for this user alone; where that cannot be, for this one."""
    try:
        import readline
    except ImportError:  # a Python without it
        return
    import atexit

    readline.parse_and_bind("set enable-bracketed-paste on")
    readline.set_history_length(MOST_REMEMBERED)
    with suppress(OSError, RuntimeError):
        file = history_file()
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.touch(mode=0o600)
        with suppress(OSError):
            readline.read_history_file(file)
        atexit.register(write_quietly, file)


def write_quietly(file: Path) -> None:
    import readline

    with suppress(OSError):
        readline.write_history_file(file)
