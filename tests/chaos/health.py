"""Somebody who asks every agent for `/health`, again and again, each time over a connection of its own."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from chaos.agents import Agent

EVERY = 0.5
PATIENCE = 10.0


@dataclass(frozen=True)
class Probe:
    host: str
    began: float
    ended: float
    outcome: str  # "" when it was well


def probe(host: str, port: int) -> Probe:
    began = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", "/health")
        status = connection.getresponse().status
        outcome = "" if status == 200 else f"status {status}"
    except (OSError, http.client.HTTPException) as gone:
        outcome = f"{type(gone).__name__}: {gone}"
    finally:
        connection.close()
    return Probe(host, began, time.monotonic(), outcome)


def unwell(probes: Iterable[Probe], was_away: Callable[[Probe], bool]) -> list[str]:
    return [
        f"{each.host} did not say that it is well: {each.outcome} after {each.ended - each.began:.1f} s"
        for each in probes
        if each.outcome and not was_away(each)
    ]


class Prober:
    def __init__(self, agents: Sequence[Agent]) -> None:
        self.probes: list[Probe] = []
        self._agents = agents
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._over.wait(EVERY):
            for agent in self._agents:
                if agent.up and not agent.was_away(time.monotonic(), time.monotonic()):
                    self.probes.append(probe(agent.name, agent.port))

    def stop(self) -> None:
        self._over.set()
        self._thread.join()
