"""What every prompt carries, and every answer to it: a word that stands nowhere else."""

from __future__ import annotations

import re

MARK = re.compile(r"<([a-z]+-\d+)\.(\d+)>")


def mark(conversation: str, number: int) -> str:
    """`conversation` is a client's name for a session: letters, a dash, digits."""
    return f"<{conversation}.{number}>"


def marks_in(text: str) -> list[str]:
    return [found[0] for found in MARK.finditer(text)]


def conversation_of(one: str) -> str:
    found = MARK.fullmatch(one)
    assert found is not None
    return found[1]
