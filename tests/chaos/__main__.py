"""`scripts/chaos`: docs/chaos.md."""

from __future__ import annotations

import argparse
import secrets
import shutil
import sys
import tempfile
import time
from pathlib import Path

from chaos.fleet import LARGE, SMALL, Fleet
from chaos.load import Load
from chaos.plan import plan
from chaos.report import Report
from chaos.run import OTHER, Run
from host import host_under_test, use_host


def wishes() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/chaos", description="Breaks a fleet, and looks what holds.")
    parser.add_argument("--seed", type=int, help="what decides the sequence of blows; default: another each time")
    parser.add_argument("--minutes", type=float, default=3.0, help="about so long is the fleet struck")
    parser.add_argument("--quick", action="store_true", help="a smaller fleet, each kind of blow once, under 90 s")
    parser.add_argument("--steps", type=int, help="only so many of the sequence")
    parser.add_argument("--host", type=Path, help="the pais-host to strike; default: the installed one")
    parser.add_argument("--keep", type=Path, help="a folder for logs and traces, if something is violated")
    chosen = parser.parse_args()
    if chosen.seed is None:
        chosen.seed = secrets.randbelow(10**6)
    if chosen.host:
        use_host(chosen.host)
    return chosen


def main() -> int:
    chosen = wishes()
    length = "--quick" if chosen.quick else f"--minutes {chosen.minutes:g}"
    steps_given = f" --steps {chosen.steps}" if chosen.steps else ""
    report = Report(f"scripts/chaos --seed {chosen.seed} {length}{steps_given}")
    with tempfile.TemporaryDirectory() as folder:
        fleet = Fleet(SMALL if chosen.quick else LARGE, host_under_test(), Path(folder))
        load = Load(fleet, chosen.seed, *((5, 1, 0.1) if chosen.quick else (8, 2, 0.1)))
        try:
            run = strike_the_fleet(chosen, fleet, load, report)
        finally:
            load.stop()
            codes = fleet.stop()
        ends = [f"{name} was asked to end, and did so with {code}" for name, code in codes.items() if code != 0]
        report.check(OTHER, len(codes), ends)
        run.look_at_traces()
        report.conclude(load.turns)
        if chosen.keep and not report.is_good:
            keep(fleet, Path(folder), chosen.keep)
    return 0 if report.is_good else 1


def strike_the_fleet(chosen: argparse.Namespace, fleet: Fleet, load: Load, report: Report) -> Run:
    fleet.start()
    missing = f"; not built, so not there: {', '.join(fleet.missing)}" if fleet.missing else ""
    report.say(f"seed {chosen.seed}: {len(fleet.agents)} agents and {', '.join(fleet.others)}{missing}")
    minutes = 1.3 if chosen.quick else chosen.minutes
    steps = plan(chosen.seed, minutes, fleet.kinds, list(fleet.others))[: chosen.steps]
    run = Run(fleet, load, report)
    try:
        run.warm_up(3 if chosen.quick else 8)
        begin = time.monotonic()
        for number, step in enumerate(steps):
            if time.monotonic() > begin + 2 * 60 * max(minutes, 1.5):
                report.say(f"this machine is slow: {len(steps) - number} steps are left out")
                break
            run.suffer(step)
        run.conclude()
    finally:
        run.stop_probing()
    return run


def keep(fleet: Fleet, folder: Path, where: Path) -> None:
    for agent in fleet.agents.values():
        agent.telemetry.with_suffix(".log").write_text("\n".join(agent.output))
    shutil.copytree(folder, where, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.sock"))


if __name__ == "__main__":
    sys.exit(main())
