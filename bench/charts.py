"""Draws docs/charts/*.svg from docs/charts/growth.json: lines over a measured axis, legible on light and dark pages.

`bench/growth --write` measures and draws; run alone (`python bench/charts.py`), this draws what was measured before.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from html import escape
from pathlib import Path

from programs import REPOSITORY

FOLDER = REPOSITORY / "docs" / "charts"
DATA = FOLDER / "growth.json"
WIDTH, HEIGHT = 720, 360
LEFT, RIGHT, TOP, BOTTOM = 92, 40, 76, 52  # of the lines' own area
LABEL_ROOM = 46  # pixels between two numbers at the x axis
STYLE = """
  svg { --page: #ffffff; --ink: #1f2328; --faint: #d1d9e0; --a: #0550ae; --b: #b35900; --c: #6639ba;
        font: 13px system-ui, sans-serif; }
  @media (prefers-color-scheme: dark) {
    svg { --page: #0d1117; --ink: #e6edf3; --faint: #3d444d; --a: #79c0ff; --b: #ffa657; --c: #d2a8ff; }
  }
  .page { fill: var(--page); }
  text { fill: var(--ink); }
  .title { font-size: 16px; font-weight: 600; }
  .grid { stroke: var(--faint); stroke-width: 1; }
  .line { fill: none; stroke-width: 2; }
  .a { stroke: var(--a); }
  .b { stroke: var(--b); stroke-dasharray: 7 4; }
  .c { stroke: var(--c); stroke-dasharray: 2 4; }
  .dot-a { fill: var(--a); } .dot-b { fill: var(--b); } .dot-c { fill: var(--c); }
""".rstrip()
KINDS = "abc"


@dataclass
class Chart:
    """`points` are rows of x and one value for each of `series`, in microseconds."""

    name: str
    title: str
    x: str
    series: Sequence[str]
    log_x: bool = False
    log_y: bool = False
    points: list[list[float]] = field(default_factory=list)


@dataclass(frozen=True)
class Axis:
    """Where a number lies between two pixels."""

    least: float
    most: float
    start: float
    end: float
    log: bool = False

    def at(self, value: float) -> float:
        place, least, most = (math.log10(x) if self.log else x for x in (value, self.least, self.most))
        return self.start + (self.end - self.start) * (place - least) / (most - least)


def ticks(least: float, most: float, log: bool) -> list[float]:
    """Round numbers that reach from `least` or below to `most` or above."""
    if log:
        first, last = math.floor(math.log10(least)), math.ceil(math.log10(most))
        steps = (1, 2, 5) if last - first <= 2 else (1,)
        return [step * 10.0**power for power in range(first, last) for step in steps] + [10.0**last]
    rough = (most - least) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(multiple * power for multiple in (1, 2, 5, 10) if multiple * power >= rough)
    return [step * number for number in range(math.floor(least / step), math.ceil(most / step) + 1)]


def plain(value: float) -> str:
    return f"{value:,.10g}".replace(",", "\u202f")


def draw(chart: Chart) -> str:
    xs = [point[0] for point in chart.points]
    values = [value for point in chart.points for value in point[1:]]
    marks = ticks(min(values) if chart.log_y else 0, max(values), chart.log_y)
    x = Axis(min(xs), max(xs), LEFT, WIDTH - RIGHT, chart.log_x)
    y = Axis(marks[0], marks[-1], HEIGHT - BOTTOM, TOP, chart.log_y)
    told = f"{chart.title}: {', '.join(chart.series)}, in microseconds, over {chart.x}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'role="img" aria-labelledby="told">',
        f'<title id="told">{escape(told)}</title>',
        f"<style>{STYLE}\n</style>",
        f'<rect class="page" width="{WIDTH}" height="{HEIGHT}" rx="6"/>',
        f'<text class="title" x="{LEFT}" y="28">{escape(chart.title)}</text>',
        *legend(chart),
        *scale_of_values(y, marks, chart.log_y),
        *scale_of_points(x, xs, chart),
        *(
            part
            for column, kind in enumerate(KINDS[: len(chart.series)], 1)
            for part in line(chart, column, kind, x, y)
        ),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def legend(chart: Chart) -> list[str]:
    parts, at = [], LEFT
    for kind, name in zip(KINDS, chart.series, strict=False):
        parts.append(f'<line class="line {kind}" x1="{at}" y1="50" x2="{at + 28}" y2="50"/>')
        parts.append(f'<text x="{at + 34}" y="54">{escape(name)}</text>')
        at += 34 + 7 * len(name) + 24
    return parts


def scale_of_values(y: Axis, marks: Sequence[float], log: bool) -> list[str]:
    parts = []
    for mark in marks:
        at = y.at(mark)
        parts.append(f'<line class="grid" x1="{LEFT}" y1="{at:.1f}" x2="{WIDTH - RIGHT}" y2="{at:.1f}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{plain(mark)}</text>')
    unit = "µs, log scale" if log else "µs"
    middle = (TOP + HEIGHT - BOTTOM) / 2
    return [*parts, f'<text transform="translate(16 {middle:.0f}) rotate(-90)" text-anchor="middle">{unit}</text>']


def scale_of_points(x: Axis, xs: Sequence[float], chart: Chart) -> list[str]:
    """Numbers stand where it was measured; one that would touch the one before it is left out."""
    parts, last = [], -math.inf
    for value in xs:
        at = x.at(value)
        if at - last < LABEL_ROOM:
            continue
        last = at
        parts.append(
            f'<line class="grid" x1="{at:.1f}" y1="{HEIGHT - BOTTOM}" x2="{at:.1f}" y2="{HEIGHT - BOTTOM + 5}"/>'
        )
        parts.append(f'<text x="{at:.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{plain(value)}</text>')
    label = chart.x + (", log scale" if chart.log_x else "")
    middle = (LEFT + WIDTH - RIGHT) / 2
    return [*parts, f'<text x="{middle:.0f}" y="{HEIGHT - 10}" text-anchor="middle">{escape(label)}</text>']


def line(chart: Chart, column: int, kind: str, x: Axis, y: Axis) -> list[str]:
    places = [(x.at(point[0]), y.at(point[column])) for point in chart.points]
    path = " ".join(f"{across:.1f},{up:.1f}" for across, up in places)
    dots = [f'<circle class="dot-{kind}" cx="{across:.1f}" cy="{up:.1f}" r="3.5"/>' for across, up in places]
    return [f'<polyline class="line {kind}" points="{path}"/>', *dots]


def save(charts: Sequence[Chart], machine: str, file: Path = DATA) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"machine": machine, "charts": [asdict(chart) for chart in charts]}, indent=1) + "\n")


def draw_all(data: Path = DATA) -> None:
    for chart in json.loads(data.read_text())["charts"]:
        (data.parent / f"{chart['name']}.svg").write_text(draw(Chart(**chart)))


if __name__ == "__main__":
    draw_all()
