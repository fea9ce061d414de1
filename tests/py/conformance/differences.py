"""The differences between producers that docs/producers.md lists."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[3] / "docs" / "producers.md"
ROW = re.compile(r"^\| (\w+) \| (test_\w+\.py::test_\w+) \| (.+) \|$", re.MULTILINE)


def listed() -> dict[tuple[str, str], str]:
    """The reason, by producer and test."""
    return {(producer, test): reason for producer, test, reason in ROW.findall(PAGE.read_text(encoding="utf-8"))}


def skip_listed(items: Sequence[pytest.Item]) -> None:
    reasons = listed()
    for item in items:
        if isinstance(item, pytest.Function) and hasattr(item, "callspec"):
            key = (item.callspec.params.get("fleet", ""), f"{item.path.name}::{item.originalname}")
            if key in reasons:
                item.add_marker(pytest.mark.skip(reason=f"docs/producers.md: {reasons[key]}"))
