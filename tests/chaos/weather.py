"""When something was wrong with the fleet, and what that excuses. Everything else is a violation.

The excuses are those of the documentation, and no others: docs/memory.md for what need not be remembered,
docs/telemetry.md for what need not be traced.
"""

from __future__ import annotations

from dataclasses import dataclass

from chaos.fleet import Fleet
from chaos.plan import Step
from chaos.turns import Turn

EXPORTED_WITHIN = 3.0  # seconds after its end a span has been written down


@dataclass
class Storm:
    step: Step
    began: float
    over: float = float("inf")  # every agent has said that it is well

    def meets(self, turn: Turn) -> bool:
        return turn.began <= self.over and turn.ended >= self.began

    def strikes(self, kind: str, target: str) -> bool:
        return any((blow.kind, blow.target) == (kind, target) for blow in self.step.blows)


class Weather:
    def __init__(self, fleet: Fleet) -> None:
        self.storms: list[Storm] = []
        self._fleet = fleet

    def begin(self, step: Step, now: float) -> Storm:
        self.storms.append(Storm(step, now))
        return self.storms[-1]

    def was_calm(self, turn: Turn) -> bool:
        return not any(storm.meets(turn) for storm in self.storms if not storm.step.is_gentle())

    def host_died(self, turn: Turn) -> bool:
        return self._fleet.agents[turn.host].was_killed(turn.began, turn.ended)

    def host_was_away(self, turn: Turn) -> bool:
        return self._fleet.agents[turn.host].was_away(turn.began, turn.ended)

    def may_be_forgotten(self, turn: Turn) -> bool:
        """It was answered while the store was away, and its host ended before the store was back. Answers say so in a
        header; only streams that were under way when the store went away cannot."""
        agent = self._fleet.agents[turn.host]
        return any(
            storm.meets(turn)
            and (turn.forgets or (turn.stream and self._has_no_store(storm, turn.host)))
            and agent.has_ended(turn.began, storm.over)
            for storm in self.storms
        )

    def _has_no_store(self, storm: Storm, host: str) -> bool:
        if self._fleet.agents[host].kind.store == "sqlite":
            return storm.strikes("fill the disk of", host)
        return any(blow.target == "redis" for blow in storm.step.blows)

    def may_be_untraced(self, turn: Turn) -> bool:
        """One of its processes ended before it had written its spans, or had a full disk."""
        chain = list(self._fleet.chain(turn.host, turn.depth))
        return any(agent.has_ended(turn.began, turn.ended + EXPORTED_WITHIN) for agent in chain) or any(
            storm.strikes("fill the disk of", agent.name)
            and storm.began <= turn.ended + EXPORTED_WITHIN
            and storm.over >= turn.began
            for storm in self.storms
            for agent in chain
        )
