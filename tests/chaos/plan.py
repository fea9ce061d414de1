"""What is done to the fleet, in which order: decided by the seed alone."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chaos.agents import Kind

SECONDS_OF_A_STEP = 7.0  # about: the blow, the recovery, the look at what is left
TOGETHER = 0.25  # of the steps are two blows at once
GENTLE = ("abuse", "slow clients")  # what a host bears without a client noticing


@dataclass(frozen=True)
class Blow:
    kind: str
    target: str
    lasts: float

    def __str__(self) -> str:
        return f"{self.kind} {self.target} for {self.lasts:.1f} s"


@dataclass(frozen=True)
class Step:
    after: float  # seconds of calm
    blows: tuple[Blow, ...]

    def is_gentle(self) -> bool:
        return all(blow.kind in GENTLE for blow in self.blows)

    def __str__(self) -> str:
        return " + ".join(map(str, self.blows))


def possible_blows(kinds: Sequence[Kind], others: Sequence[str]) -> dict[str, list[str]]:
    """Targets by what can be done to them."""
    agents = [kind.name for kind in kinds]
    called = [name for name in agents if any(name in kind.below for kind in kinds)]
    roads = [*others, *called]
    roomy = [kind.name for kind in kinds if kind.files >= 1000]
    return {
        "kill": [*agents, *others],
        "pause": [*agents, *others],
        "restart": agents,
        "delay": roads,
        "cut": roads,
        "garble": roads,
        "swallow": roads,
        "fill the disk of": [kind.name for kind in kinds if kind.store == "sqlite"],
        "take the descriptors of": [kind.name for kind in kinds if kind.files < 1000],
        "abuse": roomy,
        "slow clients": roomy,
    }


def plan(seed: int, minutes: float, kinds: Sequence[Kind], others: Sequence[str]) -> list[Step]:
    chance = random.Random(seed)
    blows = deal(chance, possible_blows(kinds, others))
    steps = []
    for _ in range(max(1, round(minutes * 60 / SECONDS_OF_A_STEP))):
        struck = [next(blows)]
        if chance.random() < TOGETHER:
            second = next(blows)
            if second.target != struck[0].target:
                struck.append(second)
        steps.append(Step(chance.uniform(0.2, 1.0), tuple(struck)))
    return steps


def deal(chance: random.Random, possible: dict[str, list[str]]) -> Iterator[Blow]:
    """Every kind comes once before any comes again, and so does every target of a kind."""
    decks: dict[str, list[str]] = {kind: [] for kind, targets in possible.items() if targets}
    while True:
        order = list(decks)
        chance.shuffle(order)
        for kind in order:
            if not decks[kind]:
                decks[kind] = chance.sample(possible[kind], len(possible[kind]))
            yield Blow(kind, decks[kind].pop(), round(chance.uniform(0.3, 2.5), 1))
