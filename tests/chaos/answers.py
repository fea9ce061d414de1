"""What every answer has to be, whatever happens to the fleet meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from chaos.marks import conversation_of, marks_in
from chaos.turns import DEADLINE, Turn

Excuse = Callable[[Turn], bool]


def mixed_answers(turns: Iterable[Turn], echoes: Excuse) -> list[str]:
    """Answers without their own question's mark, or with one of another conversation."""
    found = []
    for turn in turns:
        marks = marks_in(turn.text)
        strange = sorted({one for one in marks if conversation_of(one) != turn.conversation})
        if strange:
            found.append(f"the answer to {turn.mark} has {strange} in it")
        if turn.outcome == "answered" and echoes(turn) and turn.mark not in marks:
            found.append(f"the answer to {turn.mark} is another's: {turn.text[:80]!r}")
    return found


def late(turns: Iterable[Turn], deadline: float = DEADLINE) -> list[str]:
    return [
        f"{turn.mark} to {turn.host} took {turn.ended - turn.began:.1f} s ({turn.outcome})"
        for turn in turns
        if turn.ended - turn.began > deadline
    ]


def broken_off(turns: Iterable[Turn], host_died: Excuse, host_was_away: Excuse) -> list[str]:
    """Requests without an answer or an error, though their host lived."""
    return [
        f"{turn.mark} ({turn.kind}, {'stream' if turn.stream else 'whole'}) to {turn.host} was {turn.outcome}:"
        f" {turn.detail}"
        for turn in turns
        if (turn.outcome == "cut" and not host_died(turn)) or (turn.outcome == "unheard" and not host_was_away(turn))
    ]


def failed_in_calm(turns: Iterable[Turn], was_calm: Excuse) -> list[str]:
    """Requests that were refused while nothing was wrong with the fleet."""
    return [
        f"{turn.mark} ({turn.kind}, {'stream' if turn.stream else 'whole'}) to {turn.host} came to {turn.outcome!r}"
        f" in calm weather {turn.detail}"
        for turn in turns
        if turn.outcome != "answered" and was_calm(turn)
    ]
