"""SIGTERM while turns are running."""

from __future__ import annotations

from conformance.conftest import Agents
from fake_model import after, says


def test_running_turns_finish_and_new_ones_are_refused(start_agent: Agents, session: str) -> None:
    agent = start_agent(PAIS_DRAIN_DELAY_SECONDS="2")
    held, held_stream = agent.model.gate(), agent.model.gate()
    agent.model.will(after(held, says("finished")), says("to", held_stream, " the end"))
    plain = agent.ask("hi")
    held.wait_until_reached()
    streamed = agent.ask("hi", stream=True)
    assert streamed.next_content() == "to"

    agent.running.ask_to_end()
    while (ready := agent.get("/ready")).status == 200:
        pass
    refused = agent.chat("too late")
    waiting = agent.chat("too late", session_id=session, stream=True)
    alive = agent.get("/health").status
    held.open()
    held_stream.open()

    assert (ready.status, ready.json["status"], ready.json["reason"]) == (503, "not_ready", "draining")
    assert refused.refusal == waiting.refusal == (503, "draining")
    assert int(refused.headers["Retry-After"]) >= 1
    assert alive == 200
    assert plain.answer().text == "finished"
    assert streamed.rest().contents == [" the end"]
    assert agent.running.wait() == 0


def test_turns_that_do_not_end_are_cut_short_and_told_so(start_agent: Agents) -> None:
    agent = start_agent(PAIS_SHUTDOWN_GRACE_SECONDS="0.3")
    agent.model.will(after(agent.model.gate(), says("late")), says("It is", agent.model.gate()))
    plain = agent.ask("hi")
    agent.model.wait_until_asked(1)
    streamed = agent.ask("hi", stream=True)
    streamed.next_content()

    agent.running.ask_to_end()

    assert plain.answer().refusal == (503, "draining")
    assert [error["code"] for error in streamed.rest().errors] == ["draining"]
    for asked in agent.model.asked:
        asked.wait_until_closed()
    assert agent.running.wait() == 0


def test_an_idle_agent_ends_at_once(start_agent: Agents) -> None:
    agent = start_agent()

    agent.running.ask_to_end()

    assert agent.running.wait() == 0
