"""The chart of a soak, as an SVG made of its CSV: a panel for each thing that was measured, a line for each agent."""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

PANELS = (
    ("rss_mib", "memory (RSS), MiB"),
    ("files", "descriptors"),
    ("threads", "threads"),
    ("p50_ms", "answers: median, ms"),
    ("p99_ms", "answers: 99 of 100 within, ms"),
)
COLOURS = ("#2563eb", "#c2410c", "#047857", "#7c3aed")
WIDTH, HEIGHT, LEFT, TOP, GAP = 760, 110, 60, 46, 42
Point = tuple[float, float]  # minutes, and what was measured


def write_chart(source: Path, target: Path) -> None:
    lines: dict[str, dict[str, list[Point]]] = defaultdict(lambda: defaultdict(list))
    with source.open(newline="") as samples:
        for row in csv.DictReader(samples):
            for field, _ in PANELS:
                lines[field][row["agent"]].append((float(row["seconds"]) / 60, float(row[field])))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(chart(lines))


def chart(lines: dict[str, dict[str, list[Point]]]) -> str:
    height = TOP + len(PANELS) * (HEIGHT + GAP)
    agents = list(lines[PANELS[0][0]])
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 20} {height}" font-family="sans-serif"'
        ' font-size="12">',
        "<title>What two agents hold of the machine under steady load</title>",
        f'<rect width="{LEFT + WIDTH + 20}" height="{height}" fill="white"/>',
    ]
    for at, agent in enumerate(agents):
        parts.append(f'<text x="{LEFT + 120 * at}" y="18" fill="{COLOURS[at % 4]}" font-weight="bold">{agent}</text>')
    for number, (field, title) in enumerate(PANELS):
        parts += panel(lines[field], title, TOP + number * (HEIGHT + GAP))
    return "\n".join([*parts, "</svg>\n"])


def panel(lines: dict[str, list[Point]], title: str, top: float) -> list[str]:
    longest = max(minutes for points in lines.values() for minutes, _ in points)
    highest = rounded_up(max(value for points in lines.values() for _, value in points))

    def place(point: Point) -> str:
        return f"{LEFT + WIDTH * point[0] / longest:.1f},{top + HEIGHT * (1 - point[1] / highest):.1f}"

    parts = [f'<text x="{LEFT}" y="{top - 6}">{title}</text>']
    for share in (0, 0.5, 1):
        y = top + HEIGHT * (1 - share)
        parts.append(f'<line x1="{LEFT}" y1="{y}" x2="{LEFT + WIDTH}" y2="{y}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end" fill="#555">{highest * share:g}</text>')
    for minutes in ticks(longest):
        x = LEFT + WIDTH * minutes / longest
        parts.append(f'<text x="{x:.1f}" y="{top + HEIGHT + 16}" text-anchor="middle" fill="#555">{minutes:g}</text>')
    parts.append(
        f'<text x="{LEFT + WIDTH}" y="{top + HEIGHT + 30}" text-anchor="end" fill="#555" font-size="10">minutes</text>'
    )
    for at, points in enumerate(lines.values()):
        path = " ".join(map(place, points))
        parts.append(f'<polyline points="{path}" fill="none" stroke="{COLOURS[at % 4]}" stroke-width="1.5"/>')
    return parts


def rounded_up(value: float) -> float:
    """To one, two or five times a power of ten, halves of which are round as well."""
    power: float = 10.0 ** math.floor(math.log10(max(value, 1e-9)))
    return next(step * power for step in (1, 2, 4, 6, 10) if value <= step * power)


def ticks(longest: float) -> Sequence[float]:
    step = rounded_up(longest / 6)
    return [step * number for number in range(int(longest / step) + 1)]
