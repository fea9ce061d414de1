"""Clients that ask the fleet, one question after another, at a steady pace."""

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Callable, Sequence

from chaos.agents import Agent
from chaos.fleet import Fleet
from chaos.marks import mark
from chaos.turns import Customer, Turn, ask_plainly

TURNS_OF_A_CONVERSATION = 12
UNNAMED = 0.2  # of the turns

Choose = Callable[[random.Random], Agent]


class Load:
    """`take_a_break` ends all turns under way and lets none begin; `go_on` does."""

    def __init__(self, fleet: Fleet, seed: int, plain: int, customers: int, pause: float) -> None:
        self.turns: list[Turn] = []
        self._fleet = fleet
        self._pause = pause
        self._numbers = itertools.count(1)
        self._over = threading.Event()
        self._may_ask = threading.Event()
        self._resting = threading.Semaphore(0)
        self._threads = [
            threading.Thread(target=self._ask_on, args=(number, random.Random(f"{seed}/{number}"), number >= plain))
            for number in range(plain + customers)
        ]

    def start(self) -> None:
        self._may_ask.set()
        for thread in self._threads:
            thread.start()

    def take_a_break(self) -> None:
        self._may_ask.clear()
        for _ in self._threads:
            self._resting.acquire()

    def go_on(self) -> None:
        self._may_ask.set()

    def stop(self) -> None:
        self._over.set()
        self._may_ask.set()
        for thread in self._threads:
            if thread.ident is not None:  # it has begun
                thread.join()

    def _ask_on(self, number: int, chance: random.Random, is_customer: bool) -> None:
        customer = Customer()
        ask = customer.ask if is_customer else ask_plainly
        for count in itertools.count():
            if not self._may_ask.is_set():
                self._resting.release()
                self._may_ask.wait()
            if self._over.wait(chance.uniform(0, 2 * self._pause)):
                break
            # Two clients take turns in the same conversations.
            conversation = 1000 * (number // 2) + count // TURNS_OF_A_CONVERSATION
            self._ask_once(chance, ask, conversation)
        customer.close()

    def _ask_once(self, chance: random.Random, ask: Callable[[Turn, int, str], None], conversation: int) -> None:
        agent = chance.choice(list(self._fleet.agents.values()))
        kind = chance.choice(wishes(agent, self._fleet))
        stream, unnamed = chance.random() < 0.5, chance.random() < UNNAMED
        trace = f"{chance.getrandbits(127) | 1:032x}"
        if not agent.up:
            return
        number = next(self._numbers)
        name = f"once-{number}" if unnamed else f"{agent.kind.agent}-{conversation}"
        session = "" if unnamed else name
        turn = Turn(agent.name, agent.kind.agent, name, mark(name, number), kind, stream, trace, not unnamed, session)
        ask(turn, agent.port, f"{turn.mark} {wording(kind, agent, self._fleet)}".strip())
        self.turns.append(turn)


def wishes(agent: Agent, fleet: Fleet) -> Sequence[str]:
    below = [fleet.agents[name] for name in agent.kind.below]
    return [
        "plain",
        *(["tool"] if agent.kind.uses_tools else []),
        *(["ask"] if below else []),
        *(["ask deep"] if any(each.kind.below for each in below) else []),
    ]


def wording(kind: str, agent: Agent, fleet: Fleet) -> str:
    """What the echoing model makes a call of."""
    if kind == "tool":
        return "use echo"
    if kind == "ask":
        return f"ask {agent.kind.below[-1]}: go on"
    if kind == "ask deep":
        middle = next(name for name in agent.kind.below if fleet.agents[name].kind.below)
        return f"ask {middle}: ask {fleet.agents[middle].kind.below[0]}: go on"
    return ""
