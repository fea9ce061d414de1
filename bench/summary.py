"""All benchmarks' figures in one table: the numbers to reach, what was found, and pydantic-ai alone beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

HEADS = ("number", "target", "found", "met", "bare pydantic-ai, same run")


def rows_of(results: Sequence[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """One for each figure that is among the numbers to reach. `results` are `Report.as_json()` of the benchmarks."""
    goals = [figure for result in results for figure in result["figures"] if figure["goal"]]
    return [
        (goal["goal"], goal["target"], goal["value"], "yes" if goal["met"] else "NO", goal["bare"]) for goal in goals
    ]


def missed(results: Sequence[Mapping[str, Any]]) -> int:
    return sum(figure["met"] is False for result in results for figure in result["figures"])


def in_columns(rows: Sequence[tuple[str, ...]]) -> str:
    table = [HEADS, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(HEADS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table
    )


def in_markdown(rows: Sequence[tuple[str, ...]]) -> str:
    """What was missed stands out."""
    lines = [HEADS, ("---",) * len(HEADS)]
    for number, target, found, met, bare in rows:
        lines.append(
            (number, target, found, "yes", bare) if met == "yes" else (number, target, f"**{found}**", "**no**", bare)
        )
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def counted(rows: Sequence[tuple[str, ...]]) -> str:
    missing = [row[0] for row in rows if row[3] != "yes"]
    told = f"{len(rows) - len(missing)} of {len(rows)} numbers are met."
    return f"{told} Missed: {'; '.join(missing)}." if missing else told
