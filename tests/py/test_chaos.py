"""What `scripts/chaos` looks at: each of its checks finds what it is there for. And a short run of the whole."""

from __future__ import annotations

import json
import os
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from chaos import abuse, answers, health, levels, stored, traces
from chaos.agents import Agent, Kind
from chaos.echo_model import answer
from chaos.fleet import LARGE, SMALL
from chaos.levels import Level
from chaos.plan import Blow, Step, plan, possible_blows
from chaos.soak_chart import chart
from chaos.traces import Span
from chaos.turns import Turn, take
from chaos.weather import Weather

TESTS = Path(__file__).resolve().parents[1]
OTHERS = ["redis", "model", "collector", "tools"]
TRACE = "a" * 16 + "b" * 16


def yes(_: object) -> bool:
    return True


def no(_: object) -> bool:
    return False


def a_turn(**but: Any) -> Turn:
    """Of a client that has its whole answer."""
    usual = {"kind": "plain", "stream": False, "trace": TRACE, "session": "lead-1", "began": 10.0, "ended": 11.0}
    told = {"outcome": "answered", "text": "heard <lead-1.7>", **but}
    return Turn(**{"host": "lead", "agent": "lead", "conversation": "lead-1", "mark": "<lead-1.7>", **usual, **told})


def event(kind: str, content: str, run: str = "r") -> dict[str, Any]:
    return {"event_type": kind, "content": content, "metadata": {"run_id": run}}


QUESTION = event("user_message", "<lead-1.7> use echo")
ANSWER = event("agent_response", "heard <lead-1.7>")


def lost(*events: Mapping[str, Any], **turn: Any) -> list[str]:
    return stored.lost([a_turn(**turn)], stored.Kept({("lead", "lead-1"): events}), no)


def test_a_turn_is_lost_when_its_question_or_its_answer_is() -> None:
    assert lost(QUESTION, ANSWER) == []
    assert len(lost()) == 1
    assert len(lost(QUESTION)) == 1
    assert len(lost(ANSWER)) == 1
    assert len(lost(QUESTION, event("agent_response", "heard <lead-1.7>", run="another"))) == 1
    assert lost(outcome="cut") == lost(outcome="error model_error") == []
    assert stored.lost([a_turn()], stored.Kept({}), yes) == []


def test_a_turn_is_doubled_when_its_question_or_its_answer_is_in_any_sessions_of_an_agent() -> None:
    def doubled(sessions: Mapping[tuple[str, str], stored.Events]) -> int:
        return len(stored.doubled(stored.Kept(sessions)))

    assert doubled({("lead", "a"): [QUESTION, ANSWER], ("desk", "b"): [QUESTION, ANSWER]}) == 0
    assert doubled({("lead", "a"): [QUESTION, QUESTION, ANSWER]}) == 1
    assert doubled({("lead", "a"): [QUESTION, ANSWER, ANSWER]}) == 1
    assert doubled({("lead", "a"): [QUESTION, ANSWER], ("lead", "b"): [QUESTION]}) == 1


def test_a_session_is_mixed_when_another_conversations_mark_is_in_it() -> None:
    of_another = event("agent_response", "heard <lead-2.9>")

    assert stored.mixed_sessions({("lead", "lead-1"): [QUESTION, ANSWER]}) == []
    assert len(stored.mixed_sessions({("lead", "lead-1"): [QUESTION, of_another]})) == 1


def test_an_answer_is_mixed_when_it_has_anothers_mark_or_not_its_own() -> None:
    def mixed(text: str) -> int:
        return len(answers.mixed_answers([a_turn(text=text)], yes))

    assert mixed("heard <lead-1.7>") == mixed("heard <lead-1.3> <lead-1.7>") == 0
    assert mixed("heard <lead-1.7> <lead-2.1>") == 1
    assert mixed("heard <lead-1.3>") == mixed("hm") == 1
    assert answers.mixed_answers([a_turn(text="hm")], no) == []


def test_a_request_needs_an_end_unless_its_host_died() -> None:
    cut, unheard = a_turn(outcome="cut"), a_turn(outcome="unheard")

    assert len(answers.broken_off([cut, unheard], no, no)) == 2
    assert len(answers.broken_off([cut, unheard], no, yes)) == 1
    assert answers.broken_off([cut, unheard, a_turn()], yes, yes) == []


def test_a_request_has_a_deadline() -> None:
    assert answers.late([a_turn()]) == []
    assert len(answers.late([a_turn(ended=60.0)])) == 1


def test_an_error_in_calm_weather_is_one_too_many() -> None:
    assert len(answers.failed_in_calm([a_turn(outcome="error model_error")], yes)) == 1
    assert answers.failed_in_calm([a_turn(outcome="error model_error")], no) == []
    assert answers.failed_in_calm([a_turn()], yes) == []


def torn(*spans: Span, **turn: Any) -> list[str]:
    return traces.torn([a_turn(**turn)], traces.by_trace(spans), no)


def test_a_trace_is_torn_when_a_parent_or_the_run_itself_is_missing() -> None:
    run = Span(TRACE, "1", TRACE[-16:], "server-run")

    assert torn(run, Span(TRACE, "2", "1", "chat echo")) == []
    assert len(torn(run, Span(TRACE, "3", "2", "chat echo"))) == 1
    assert len(torn()) == 1
    assert torn(outcome="cut") == []
    assert traces.torn([a_turn()], {}, yes) == []


def test_spans_are_read_from_what_agents_write(tmp_path: Path) -> None:
    span = {"traceId": TRACE, "spanId": "1", "parentSpanId": "2", "name": "server-run"}
    lines = [{"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}, {"resourceMetrics": []}]
    file = tmp_path / "telemetry.jsonl"
    file.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines))

    assert list(traces.spans_in(file)) == [Span(TRACE, "1", "2", "server-run")]


def test_memory_and_descriptors_have_a_level() -> None:
    def raised(rss: float, files: int) -> int:
        return len(levels.raised({"lead": Level(50, 40, 9)}, {"lead": Level(rss, files, 9)}))

    assert raised(50, 40) == raised(60, 50) == raised(20, 20) == 0
    assert raised(150, 40) == raised(50, 90) == 1
    assert raised(150, 90) == 2


def test_a_level_is_that_of_the_process() -> None:
    now = levels.level_of(os.getpid())
    with Path("/dev/null").open():
        assert levels.level_of(os.getpid()).files == now.files + 1
    assert now.rss > 1
    assert now.threads >= 1


def test_a_host_that_does_not_say_that_it_is_well_is_found() -> None:
    well, sick = (health.Probe("lead", 1.0, 2.0, outcome) for outcome in ("", "status 500"))

    assert health.unwell([well], no) == []
    assert len(health.unwell([well, sick], no)) == 1
    assert health.unwell([sick], yes) == []


class Yes(socketserver.BaseRequestHandler):
    """Whatever it is."""

    def handle(self) -> None:
        self.request.recv(1 << 20)
        self.request.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes")


@pytest.fixture
def yes_man() -> Iterator[int]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Yes) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def test_who_answers_abuse_with_anything_but_its_error_is_found(yes_man: int) -> None:
    assert len(abuse.wrong_answers(yes_man)) == len(abuse.TABLE)
    assert health.probe("yes man", yes_man).outcome == ""


def test_what_a_client_takes_for_an_answer() -> None:
    def outcome(status: int, text: str, stream: bool = False) -> str:
        turn = a_turn(stream=stream, outcome="")
        take(turn, status, text)
        return turn.outcome

    failure = '{"error": {"code": "model_error"}}'
    token = 'data: {"choices": [{"delta": {"content": "hm"}}]}\n\n'
    assert outcome(200, '{"choices": [{"message": {"content": "hm"}}]}') == "answered"
    assert outcome(502, failure) == "error model_error"
    assert outcome(200, f"{token}data: [DONE]\n\n", stream=True) == "answered"
    assert outcome(200, f"{token}data: {failure}\n\ndata: [DONE]\n\n", stream=True) == "error model_error"
    assert outcome(200, token, stream=True) == "cut"
    with pytest.raises(ValueError, match="Expecting value"):  # which is a cut to the client
        outcome(502, "<html>Bad gateway</html>")


# -------------------------------------------------------------------------------------------------- what is excused


class Sky:
    """Weather over one agent, `lead`, whose host was killed at 20 and back at 22."""

    def __init__(self, store: str, *blows: Blow) -> None:
        lead = Agent(Kind("lead", "lead", store=store), Path("pais-host"), {}, Path())
        lead.deaths, lead.ends, lead.away = [20.0], [20.0], [(20.0, 22.0)]
        fleet: Any = SimpleNamespace(agents={"lead": lead}, chain=lambda *_: [lead])
        self.weather = Weather(fleet)
        self.weather.begin(Step(0.5, blows), 10.0).over = 25.0


REDIS_AND_HOST_DIE = (Blow("kill", "redis", 1.0), Blow("kill", "lead", 1.0))


def test_only_what_was_answered_without_a_store_may_be_forgotten_and_only_if_the_host_dies_before_it_is_back() -> None:
    may_be = Sky("redis", *REDIS_AND_HOST_DIE).weather.may_be_forgotten

    assert may_be(a_turn(forgets=True))
    assert may_be(a_turn(stream=True))
    assert not may_be(a_turn())  # whole, and nothing was said of the memory
    assert not may_be(a_turn(forgets=True, began=5.0, ended=6.0))
    assert not may_be(a_turn(forgets=True, began=23.0, ended=24.0))
    assert not Sky("redis", Blow("kill", "lead", 1.0)).weather.may_be_forgotten(a_turn(stream=True))
    assert not Sky("sqlite", *REDIS_AND_HOST_DIE).weather.may_be_forgotten(a_turn(stream=True))
    assert Sky("sqlite", Blow("fill the disk of", "lead", 1.0)).weather.may_be_forgotten(a_turn(stream=True))


def test_only_a_death_excuses_an_answer_without_an_end() -> None:
    weather = Sky("redis").weather

    assert weather.host_died(a_turn(began=19.0, ended=20.5))
    assert not weather.host_died(a_turn(began=20.5, ended=21.0))
    assert weather.host_was_away(a_turn(began=20.5, ended=21.0))
    assert not weather.host_was_away(a_turn(began=22.5, ended=23.0))


def test_weather_is_calm_but_for_blows_that_are_not_gentle() -> None:
    assert not Sky("redis", Blow("kill", "redis", 1.0)).weather.was_calm(a_turn())
    assert Sky("redis", Blow("kill", "redis", 1.0)).weather.was_calm(a_turn(began=26.0, ended=27.0))
    assert Sky("redis", Blow("abuse", "lead", 1.0)).weather.was_calm(a_turn())


def test_spans_of_the_last_moments_of_a_process_are_not_waited_for() -> None:
    weather = Sky("redis").weather

    assert weather.may_be_untraced(a_turn(began=18.0, ended=19.0))
    assert not weather.may_be_untraced(a_turn(began=10.0, ended=11.0))


# ----------------------------------------------------------------------------------------------- what is done, and how


def test_the_seed_alone_decides_what_is_done() -> None:
    def steps(seed: int) -> list[Step]:
        return plan(seed, 3, LARGE, OTHERS)

    assert steps(1) == steps(1)
    assert steps(1) != steps(2)


@pytest.mark.parametrize("kinds", [LARGE, SMALL], ids=["large", "small"])
def test_a_quick_run_strikes_in_every_way(kinds: tuple[Kind, ...]) -> None:
    struck = {blow.kind for step in plan(3, 1.3, kinds, OTHERS) for blow in step.blows}

    assert struck == set(possible_blows(kinds, OTHERS))


def test_the_model_repeats_every_mark_it_is_told_of_and_calls_what_it_is_asked_to() -> None:
    tools = [{"function": {"name": "echo"}}, {"function": {"name": "delegate_to_desk"}}]

    def said(*messages: tuple[str, str]) -> dict[str, Any]:
        return answer({"messages": [{"role": role, "content": text} for role, text in messages], "tools": tools})

    def called(text: str) -> tuple[str, Any]:
        (call,) = said(("user", text))["tool_calls"]
        return call["function"]["name"], json.loads(call["function"]["arguments"])

    assert said(("user", "<a-1.1>"), ("assistant", "hm"), ("user", "<a-1.2>"))["content"] == "heard <a-1.1> <a-1.2>"
    assert said(("user", "<a-1.1> use echo"), ("tool", "<a-1.1>"))["content"] == "heard <a-1.1> (<a-1.1>)"
    assert said(("user", "<a-1.1> use hammer"))["content"] == "heard <a-1.1>"
    assert called("<a-1.1> use echo") == ("echo", {"text": "<a-1.1>"})
    assert called("<a-1.1> ask desk: ask lead: go on") == ("delegate_to_desk", {"task": "<a-1.1> ask lead: go on"})


def test_a_chart_has_a_line_for_each_agent_in_each_panel() -> None:
    fields = ("rss_mib", "files", "threads", "p50_ms", "p99_ms")

    drawn = chart({field: {"desk": [(0.0, 1.0), (1.0, 3.0)], "lead": [(0.0, 2.0), (1.0, 2.0)]} for field in fields})

    assert drawn.count("<polyline") == 10
    assert "nan" not in drawn


def test_a_fleet_bears_a_few_blows(pais_host: Path) -> None:
    command = [sys.executable, "-m", "chaos", "--quick", "--seed", "11", "--steps", "3", "--host", pais_host]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (TESTS, TESTS / "py")))}

    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)

    assert run.returncode == 0, run.stdout + run.stderr
    assert "Nothing was violated." in run.stdout
