"""Charts of measured points."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import charts
import figures
import pytest


@pytest.mark.parametrize(
    ("least", "most", "log", "expected"),
    [
        (0, 740, False, [0, 200, 400, 600, 800]),
        (0, 0.9, False, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (60, 14_000, True, [10, 100, 1000, 10_000, 100_000]),
        (60, 800, True, [10, 20, 50, 100, 200, 500, 1000]),
    ],
)
def test_ticks_are_round_and_enclose_what_was_measured(
    least: float, most: float, log: bool, expected: list[float]
) -> None:
    assert charts.ticks(least, most, log) == pytest.approx(expected)


def test_a_chart_has_every_point_inside_its_area_and_says_what_it_shows() -> None:
    points = [[10, 100.0, 50.0], [1000, 120.0, 60.0], [100_000, 400.0, 90.0]]
    chart = charts.Chart("sessions", "Sessions <in> memory", "sessions", ("p50", "CPU"), log_x=True, points=points)

    drawn = ET.fromstring(charts.draw(chart))

    name = "{http://www.w3.org/2000/svg}"
    dots = [(float(dot.attrib["cx"]), float(dot.attrib["cy"])) for dot in drawn.iter(f"{name}circle")]
    assert len(dots) == 6
    assert all(charts.LEFT <= x <= charts.WIDTH - charts.RIGHT for x, _ in dots)
    assert all(charts.TOP <= y <= charts.HEIGHT - charts.BOTTOM for _, y in dots)
    assert dots[0][1] > dots[1][1] > dots[2][1]
    told = [element.text for element in drawn.iter(f"{name}text")]
    assert {"Sessions <in> memory", "p50", "CPU", "µs", "sessions, log scale", "10"} <= set(told)


def test_numbers_at_the_axis_do_not_touch() -> None:
    points = [[float(x), 1.0] for x in (0, 1, 2, 500)]

    drawn = charts.draw(charts.Chart("history", "History", "messages", ("p50",), points=points))

    at_the_axis = ET.fromstring(drawn).findall(".//{http://www.w3.org/2000/svg}text[@text-anchor='middle']")
    assert [text.text for text in at_the_axis if text.text and text.text.isdigit()] == ["0", "500"]


def test_the_charts_of_the_documentation_are_drawn_from_the_data_beside_them() -> None:
    for kept in json.loads(charts.DATA.read_text())["charts"]:
        drawn = (charts.FOLDER / f"{kept['name']}.svg").read_text()

        assert drawn == charts.draw(charts.Chart(**kept)), f"python bench/charts.py draws {kept['name']}.svg anew"
        assert f"(charts/{kept['name']}.svg)" in figures.PAGE.read_text()
