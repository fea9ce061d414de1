"""Doing to the fleet what the plan says, and undoing it."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from chaos.abuse import wrong_answers
from chaos.fleet import Fleet
from chaos.plan import Blow
from chaos.slow_clients import SlowClients, idle_connections

IDLE = 150
ROADS = ("delay", "cut", "garble", "swallow")

Undo = Callable[[], list[str]]  # what it found wrong on the way


def strike(fleet: Fleet, blow: Blow) -> Undo:
    if blow.kind in ROADS:
        return spoil(fleet, blow)
    return STRIKES[blow.kind](fleet, blow.target)


def spoil(fleet: Fleet, blow: Blow) -> Undo:
    road = fleet.road(blow.target)
    fleet.roads.spoil(road, blow.kind)
    return undoing(lambda: fleet.roads.spoil(road, ""))


def kill(fleet: Fleet, target: str) -> Undo:
    fleet.program(target).kill()
    return undoing(fleet.program(target).start)


def pause(fleet: Fleet, target: str) -> Undo:
    fleet.program(target).pause()
    return undoing(fleet.program(target).resume)


def restart(fleet: Fleet, target: str) -> Undo:
    code = fleet.program(target).end()
    wrong = [] if code == 0 else [f"{target} was asked to end, and did so with {code}"]
    return undoing(fleet.program(target).start, wrong)


def fill_the_disk(fleet: Fleet, target: str) -> Undo:
    """No file of the process may grow: it takes no rights to do that, and nobody else has a full disk."""
    pid = fleet.program(target).pid
    let_files_grow_to(pid, 0)
    return undoing(lambda: let_files_grow_to(pid, resource.RLIM_INFINITY))


def let_files_grow_to(pid: int, most: int) -> None:
    with suppress(ProcessLookupError):  # the other blow of this step has ended it
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))


def take_descriptors(fleet: Fleet, target: str) -> Undo:
    taken = idle_connections(fleet.program(target).port, IDLE)

    def close() -> None:
        for client in taken:
            client.close()

    return undoing(close)


def abuse(fleet: Fleet, target: str) -> Undo:
    agent = fleet.agents[target]
    begin = time.monotonic()
    wrong = [f"{target}: {each}" for each in wrong_answers(agent.port)] if agent.up else []
    # Nothing is asked of a host that the other blow of this step has taken away.
    return lambda: [] if agent.was_away(begin, time.monotonic()) else wrong


def slow(fleet: Fleet, target: str) -> Undo:
    agent = fleet.agents[target]
    if not agent.up or agent.was_away(time.monotonic(), time.monotonic()):
        return list
    clients = SlowClients(agent.port)
    return undoing(clients.leave)


def undoing(action: Callable[[], None], wrong: Sequence[str] = ()) -> Undo:
    def undo() -> list[str]:
        action()
        return list(wrong)

    return undo


STRIKES: dict[str, Callable[[Fleet, str], Undo]] = {
    "kill": kill,
    "pause": pause,
    "restart": restart,
    "fill the disk of": fill_the_disk,
    "take the descriptors of": take_descriptors,
    "abuse": abuse,
    "slow clients": slow,
}
