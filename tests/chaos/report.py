"""What is told of a run: a line for each thing that is done, and the counts at the end."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence

from chaos.plan import Step
from chaos.turns import Turn

SHOWN = 10  # violations of each kind


class Report:
    def __init__(self, repeat: str) -> None:
        self.violations: dict[str, list[str]] = {}
        self._repeat = repeat
        self._checked: Counter[str] = Counter()
        self._blows: Counter[str] = Counter()
        self._began = time.monotonic()

    def say(self, text: str) -> None:
        print(f"{time.monotonic() - self._began:7.1f} s  {text}", flush=True)

    def count(self, step: Step) -> None:
        self._blows.update(blow.kind for blow in step.blows)

    def check(self, invariant: str, checked: int, wrong: Sequence[str]) -> int:
        """`wrong` is what was found; the number of what had not been known."""
        known = self.violations.setdefault(invariant, [])
        new = [each for each in wrong if each not in known]
        known += new
        self._checked[invariant] += checked
        for each in new[:SHOWN]:
            self.say(f"VIOLATION  {invariant}: {each}")
        return len(new)

    @property
    def is_good(self) -> bool:
        return not any(self.violations.values())

    def conclude(self, turns: Sequence[Turn]) -> None:
        outcomes = Counter(turn.outcome for turn in turns)
        forgetful = sum(1 for turn in turns if turn.outcome == "answered" and turn.forgets)
        print(f"\n{sum(self._blows.values())} blows: " + counted(self._blows))
        print(f"{len(turns)} requests: {counted(outcomes)}; {forgetful} of the answers said that the memory is away")
        print(f"\n{'invariant':60} {'checked':>9} {'violated':>9}")
        for invariant, wrong in self.violations.items():
            print(f"{invariant:60} {self._checked[invariant]:9} {len(wrong):9}")
        print("\nNothing was violated." if self.is_good else f"\nVIOLATED. Once more, blow for blow: {self._repeat}")


def counted(counts: Counter[str]) -> str:
    return ", ".join(f"{number} {name}" for name, number in counts.most_common())
