"""One run: the fleet under load, blow after blow, and after each a look at everything that must hold."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from chaos import answers, health, levels, stored, traces
from chaos.agents import Agent
from chaos.fleet import Fleet
from chaos.load import Load
from chaos.plan import Step
from chaos.programs import PATIENCE
from chaos.report import Report
from chaos.strike import strike
from chaos.turns import Turn
from chaos.weather import Storm, Weather

SETTLED = 25.0  # seconds in which what is idle has been let go: longer than the fleet keeps a connection
LOST = "an acknowledged turn is in its session"
DOUBLED = "nothing is in a session twice"
MIXED_ANSWERS = "an answer is of its own session"
MIXED_SESSIONS = "a session is of one conversation"
ANSWERED = "every request has an answer or an error, or its host died"
LATE = "in its deadline"
CALM = "in calm weather every request is answered"
HEALTH = "a host that lives says that it is well"
LEVELS = "memory and descriptors are back at their level"
TRACES = "traces are whole"
RECOVERY = "a fleet that is left alone becomes well"
OTHER = "blows are taken as they should be"


class Run:
    def __init__(self, fleet: Fleet, load: Load, report: Report) -> None:
        self._fleet = fleet
        self._load = load
        self._report = report
        self._weather = Weather(fleet)
        self._looked_at = 0
        self._prober: health.Prober | None = None

    def stop_probing(self) -> None:
        if self._prober is not None:
            self._prober.stop()

    def warm_up(self, seconds: float) -> None:
        self._load.start()
        threading.Event().wait(seconds)
        self._load.take_a_break()
        self._before = self._levels()
        self._load.go_on()
        self._prober = health.Prober(list(self._fleet.agents.values()))
        self._report.say(f"warm: {len(self._load.turns)} requests")

    def suffer(self, step: Step) -> None:
        threading.Event().wait(step.after)
        storm = self._weather.begin(step, time.monotonic())
        self._report.count(step)
        wrong = self._do(step)
        sick = self._recover()
        storm.over = time.monotonic()
        self._report.check(RECOVERY, 1, sick)
        self._report.check(OTHER, len(step.blows), wrong)
        self._tell(step, storm)

    def _do(self, step: Step) -> list[str]:
        """All blows at once; each ends at its own time."""
        begin = time.monotonic()
        undone = [(blow.lasts, strike(self._fleet, blow)) for blow in step.blows]
        wrong = []
        for lasts, undo in sorted(undone, key=lambda each: each[0]):
            threading.Event().wait(max(0.0, begin + lasts - time.monotonic()))
            wrong += undo()
        return wrong

    def _recover(self) -> list[str]:
        """Until every agent is ready, misses nobody, and has answered a question: a model that has failed again and
        again is given a rest of some seconds (cpp/base/circuit.h)."""
        deadline = time.monotonic() + PATIENCE
        sick = list(self._fleet.agents.values())
        while sick := [agent for agent in sick if agent.ailments() or not agent.answers()]:
            if time.monotonic() > deadline:
                return [f"{agent.name} does not answer, and says {agent.ailments()}" for agent in sick]
            time.sleep(0.1)
        return []

    def _tell(self, step: Step, storm: Storm) -> None:
        turns = self._load.turns[self._looked_at :]
        self._looked_at += len(turns)
        found = self._look_at(turns) + self._look_into_sessions(turns, self._sessions_of(turns))
        bad = sum(turn.outcome != "answered" for turn in turns)
        self._report.say(
            f"{step}: well after {storm.over - storm.began:.1f} s, {len(turns)} requests, {bad} of them not answered, "
            f"{found or 'no'} violation{'' if found == 1 else 's'}"
        )

    def _look_at(self, turns: list[Turn]) -> int:
        say, weather, number = self._report.check, self._weather, len(turns)
        return (
            say(MIXED_ANSWERS, number, answers.mixed_answers(turns, self._echoes))
            + say(ANSWERED, number, answers.broken_off(turns, weather.host_died, weather.host_was_away))
            + say(LATE, number, answers.late(turns))
            + say(CALM, sum(map(weather.was_calm, turns)), answers.failed_in_calm(turns, weather.was_calm))
        )

    def _echoes(self, turn: Turn) -> bool:
        return self._fleet.echoes(self._fleet.agents[turn.host])

    def _look_into_sessions(self, turns: list[Turn], sessions: Mapping[stored.Session, stored.Events]) -> int:
        kept = stored.Kept(sessions)
        answered = sum(turn.outcome == "answered" for turn in turns)
        return (
            self._report.check(LOST, answered, stored.lost(turns, kept, self._weather.may_be_forgotten))
            + self._report.check(DOUBLED, len(kept.asked), stored.doubled(kept))
            + self._report.check(MIXED_SESSIONS, len(sessions), stored.mixed_sessions(sessions))
        )

    def _sessions_of(self, turns: Iterable[Turn]) -> dict[stored.Session, stored.Events]:
        return self._read({(turn.agent, turn.session) for turn in turns if turn.session})

    def _all_sessions(self) -> dict[stored.Session, stored.Events]:
        names = {agent.kind.agent for agent in self._fleet.agents.values()}
        sessions = {name: self._host_of(name).get("/memory/sessions")["sessions"] for name in names}
        return self._read({(name, session) for name, there in sessions.items() for session in there})

    def _host_of(self, name: str) -> Agent:
        return next(agent for agent in self._fleet.agents.values() if agent.kind.agent == name)

    def _read(self, wanted: set[stored.Session]) -> dict[stored.Session, stored.Events]:
        with ThreadPoolExecutor(4) as pool:
            found = pool.map(lambda each: self._host_of(each[0]).read_patiently(each[1]), wanted)
            return dict(zip(wanted, found, strict=True))

    def _levels(self) -> dict[str, levels.Level]:
        return {name: levels.level_of(agent.pid) for name, agent in self._fleet.agents.items()}

    def conclude(self) -> None:
        self._load.take_a_break()
        self._report.check(RECOVERY, 1, self._recover())
        self._look_at_health()
        deadline = time.monotonic() + SETTLED
        while (raised := levels.raised(self._before, self._levels())) and time.monotonic() < deadline:
            time.sleep(0.5)
        self._report.check(LEVELS, 2 * len(self._before), raised)
        self._look_at(self._load.turns[self._looked_at :])
        self._look_into_sessions(self._load.turns, self._all_sessions())

    def _look_at_health(self) -> None:
        assert self._prober is not None
        self._prober.stop()
        probes, agents = self._prober.probes, self._fleet.agents
        unwell = health.unwell(probes, lambda each: agents[each.host].was_away(each.began, each.ended))
        self._report.check(HEALTH, len(probes), unwell)

    def look_at_traces(self) -> None:
        """When the fleet has ended, and written all that it had to say."""
        files = [agent.telemetry for agent in self._fleet.agents.values()]
        found = traces.by_trace(span for file in files for span in traces.spans_in(file))
        torn = traces.torn(self._load.turns, found, self._weather.may_be_untraced)
        self._report.check(TRACES, len(found), torn)
