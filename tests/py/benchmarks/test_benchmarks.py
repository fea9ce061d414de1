"""What the benchmarks make of their figures: verdicts, tables, the page. Nothing is measured here."""

from __future__ import annotations

import json
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import against
import callee
import figures
import pytest
import summary
import together

BENCH = Path(__file__).parents[3] / "bench"


def script(name: str) -> ModuleType:
    """A benchmark: a program without .py in its name."""
    loader = SourceFileLoader(f"bench_{name}", str(BENCH / name))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    sys.modules[loader.name] = module
    loader.exec_module(module)
    return module


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch) -> figures.Report:
    monkeypatch.setattr(figures, "machine_line", lambda versions=(): "a machine.")
    return figures.Report("front", "bench/front")


def test_a_figure_at_its_target_is_met_and_one_beyond_it_is_not(report: figures.Report) -> None:
    report.at_least("rate", 40_000, 40_000, "/s")
    assert report.all_met()

    report.at_most("p99", 20.1, 20, "ms", digits=1)

    assert not report.all_met()
    assert [figure.verdict() for figure in report.figures] == ["≥ 40 000 /s: met", "≤ 20 ms: NOT MET"]


def test_a_figure_that_missed_its_target_by_little_does_not_look_like_it(report: figures.Report) -> None:
    report.at_least("share", 1.047, 1.05, "x", 2)
    report.at_most("slowest", 20.0, 20, "ms", 1)

    assert [figure.value for figure in report.figures] == ["1.047 x", "20.0 ms"]


def test_requests_that_failed_miss_a_number_to_reach(report: figures.Report) -> None:
    report.tell_failures({"failed": 0, "first_failure": ""})
    assert report.figures == []

    report.tell_failures({"failed": 2, "first_failure": "status 503"})

    assert summary.missed([report.as_json()]) == 1
    assert summary.rows_of([report.as_json()])[0][3] == "NO"


def test_the_summary_has_the_goals_alone_and_shows_what_was_missed(report: figures.Report) -> None:
    report.tell("CPU", "1 s")
    report.at_least("chats", 97.2, 60, "x B", 1, goal="native agent: chats", bare="223 /s")
    report.at_most("slowest", 2760, 2600, "ms", goal="the slowest")

    rows = summary.rows_of([json.loads(json.dumps(report.as_json()))])

    assert summary.counted(rows) == "1 of 2 numbers are met. Missed: the slowest."
    assert summary.in_markdown(rows).splitlines()[2:] == [
        "| native agent: chats | ≥ 60 x B | 97.2 x B | yes | 223 /s |",
        "| the slowest | ≤ 2 600 ms | **2 760 ms** | **no** |  |",
    ]
    assert summary.in_columns(rows).splitlines()[-1].split("  ")[-1] == "NO"


def test_a_section_is_written_between_its_own_markers_alone() -> None:
    page = "head\n<!-- bench:a -->\nold\n<!-- /bench:a -->\n<!-- bench:b -->\nkept\n<!-- /bench:b -->\n"

    written = figures.with_section(page, "a", r"new \1")

    assert written == page.replace("old", r"new \1")
    with pytest.raises(SystemExit, match="has no section"):
        figures.with_section(page, "c", "new")


def test_the_page_has_a_section_for_all_that_is_written() -> None:
    page = figures.PAGE.read_text()

    for name in (*together.BENCHMARKS, "summary", "growth"):
        assert page.count(f"<!-- bench:{name} -->") == page.count(f"<!-- /bench:{name} -->") == 1


def test_a_quick_run_writes_nothing_and_every_benchmark_leaves_its_figures() -> None:
    quick = together.read_arguments(["--quick"])
    whole = together.read_arguments(["--build", str(BENCH)])

    assert not quick.write
    assert whole.write
    assert not together.read_arguments(["--no-write"]).write


@pytest.mark.parametrize("words", [["fornt"], ["--model", "http://x"], ["front", "--against", "http://x"]])
def test_words_that_make_no_sense_end_the_run(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        together.read_arguments(words)

    assert ended.value.code == 2
    assert "scripts/bench: error: " in capsys.readouterr().err


def test_the_outcome_is_a_failure_when_a_benchmark_broke_off_or_a_target_was_missed(report: figures.Report) -> None:
    report.at_least("rate", 2, 1)
    met = report.as_json()
    report.at_least("rate", 1, 2)
    missed = report.as_json()

    assert together.conclude([met], [], write=False) == 0
    assert together.conclude([missed], [], write=False) == 1
    assert together.conclude([met], ["chat (ended with -9)"], write=False) == 1


def test_the_summary_is_written_when_every_benchmark_has_told_its_figures(
    report: figures.Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "performance.md"
    page.write_text("<!-- bench:summary -->\nold\n<!-- /bench:summary -->\n")
    monkeypatch.setattr(figures, "PAGE", page)
    report.at_most("slowest", 21, 20, "ms", goal="the slowest")
    some = [report.as_json()]

    together.conclude(some, [], write=True)
    assert "old" in page.read_text()

    together.conclude(some * len(together.BENCHMARKS), [], write=True)
    assert "| the slowest | ≤ 20 ms | **21 ms** | **no** |  |" in page.read_text()


def test_the_command_of_another_server_is_told_its_port_and_its_model() -> None:
    words = against.command_words("serve 'a b' --port={port} --model {model_url}/v1 {other}", 8001, "http://m:1")

    assert words == ["serve", "a b", "--port=8001", "--model", "http://m:1/v1", "{other}"]


def test_a_command_that_ends_at_once_is_not_waited_for() -> None:
    with (
        pytest.raises(SystemExit, match="ended with 3 before it answered"),
        against.other_server("sh -c 'exit 3'", "http://127.0.0.1:1"),
    ):
        pass


def test_the_floor_of_round_trips_adds_their_time_to_that_of_a_chat() -> None:
    memory = script("memory")

    assert memory.share_left(chats=10_000, others=10_000) == pytest.approx(0.5)
    assert memory.share_left(chats=10_000, others=30_000) == pytest.approx(0.75)


def test_the_callee_has_as_many_tools_as_it_is_told() -> None:
    names = [tool["name"] for tool in callee.tools(300)]

    assert names[:2] == ["look_up", "look_up_2"]
    assert len(set(names)) == 300
