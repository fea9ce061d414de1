"""Each promise of docs/security.md names the tests that show it, and they are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
PROMISES = re.findall(r"^### (.+)\n((?:(?!^##).*\n)*)", PAGE, re.MULTILINE)
SHOWN_BY = re.compile(r"^- `((?:cpp|py)/\S+)`: (.+)$", re.MULTILINE)


def names_in(file: Path) -> set[str]:
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".py":
        return {*re.findall(r"^(?:async )?def (test_\w+)", text, re.MULTILINE)}
    return {f"{suite}.{name}" for suite, name in re.findall(r"^TEST(?:_[FP])?\((\w+),\s*(\w+)\)", text, re.MULTILINE)}


@pytest.mark.parametrize(("promise", "text"), PROMISES, ids=[promise for promise, _ in PROMISES])
def test_a_promise_is_shown_by_tests_that_exist(promise: str, text: str) -> None:
    shown_by = SHOWN_BY.findall(text)

    assert shown_by, promise
    for file, names in shown_by:
        named = {*re.findall(r"`([^`]+)`", names)}
        assert named - names_in(ROOT / "tests" / file) == set(), file


def test_every_file_of_tests_for_it_is_named() -> None:
    ours = {f"py/security/{file.name}" for file in (ROOT / "tests/py/security").glob("test_*.py")}

    assert ours - {file for file, _ in SHOWN_BY.findall(PAGE)} == set()
