"""A terminal with somebody at it: what is typed, what is seen."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from running_file import pais
from until import eventually

PATIENCE = 60.0
COLOURS = re.compile(r"\x1b\[[0-9;]*m|\x1b\[\?2004[hl]")  # and how readline tells pasted lines from typed ones
CTRL_C, CTRL_D, ARROW_UP = "\x03", "\x04", "\x1b[A"


class Terminal:
    """`pais …` in a terminal of so many columns. `seen` is all that was written, `plain` the same without colours."""

    def __init__(
        self,
        words: Sequence[str | Path],
        folder: Path,
        environment: Mapping[str, str] | None = None,
        columns: int = 100,
    ) -> None:
        self._screen, child_side = pty.openpty()
        fcntl.ioctl(child_side, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        self.process = subprocess.Popen(
            pais(*words),
            cwd=folder,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), "TERM": "xterm", **(environment or {})},
            stdin=child_side,
            stdout=child_side,
            stderr=child_side,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(child_side)
        self._bytes = b""
        self._read_up_to = 0

    @property
    def seen(self) -> str:
        return self._bytes.decode("utf-8", "replace")

    @property
    def plain(self) -> str:
        return COLOURS.sub("", self.seen).replace("\r", "")

    def type(self, text: str) -> None:
        os.write(self._screen, text.encode())

    def interrupt_typing(self, begun: str = "half a line") -> None:
        """Ctrl-C at the prompt, once what was typed shows and the next key is waited for: a signal that comes between
        the two is heard by Python with that key only."""
        self.type(begun)
        self.wait_for(begun)
        eventually(self._sleeps, "the next key is waited for")
        self.type(CTRL_C)

    def enter(self, line: str) -> None:
        self.type(f"{line}\r")

    def wait_for(self, text: str) -> str:
        """What is new up to this text, which must come."""
        deadline = time.monotonic() + PATIENCE
        while (found := self.plain.find(text, self._read_up_to)) < 0:
            assert time.monotonic() < deadline, f"{text!r} did not come. There was:\n{self.plain[self._read_up_to :]}"
            is_open = self._read(deadline)
            assert is_open or text in self.plain[self._read_up_to :], f"it ended without {text!r}:\n{self.plain}"
        new = self.plain[self._read_up_to : found + len(text)]
        self._read_up_to = found + len(text)
        return new

    def wait_for_prompt(self) -> str:
        return self.wait_for("you> ")

    def end(self) -> int:
        """Reads to the end, which must come by itself. Gives the exit code."""
        deadline = time.monotonic() + PATIENCE
        while self._read(deadline):
            assert time.monotonic() < deadline, f"it did not end:\n{self.plain}"
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        os.close(self._screen)

    def _sleeps(self) -> bool:
        _, _, facts = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(") ")
        return facts.startswith("S")

    def _read(self, deadline: float) -> bool:
        ready, _, _ = select.select([self._screen], [], [], max(deadline - time.monotonic(), 0))
        if not ready:
            return True
        try:
            more = os.read(self._screen, 65536)
        except OSError:  # nobody holds the other side any more
            return False
        self._bytes += more
        return bool(more)
