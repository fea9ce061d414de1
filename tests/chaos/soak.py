"""`scripts/soak`: half an hour of mixed load on one native and one server.py agent, and what they hold meanwhile."""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from chaos.agents import Kind
from chaos.fleet import Fleet
from chaos.levels import level_of
from chaos.load import Load
from chaos.soak_chart import write_chart
from chaos.turns import Turn
from host import host_under_test, use_host

EVERY = 10.0
KINDS = (
    Kind("desk", "desk", native=False, uses_tools=True),
    Kind("lead", "lead", store="local", below=("desk",), uses_tools=True),
)
# What users get: the chaos has other limits.
SETTINGS = {"PAIS_TELEMETRY_FILE": "", "MEMORY_MAX_SESSIONS": "1000", "MEMORY_MAX_SESSION_EVENTS": "500"}
FIELDS = ("seconds", "agent", "requests", "failed", "rss_mib", "files", "threads", "p50_ms", "p99_ms")
Row = dict[str, float | str]


def milliseconds(turns: Sequence[Turn], share: float) -> float:
    took = sorted(turn.ended - turn.began for turn in turns)
    return round(1000 * took[min(len(took) - 1, int(share * len(took)))], 1) if took else 0.0


def sample(fleet: Fleet, turns: Sequence[Turn], seconds: float) -> list[Row]:
    rows: list[Row] = []
    for name, agent in fleet.agents.items():
        mine = [turn for turn in turns if turn.host == name]
        level = level_of(agent.pid)
        failed = sum(turn.outcome != "answered" for turn in mine)
        times = milliseconds(mine, 0.5), milliseconds(mine, 0.99)
        values = (seconds, name, len(mine), failed, round(level.rss, 1), level.files, level.threads, *times)
        rows.append(dict(zip(FIELDS, values, strict=True)))
    return rows


def soak(fleet: Fleet, load: Load, minutes: float, file: Path) -> list[Row]:
    rows: list[Row] = []
    outcomes: Counter[str] = Counter()
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", newline="") as out:
        writer = csv.DictWriter(out, FIELDS)
        writer.writeheader()
        print("".join(f"{field:>10}" for field in FIELDS))
        begin = time.monotonic()
        for number in range(1, round(minutes * 60 / EVERY) + 1):
            time.sleep(max(0.0, begin + number * EVERY - time.monotonic()))
            done = load.turns[:]
            del load.turns[: len(done)]  # what has come meanwhile stands behind them
            outcomes.update(turn.outcome for turn in done)
            new = sample(fleet, done, number * EVERY)
            rows += new
            writer.writerows(new)
            out.flush()
            for row in new:
                print("".join(f"{row[field]:>10}" for field in FIELDS), flush=True)
    print(f"\n{outcomes.total()} requests: " + ", ".join(f"{n} {name}" for name, n in outcomes.most_common()))
    return rows


def conclude(rows: Sequence[Row], names: Sequence[str]) -> None:
    """The first tenth, which warms up, is not compared."""
    print(f"\n{'':10}{'':>12}{'first':>10}{'last':>10}   (means of a fifth of the run each)")
    for name in names:
        mine = [row for row in rows if row["agent"] == name]
        mine = mine[len(mine) // 10 :]
        fifth = max(1, len(mine) // 5)
        for field in ("rss_mib", "files", "threads", "p50_ms", "p99_ms"):
            first, last = (sum(float(row[field]) for row in part) / len(part) for part in (mine[:fifth], mine[-fifth:]))
            print(f"{name:10}{field:>12}{first:10.1f}{last:10.1f}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--rate", type=float, default=50.0, help="requests per second, about")
    parser.add_argument("--host", type=Path, help="the pais-host to ask; default: the installed one")
    parser.add_argument("--csv", type=Path, default=Path("build/soak.csv"), help="where every sample goes")
    parser.add_argument("--svg", type=Path, help="where a chart of them goes")
    chosen = parser.parse_args()
    if chosen.host:
        use_host(chosen.host)
    with tempfile.TemporaryDirectory() as folder:
        fleet = Fleet(KINDS, host_under_test(), Path(folder), SETTINGS)
        clients = 10
        load = Load(fleet, seed=1, plain=clients - 2, customers=2, pause=max(0.0, clients / chosen.rate - 0.03))
        try:
            fleet.start()
            load.start()
            rows = soak(fleet, load, chosen.minutes, chosen.csv)
        finally:
            load.stop()
            codes = fleet.stop()
    conclude(rows, list(codes))
    if chosen.svg:
        write_chart(chosen.csv, chosen.svg)
    return 0 if set(codes.values()) == {0} else 1


if __name__ == "__main__":
    sys.exit(main())
