"""Runs every benchmark, one after the other, and puts all they found into one table.

scripts/bench starts this. With --against, the same chats are asked of another server instead.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import summary
from against import HELP as AGAINST_HELP
from against import compare
from command import LEISURELY, QUICK
from figures import machine_line, write_section
from programs import REPOSITORY, find_build, raise_file_limit

FOLDER = Path(__file__).resolve().parent
PYTHON = REPOSITORY / ".venv" / "bin" / "python"
BENCHMARKS = ("front", "chat", "python", "memory", "tools", "tree", "telemetry")
# What is measured, as scripts/test makes it: PAIS in .venv, and the preset with the hosts and the load.
MAKE = 'source "$0/lib.sh"; "$0/deps"; install_pais dev; say "Building preset release"; cpp_build release'
BESIDE_PYTHON = ("chat", "python")  # those that measure bare pydantic-ai too


def main(words: list[str] | None = None) -> int:
    chosen = read_arguments(words)
    if chosen.make:
        subprocess.run(["bash", "-euo", "pipefail", "-c", MAKE, str(REPOSITORY / "scripts")], check=True)
    raise_file_limit()
    if chosen.against:
        results = [compare(chosen, QUICK if chosen.quick else LEISURELY, find_build(chosen.build))]
        outcome = 0
    else:
        results, broken = run_all(chosen)
        if chosen.growth and subprocess.run(growth_command(chosen), check=False).returncode:
            broken.append("growth")
        outcome = conclude(results, broken, write=chosen.write)
    if chosen.json:
        whole = {"machine": machine_line(), "quick": chosen.quick, "benchmarks": results}
        Path(chosen.json).write_text(json.dumps(whole, indent=1) + "\n")
    return outcome


def read_arguments(words: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Runs every benchmark and rewrites docs/performance.md: a quarter of an hour on two cores. "
        "Ends with 1 when a target was missed.",
        epilog=AGAINST_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    only = f"only these of {', '.join(BENCHMARKS)}; the summary of all is not written then"
    parser.add_argument("benchmark", nargs="*", help=only)
    parser.add_argument("--quick", action="store_true", help="shorter and less exact, and nothing is written")
    parser.add_argument("--growth", action="store_true", help="measure growth too and draw the charts")
    parser.add_argument("--json", metavar="FILE", help="write all figures there too, for programs")
    parser.add_argument("--no-write", dest="write", action="store_false", help="leave docs/performance.md as it is")
    parser.add_argument(
        "--no-build", dest="make", action="store_false", help="measure what is built and installed already"
    )
    parser.add_argument("--build", help="folder of the build (default: build/release, build/dev, build)")
    parser.add_argument("--python", default=str(PYTHON), help="has PAIS, pydantic-ai and openai (default: .venv's)")
    parser.add_argument(
        "--against", metavar="URL-or-CMD", help="ask another server the same chats, in turns with pais-host"
    )
    parser.add_argument("--model", metavar="URL", help="with --against URL: the model server that the other asks")
    chosen = parser.parse_args(words)
    if chosen.against and chosen.benchmark:
        parser.error("--against takes no names of benchmarks")
    if unknown := set(chosen.benchmark) - set(BENCHMARKS):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    if chosen.model and not chosen.against:
        parser.error("--model goes with --against")
    chosen.write = chosen.write and not chosen.quick
    return chosen


def run_all(chosen: argparse.Namespace) -> tuple[list[dict[str, Any]], list[str]]:
    """What the benchmarks found, and the names of those that broke off."""
    results, broken = [], []
    with tempfile.TemporaryDirectory() as folder:
        for name in chosen.benchmark or BENCHMARKS:
            print(f"\n== {name}", flush=True)
            found = Path(folder) / f"{name}.json"
            ended = subprocess.run(command_of(name, chosen, found), check=False).returncode
            if found.exists():
                results.append(json.loads(found.read_text()))
            else:
                broken.append(f"{name} (ended with {ended})")
    return results, broken


def command_of(name: str, chosen: argparse.Namespace, found: Path) -> list[str]:
    command = [chosen.python, str(FOLDER / name), "--build", str(find_build(chosen.build)), "--json", str(found)]
    command += ["--python", chosen.python] if name in BESIDE_PYTHON else []
    command += ["--quick"] if chosen.quick else []
    command += ["--write"] if chosen.write else []
    return command


def growth_command(chosen: argparse.Namespace) -> list[str]:
    """It has no targets, only charts."""
    command = [chosen.python, str(FOLDER / "growth"), "--build", str(find_build(chosen.build))]
    command += ["--quick"] if chosen.quick else []
    command += ["--write"] if chosen.write else []
    return command


def conclude(results: list[dict[str, Any]], broken: list[str], *, write: bool) -> int:
    rows = summary.rows_of(results)
    print(
        f"\n{summary.in_columns(rows)}\n\n{summary.counted(rows)} {sum(result['seconds'] for result in results):.0f} s."
    )
    if broken:
        print(f"Broke off: {', '.join(broken)}", file=sys.stderr)
    if write and not broken and len(results) == len(BENCHMARKS):
        made = f"{machine_line()} `scripts/bench`, {time.strftime('%H:%M', time.gmtime())} UTC. {summary.counted(rows)}"
        write_section("summary", f"{made}\n\n{summary.in_markdown(rows)}")
    return 1 if broken or summary.missed(results) else 0


if __name__ == "__main__":
    sys.exit(main())
