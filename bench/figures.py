"""What a benchmark found: printed for people beside its targets, and written into docs/performance.md."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from programs import REPOSITORY

PAGE = REPOSITORY / "docs" / "performance.md"


@dataclass
class Figure:
    what: str
    value: str
    target: str = ""
    met: bool | None = None

    def verdict(self) -> str:
        if self.met is None:
            return self.target
        return f"{self.target}: {'met' if self.met else 'NOT MET'}"


@dataclass
class Report:
    """The figures of one benchmark. Each is printed as it is found."""

    name: str
    command: str
    versions: Sequence[str] = ()
    figures: list[Figure] = field(default_factory=list)
    busy: float = field(default_factory=lambda: os.getloadavg()[0])  # what else the machine had to do at the start

    def tell(self, what: str, value: str) -> None:
        self._add(Figure(what, value))

    def at_least(self, what: str, value: float, target: float, unit: str = "", digits: int = 0) -> None:
        self._add(Figure(what, _number(value, unit, digits), f"≥ {_number(target, unit)}", value >= target))

    def at_most(self, what: str, value: float, target: float, unit: str = "", digits: int = 0) -> None:
        self._add(Figure(what, _number(value, unit, digits), f"≤ {_number(target, unit)}", value <= target))

    def _add(self, figure: Figure) -> None:
        self.figures.append(figure)
        print(f"{figure.what:<58} {figure.value:<34} {figure.verdict()}", flush=True)

    def all_met(self) -> bool:
        return all(figure.met is not False for figure in self.figures)

    def write(self) -> None:
        """Puts the figures between the markers of this benchmark's section."""
        page = PAGE.read_text()
        front, back = f"<!-- bench:{self.name} -->", f"<!-- /bench:{self.name} -->"
        section = re.compile(re.escape(front) + ".*?" + re.escape(back), re.DOTALL)
        if not section.search(page):
            raise SystemExit(f"{PAGE} has no section between {front} and {back}")
        PAGE.write_text(section.sub(lambda _: f"{front}\n{self._markdown()}\n{back}", page))

    def _markdown(self) -> str:
        rows = "\n".join(f"| {figure.what} | {figure.value} | {figure.verdict()} |" for figure in self.figures)
        machine = f"{machine_line(self.versions)} Load average before the start: {self.busy:.1f}."
        return f"{machine}\n\n`{self.command}`\n\n| what | figure | target |\n|---|---|---|\n{rows}"


def _number(value: float, unit: str, digits: int | None = None) -> str:
    text = f"{value:g}" if digits is None and value < 1000 else f"{value:,.{digits or 0}f}"
    return f"{text.replace(',', ' ')} {unit}".strip()


def machine_line(versions: Sequence[str] = ()) -> str:
    """What the figures were measured on, in a line."""
    parts = [
        _cpu_model(),
        f"{os.cpu_count()} cores",
        f"{platform.system()} {platform.release().partition('-')[0]}",
        _compiler(),
        *versions,
        f"commit {_commit()}",
        time.strftime("%Y-%m-%d", time.gmtime()),
    ]
    return ", ".join(part for part in parts if part) + "."


def _cpu_model() -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else platform.machine()


def _compiler() -> str:
    return _first_line(["c++", "--version"])


def _commit() -> str:
    return _first_line(["git", "-C", str(REPOSITORY), "rev-parse", "--short", "HEAD"])


def _first_line(command: Sequence[str]) -> str:
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return answer.stdout.partition("\n")[0]
