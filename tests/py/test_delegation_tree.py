"""Agents of both kinds that delegate to each other, over real sockets: a tree of them, and what goes wrong in one."""

from __future__ import annotations

import http.client
import json
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from chat_peer import Peer
from conformance.agent import CHAT, Agent
from conformance.producers import PRODUCERS, RunningAgent
from conformance.test_tool_calls import progress, results
from conformance.wire import Streamed
from fake_model import Call, FakeModel, Reply, Usage, calls, nobody_listens, says
from until import eventually

REQUESTS = 100
PATIENCE = 300.0  # with each of so many at once, on a machine that has other things to do
LONGEST = 1.0  # seconds until all that a client has left is over
MIDDLE = {"east": "python", "west": "native", "north": "native"}
LEAVES = {
    "east": {"e1": "native", "e2": "native", "e3": "python"},
    "west": {"w1": "native", "w2": "native", "w3": "python"},
    "north": {"n1": "native", "n2": "native"},
}


def script_of(*below: str) -> str:
    asks = [{"name": f"delegate_to_{name}", "arguments": {"task": "go on"}} for name in below]
    return json.dumps([*([{"tool_calls": asks}] if asks else []), "done"])


class Tree:
    """Three levels, twelve agents. All trace, and send what they trace to nobody."""

    def __init__(self, folder: Path, collector: str) -> None:
        self._folder = folder
        self._collector = collector
        self.running: dict[str, RunningAgent] = {}

    def grow(self) -> None:
        leaves = {name: kind for below in LEAVES.values() for name, kind in below.items()}
        self._start({name: (kind, ()) for name, kind in leaves.items()})
        self._start({name: (kind, tuple(LEAVES[name])) for name, kind in MIDDLE.items()})
        self._start({"root": ("native", tuple(MIDDLE))})

    def _start(self, agents: Mapping[str, tuple[str, tuple[str, ...]]]) -> None:
        with ThreadPoolExecutor() as pool:
            started = {name: pool.submit(self._start_one, name, *agent) for name, agent in agents.items()}
        self.running |= {name: each.result() for name, each in started.items()}

    def _start_one(self, name: str, kind: str, below: tuple[str, ...]) -> RunningAgent:
        settings = {
            "AGENT_NAME": name,
            "DEBUG_MOCK_RESPONSES": script_of(*below),
            "AGENT_SUB_AGENTS": ",".join(f"{each}:{self.running[each].url}" for each in below),
            "PAIS_DELEGATION_TIMEOUT_SECONDS": str(PATIENCE),
            "OTEL_SDK_DISABLED": "false",
            "OTEL_SERVICE_NAME": name,
            "OTEL_EXPORTER_OTLP_ENDPOINT": self._collector,
        }
        return PRODUCERS[kind].start(settings, self._folder)

    def stop(self) -> list[int]:
        for each in self.running.values():
            each.ask_to_end()
        return [each.stop() for each in self.running.values()]


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Tree]:
    with nobody_listens() as collector:
        tree = Tree(tmp_path, collector)
        tree.grow()
        yield tree
        assert set(tree.stop()) == {0}


def agent_of(running: RunningAgent) -> Agent:
    return Agent(running, None)  # type: ignore[arg-type]  # it has a script


def traces_in(agent: Agent) -> list[str]:
    """Of each task that the agent was given."""
    events = agent.get("/memory/events?limit=1000").json["events"]
    asked = [event for event in events if event["event_type"] in ("user_message", "task_delegation_received")]
    return sorted(event["metadata"]["trace_id"] for event in asked)


def test_one_trace_goes_from_the_root_to_every_leaf_under_load(tree: Tree) -> None:
    traces = sorted(f"{number:032x}" for number in range(1, REQUESTS + 1))

    def ask(trace: str) -> Any:
        root = http.client.HTTPConnection(tree.running["root"].url.removeprefix("http://"), timeout=PATIENCE)
        body = json.dumps({"messages": [{"role": "user", "content": "go"}]})
        root.request("POST", CHAT, body, {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
        with closing(root):
            return json.load(root.getresponse())["choices"][0]["message"]["content"]

    with ThreadPoolExecutor(REQUESTS) as pool:
        answers = list(pool.map(ask, traces))

    assert answers == ["done"] * REQUESTS
    assert len(tree.running) == 12
    for name, running in tree.running.items():
        agent = agent_of(running)
        assert traces_in(agent) == traces, name
        assert agent.get("/health").status == 200
        assert "degraded" not in agent.get("/ready").json, name


# ------------------------------------------------------------------------------------------- trouble in mid-call


def started(kind: str, name: str, settings: Mapping[str, str], folder: Path, exits: ExitStack) -> Agent:
    """An agent with a fake model of its own."""
    model = FakeModel()
    exits.callback(model.stop)
    standard = {"AGENT_NAME": name, "MODEL_API_URL": model.url, "MODEL_NAME": "fake-1"}
    running = PRODUCERS[kind].start({**standard, **settings}, folder)
    exits.callback(running.stop)
    exits.callback(model.forget)
    return Agent(running, model)


def lead_of(kind: str, worker: str, folder: Path, exits: ExitStack) -> Agent:
    settings = {
        "AGENT_SUB_AGENTS": f"worker:{worker}",
        "PAIS_DELEGATION_TIMEOUT_SECONDS": "2",
        "PAIS_METRICS": "true",
    }
    return started(kind, "lead", settings, folder, exits)


def delegates_to(name: str) -> Reply:
    return calls(Call(f"delegate_to_{name}", '{"task":"dig"}', id="c1"))


def check_what_is_seen_of(outcome: str, lead: Agent, streamed: Streamed) -> None:
    """Of a delegation that failed, in the lead's session `s`: stream, model, events and metrics."""
    assert streamed.contents == [progress("worker", action="delegate"), "I am sorry."]
    assert results(lead.model.last.body) == [("c1", outcome)]
    kind, content = lead.told("s")[2]
    assert (kind, content["result"], content["is_error"]) == ("delegation_response", outcome, True)
    assert 'success="false"' in lead.get("/metrics").body.decode()


class Pair:
    """A lead of either kind and a native worker."""

    def __init__(self, kind: str, folder: Path, exits: ExitStack) -> None:
        self.worker = started("native", "worker", {}, folder, exits)
        self.lead = lead_of(kind, self.worker.url, folder, exits)

    def strike(self, what: signal.Signals) -> None:
        process = self.worker.running.process  # type: ignore[attr-defined]
        process.send_signal(what)


@pytest.fixture(params=PRODUCERS)
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pair]:
    with ExitStack() as exits:
        pair = Pair(request.param, tmp_path, exits)
        yield pair
        pair.strike(signal.SIGCONT)


@pytest.mark.parametrize(
    ("blow", "outcome"),
    [
        (signal.SIGKILL, "[Delegation failed: Agent worker sent no usable answer]"),
        (signal.SIGSTOP, "[Delegation failed: Agent worker timed out]"),
    ],
    ids=["killed", "stopped"],
)
def test_a_worker_that_is_struck_in_mid_call(pair: Pair, blow: signal.Signals, outcome: str) -> None:
    gate = pair.worker.model.gate()
    pair.worker.model.will(says(gate, "late"))
    pair.lead.model.will(delegates_to("worker"), says("I am sorry."))
    asking = pair.lead.ask("dig", session_id="s", stream=True)
    gate.wait_until_reached()

    pair.strike(blow)

    check_what_is_seen_of(outcome, pair.lead, asking.rest())


def refuses(_: Peer, nowhere: str) -> str:
    return nowhere


def fails_inside(peer: Peer, _: str) -> str:
    peer.status, peer.answer = 500, {"detail": "SECRET"}
    return peer.url


def speaks_garbage(peer: Peer, _: str) -> str:
    peer.answer = b"\x00\xff garbage"
    return peer.url


def takes_half_a_minute(peer: Peer, _: str) -> str:
    peer.silent = True
    return peer.url


@pytest.mark.parametrize("kind", PRODUCERS)
@pytest.mark.parametrize(
    ("trouble", "outcome"),
    [
        (refuses, "[Delegation failed: Agent worker unavailable]"),
        (fails_inside, "[Delegation failed: Agent worker answered 500]"),
        (speaks_garbage, "[Delegation failed: Agent worker sent no usable answer]"),
        (takes_half_a_minute, "[Delegation failed: Agent worker timed out]"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_worker_that(trouble: Callable[[Peer, str], str], outcome: str, kind: str, tmp_path: Path) -> None:
    with ExitStack() as exits:
        peer = Peer()
        exits.callback(peer.stop)
        lead = lead_of(kind, trouble(peer, exits.enter_context(nobody_listens())), tmp_path, exits)
        lead.model.will(delegates_to("worker"), says("I am sorry."))

        streamed = lead.stream("dig", session_id="s")

        check_what_is_seen_of(outcome, lead, streamed)
        assert "SECRET" not in lead.get("/memory/events?limit=1000").body.decode()


# ---------------------------------------------------------------------------------------------- a client that leaves


@pytest.mark.parametrize(
    "kinds", [("native", "python", "native"), ("python", "native", "python")], ids=lambda kinds: "-".join(kinds)
)
def test_a_client_that_hangs_up_ends_the_runs_of_three_levels(kinds: tuple[str, str, str], tmp_path: Path) -> None:
    with ExitStack() as exits:
        leaf = started(kinds[2], "leaf", {}, tmp_path, exits)
        middle = started(kinds[1], "middle", {"AGENT_SUB_AGENTS": f"leaf:{leaf.url}"}, tmp_path, exits)
        root = started(kinds[0], "root", {"AGENT_SUB_AGENTS": f"middle:{middle.url}"}, tmp_path, exits)
        gate = leaf.model.gate()
        leaf.model.will(says("hm", gate, "late"))
        middle.model.will(delegates_to("leaf"))
        root.model.will(delegates_to("middle"))
        asking = root.ask("dig", stream=True)
        gate.wait_until_reached()

        left = asking.leave()

        closed = leaf.model.last.wait_until_closed() - left
        ended = [wait_until_cancelled(agent) - left for agent in (root, middle, leaf)]
        print(f"the call of the model was closed after {closed * 1000:.0f} ms, the runs ended by {ended}")
        assert max(closed, *ended) <= LONGEST
        assert [len(agent.model.asked) for agent in (root, middle, leaf)] == [1, 1, 1]


def wait_until_cancelled(agent: Agent) -> float:
    """When its one run has been seen to be over."""

    def codes() -> list[str]:
        events = agent.get("/memory/events?limit=1000").json["events"]
        return [event["metadata"]["code"] for event in events if event["event_type"] == "error"]

    assert eventually(codes, "its run has ended") == ["cancelled"]
    return time.monotonic()


@pytest.mark.parametrize("kind", PRODUCERS)
def test_a_worker_goes_on_with_its_conversation_however_long_the_id(kind: str, tmp_path: Path) -> None:
    with ExitStack() as exits:
        worker = started("native", "worker", {}, tmp_path, exits)
        settings = {"AGENT_SUB_AGENTS": f"worker:{worker.url}", "PAIS_DELEGATION_SESSION": "same"}
        lead = started(kind, "lead", settings, tmp_path, exits)
        for session in ("s", "x" * 256):
            for said in (f"first of {len(session)}", f"second of {len(session)}"):
                worker.model.will(says(said))
                lead.model.will(delegates_to("worker"), says("ok"))
                lead.chat("dig", session_id=session)
                assert results(lead.model.last.body) == [("c1", said)]

            known = [message["content"] for message in worker.model.last.body["messages"]]
            assert f"first of {len(session)}" in known


def test_the_progress_of_a_worker_is_shown_in_the_leads_stream(pair: Pair) -> None:
    pair.worker.model.always(says("hm"))
    wait_until_known(pair)
    pair.worker.model.forget()
    pair.worker.model.will(calls(Call("add", "{}", id="w1")), says("dug"))
    pair.lead.model.will(delegates_to("worker"), says("It is dug."))

    streamed = pair.lead.stream("dig")

    below = progress("add").removesuffix("}") + ', "agent": "worker"}'
    assert streamed.contents == [progress("worker", action="delegate"), below, "It is dug."]
    assert results(pair.lead.model.last.body) == [("c1", "dug")]


def test_what_a_worker_used_before_its_stream_failed_counts(pair: Pair) -> None:
    pair.worker.model.always(says("hm"))
    wait_until_known(pair)
    pair.worker.model.forget()
    wrong = Call("add", "{}", id="w1")
    pair.worker.model.will(calls(wrong, usage=Usage(10, 1)), calls(wrong, usage=Usage(20, 2)))
    pair.lead.model.will(delegates_to("worker"), says("I am sorry."))

    streamed = pair.lead.stream("dig", stream_options={"include_usage": True})

    assert results(pair.lead.model.last.body) == [("c1", "[Delegation failed: Agent worker answered 500]")]
    assert streamed.chunks[-1]["usage"]["delegations"]["total_tokens"] == 33


def wait_until_known(pair: Pair) -> None:
    """The lead has read the worker's card, and says so in the description of its tool."""
    while True:
        pair.lead.model.will(says("hi"))
        pair.lead.chat("hello")
        (tool,) = pair.lead.model.last.body["tools"]
        if tool["function"]["description"].startswith("Delegate a task to the worker agent: "):
            return
