"""The page that lists where the producers differ."""

from __future__ import annotations

from pathlib import Path

from conformance.differences import PAGE, listed
from conformance.producers import PRODUCERS


def test_every_row_names_a_producer_and_a_test() -> None:
    for producer, test in listed():
        file, _, name = test.partition("::")
        assert producer in PRODUCERS
        assert f"def {name}(" in (Path(__file__).parent / file).read_text(encoding="utf-8")


def test_every_row_of_the_table_is_read() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]

    assert len(rows) == 2 + len(listed())
