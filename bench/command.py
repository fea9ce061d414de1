"""The command line that all benchmarks share, how long they take their time, and how each ends."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

from figures import Report
from programs import Load, find_build, raise_file_limit


@dataclass(frozen=True)
class Pace:
    """How long each figure is measured, in seconds, and how often what is done in turns or again is done."""

    seconds: float
    warm_up: float
    rounds: int
    starts: int

    @property
    def under_load(self) -> float:
        """Seconds, the warm-up included: what the CPU of a host is counted over."""
        return self.warm_up + self.seconds


LEISURELY = Pace(seconds=3, warm_up=1, rounds=3, starts=11)
QUICK = Pace(seconds=0.5, warm_up=0.2, rounds=1, starts=3)


class Command:
    """What a benchmark was told: `chosen` has the options of its own."""

    def __init__(self, parser: argparse.ArgumentParser, words: list[str] | None = None) -> None:
        self.chosen = parser.parse_args(words)
        self.quick: bool = self.chosen.quick
        self.pace = QUICK if self.quick else LEISURELY
        self.build = find_build(self.chosen.build)
        self.load = Load(self.build, seconds=self.pace.seconds, warm_up=self.pace.warm_up)
        raise_file_limit()

    def host(self) -> list[str | Path]:
        """How a native agent is started."""
        program = Path(self.chosen.pais_host or self.build / "cpp" / "host" / "pais-host")
        if not program.exists():
            sys.exit(f"No host at {program}. Build it, or name it with --pais-host.")
        return [program, "--host", "127.0.0.1", "--port", "0"]

    def report(self, name: str, *words: str) -> Report:
        return Report(name, " ".join([f"bench/{name}", *words, *(["--quick"] if self.quick else [])]))

    def end_with(self, report: Report) -> int:
        """Leaves the figures where they were asked for. 1 when a target was missed."""
        if self.chosen.json:
            Path(self.chosen.json).write_text(json.dumps(report.as_json(), indent=1) + "\n")
        if self.chosen.write:
            report.write()
        return 0 if report.all_met() else 1


def options(description: str | None, *, native: bool = True) -> argparse.ArgumentParser:
    """Those of every benchmark. `native`: one that starts `pais-host`."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--build", help="folder of the build (default: build/release, build/dev, build)")
    if native:
        parser.add_argument("--pais-host", help="the host to measure (default: the build's)")
    parser.add_argument("--quick", action="store_true", help="shorter, and less exact")
    parser.add_argument("--json", metavar="FILE", help="write the figures there too, for programs")
    parser.add_argument("--write", action="store_true", help="write the figures into docs/performance.md")
    return parser
