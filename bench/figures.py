"""What a benchmark found: printed for people beside its targets, and written into docs/performance.md."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from programs import REPOSITORY

PAGE = REPOSITORY / "docs" / "performance.md"


@dataclass
class Figure:
    """`goal` is its name among the numbers to reach, if it is one of them; `bare` what pydantic-ai alone comes to."""

    what: str
    value: str
    number: float | None = None
    target: str = ""
    met: bool | None = None
    goal: str = ""
    bare: str = ""

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
    began: float = field(default_factory=time.monotonic)

    def tell(self, what: str, value: str) -> None:
        self._add(Figure(what, value))

    def at_least(
        self, what: str, value: float, target: float, unit: str = "", digits: int = 0, *, goal: str = "", bare: str = ""
    ) -> None:
        asked = f"≥ {number_text(target, unit)}"
        self._add(Figure(what, value_text(value, target, unit, digits), value, asked, value >= target, goal, bare))

    def at_most(
        self, what: str, value: float, target: float, unit: str = "", digits: int = 0, *, goal: str = "", bare: str = ""
    ) -> None:
        asked = f"≤ {number_text(target, unit)}"
        self._add(Figure(what, value_text(value, target, unit, digits), value, asked, value <= target, goal, bare))

    def tell_failures(self, found: Mapping[str, Any]) -> None:
        """Of what the load generator found; nothing is said when none failed."""
        if found["failed"]:
            self.at_most(f"  failed ({found['first_failure']})", found["failed"], 0, goal="requests that failed")

    def _add(self, figure: Figure) -> None:
        self.figures.append(figure)
        print(f"{figure.what:<58} {figure.value:<34} {figure.verdict()}", flush=True)

    def all_met(self) -> bool:
        return all(figure.met is not False for figure in self.figures)

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "command": self.command,
            "machine": machine_line(self.versions),
            "load_average_before": round(self.busy, 2),
            "seconds": round(time.monotonic() - self.began, 1),
            "figures": [asdict(figure) for figure in self.figures],
        }

    def write(self) -> None:
        """Puts the figures between the markers of this benchmark's section."""
        write_section(self.name, self._markdown())

    def _markdown(self) -> str:
        rows = "\n".join(f"| {figure.what} | {figure.value} | {figure.verdict()} |" for figure in self.figures)
        machine = f"{machine_line(self.versions)} Load average before the start: {self.busy:.1f}."
        return f"{machine}\n\n`{self.command}`\n\n| what | figure | target |\n|---|---|---|\n{rows}"


def write_section(name: str, text: str) -> None:
    PAGE.write_text(with_section(PAGE.read_text(), name, text))


def with_section(page: str, name: str, text: str) -> str:
    """The page with another text between the markers of `name`."""
    front, back = f"<!-- bench:{name} -->", f"<!-- /bench:{name} -->"
    section = re.compile(re.escape(front) + ".*?" + re.escape(back), re.DOTALL)
    if not section.search(page):
        raise SystemExit(f"{PAGE} has no section between {front} and {back}")
    return section.sub(lambda _: f"{front}\n{text}\n{back}", page)


def value_text(value: float, target: float, unit: str, digits: int) -> str:
    """With a digit more where the two would look alike and are not."""
    alike = value != target and number_text(value, unit, digits) == number_text(target, unit, digits)
    return number_text(value, unit, digits + alike)


def number_text(value: float, unit: str, digits: int | None = None) -> str:
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
