"""One trace through a tree of three agents: one root, no orphans, each span within its parent's time, tokens that add
up, and numbers that agree."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chat_peer import Peer
from conformance.agent import Agent
from conformance.producers import PRODUCERS
from fake_model import Call, FakeModel, Usage, calls, fails, says
from otlp_receiver import OtlpReceiver, attributes_of
from served import Served
from spans.traced import CALLER, ERROR, FAST, GOOD, TRACE

WITH_A_TOOL = """
from opentelemetry import trace
from pydantic_ai import Agent

agent = Agent(name="adder")

@agent.tool_plain
async def add(a: int, b: int) -> int:
    with trace.get_tracer("adder").start_as_current_span("carry"):
        return a + b
"""


def telemetry(receiver: OtlpReceiver, name: str) -> dict[str, str]:
    return {
        "AGENT_NAME": name,
        "MODEL_NAME": f"model-of-{name}",
        "OTEL_SERVICE_NAME": name,
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
        **FAST,
    }


StartNative = Callable[..., Agent]


@pytest.fixture
def start_native(receiver: OtlpReceiver, tmp_path: Path) -> Iterator[StartNative]:
    started: list[Agent] = []

    def start(name: str, **settings: str) -> Agent:
        model = FakeModel()
        folder = tmp_path / name
        folder.mkdir()
        everything = {**telemetry(receiver, name), "MODEL_API_URL": model.url, **settings}
        started.append(Agent(PRODUCERS["native"].start(everything, folder), model))
        return started[-1]

    yield start

    for agent in started:
        agent.hang_up()
        assert agent.running.stop() == 0, agent.output
        agent.model.stop()


@pytest.fixture
def adder(receiver: OtlpReceiver, tmp_path: Path) -> Iterator[Served]:
    """An agent of a file, with a tool."""
    folder = tmp_path / "adder"
    folder.mkdir()
    (folder / "server.py").write_text(WITH_A_TOOL)
    served = Served("server.py", folder, {**telemetry(receiver, "adder"), "MODEL_API_URL": "{model}"})
    yield served
    served.stop()


@pytest.fixture
def worker() -> Iterator[Peer]:
    peer = Peer()
    yield peer
    peer.ended.set()
    peer.server.shutdown()
    peer.server.server_close()


def headers_of_chat(worker: Peer) -> dict[str, str]:
    """Of the one chat that it was asked."""
    (headers,) = (headers for path, headers, _ in worker.asked if path.endswith("/chat/completions"))
    return {name.lower(): value for name, value in headers.items()}


class Tree:
    def __init__(self, receiver: OtlpReceiver, spans: int) -> None:
        def of_trace() -> list[Any]:
            found = [span for span in receiver.spans if span.trace_id.hex() == TRACE]
            return found if len(found) >= spans else []

        self.spans = receiver.wait_for(of_trace)
        assert len(self.spans) == spans, sorted(span.name for span in self.spans)
        self.by_id = {span.span_id: span for span in self.spans}
        assert len(self.by_id) == spans
        self.service_of = {
            span.span_id: attributes_of(resource.attributes)["service.name"]
            for resource, _, span in receiver.spans_with_source
        }

    def parent(self, span: Any) -> Any:
        return self.by_id[span.parent_span_id]

    def of(self, service: str, name: str) -> Any:
        (span,) = (each for each in self.spans if each.name == name and self.service_of[each.span_id] == service)
        return span

    def check(self) -> None:
        roots = [span for span in self.spans if span.parent_span_id not in self.by_id]
        assert [(span.name, span.parent_span_id.hex()) for span in roots] == [("server-run", CALLER)]
        for span in self.spans:
            if span not in roots:
                parent = self.parent(span)
                assert parent.start_time_unix_nano <= span.start_time_unix_nano, (parent.name, span.name)
                assert span.end_time_unix_nano <= parent.end_time_unix_nano, (parent.name, span.name)

    def tokens(self, prefix: str) -> int:
        said = [attributes_of(span.attributes) for span in self.spans if span.name.startswith(prefix)]
        return sum(each.get(f"gen_ai.usage.{way}_tokens", 0) for each in said for way in ("input", "output"))


@pytest.mark.parametrize("stream", [False, True])
def test_three_agents_make_one_tree(
    start_native: StartNative, adder: Served, receiver: OtlpReceiver, stream: bool
) -> None:
    units = start_native("units")
    boss = start_native("boss", AGENT_SUB_AGENTS=f"adder:{adder.url},units:{units.url}")
    boss.model.will(
        calls(
            Call("delegate_to_adder", {"task": "1+2?"}, "c1"),
            Call("delegate_to_units", {"task": "Feet?"}, "c2"),
            usage=Usage(30, 5),
        ),
        says("3 feet.", usage=Usage(40, 4)),
    )
    adder.model.will(calls(Call("add", {"a": 1, "b": 2}, "c1"), usage=Usage(20, 3)), says("3", usage=Usage(25, 2)))
    units.model.will(says("Feet.", usage=Usage(10, 1)))

    asking = boss.ask("1+2 in feet?", headers={"traceparent": GOOD}, stream=stream)
    _ = asking.rest() if stream else asking.answer()

    # boss: server-run, invoke_agent, 2 chat, 2 execute_tool, 2 delegate; adder: 6 with its own span; units: 3
    tree = Tree(receiver, 8 + 6 + 3)
    tree.check()
    for name in ("adder", "units"):
        delegation = tree.of("boss", f"delegate.{name}")
        assert attributes_of(delegation.attributes) == {"agent.delegation.target": name}
        assert tree.parent(delegation).name == f"execute_tool delegate_to_{name}"
        assert tree.parent(tree.of(name, "server-run")).span_id == delegation.span_id
    assert tree.parent(tree.of("adder", "carry")).name == "execute_tool add"
    assert tree.tokens("chat ") == tree.tokens("invoke_agent ") == 30 + 5 + 40 + 4 + 20 + 3 + 25 + 2 + 10 + 1

    def counted() -> dict[str, tuple[str, int]]:
        points = receiver.latest_metric("kaos.delegations").sum.data_points
        said = [(attributes_of(point.attributes), point.as_int) for point in points]
        return {facts["target"]: (facts["success"], times) for facts, times in said}

    receiver.wait_for(lambda: counted() == {"adder": ("true", 1), "units": ("true", 1)})


def test_an_agent_that_fails_is_an_error_where_it_was_asked_and_where_it_failed(
    start_native: StartNative, receiver: OtlpReceiver
) -> None:
    units = start_native("units", PAIS_MODEL_RETRIES="0")
    boss = start_native("boss", AGENT_SUB_AGENTS=f"units:{units.url}")
    boss.model.will(calls(Call("delegate_to_units", {"task": "Feet?"}, "c1")), says("I could not find out."))
    units.model.will(fails(500))

    boss.chat("In feet?", headers={"traceparent": GOOD})

    tree = Tree(receiver, 6 + 3)
    tree.check()
    assert tree.of("units", "server-run").status.code == ERROR
    assert tree.of("boss", "delegate.units").status.code == ERROR
    assert tree.of("boss", "server-run").status.code != ERROR


def test_sub_agents_learn_of_the_session_and_of_whoever_asked(
    start_native: StartNative, worker: Peer, receiver: OtlpReceiver
) -> None:
    boss = start_native("boss", AGENT_SUB_AGENTS=f"worker:{worker.url}")
    boss.model.will(calls(Call("delegate_to_worker", {"task": "T"}, "c1")), says("Done."))

    boss.chat(
        "?",
        headers={
            "traceparent": GOOD,
            "tracestate": "v=1",
            "baggage": "user=alice",
            "X-Session-ID": "s1",
        },
    )

    headers = headers_of_chat(worker)
    span = receiver.span("delegate.worker")
    assert headers["traceparent"] == f"00-{TRACE}-{span.span_id.hex()}-01"
    assert headers["tracestate"] == "v=1"
    assert headers["baggage"] == "gen_ai.agent.name=boss,gen_ai.conversation.id=s1,session.id=s1,user=alice"


def test_with_telemetry_off_the_callers_trace_is_handed_on_unchanged(start_native: StartNative, worker: Peer) -> None:
    boss = start_native("boss", AGENT_SUB_AGENTS=f"worker:{worker.url}", OTEL_SDK_DISABLED="true")
    boss.model.will(calls(Call("delegate_to_worker", {"task": "T"}, "c1")), says("Done."))

    boss.chat("?", headers={"traceparent": GOOD, "tracestate": "v=1", "X-Session-ID": "s1"})

    headers = headers_of_chat(worker)
    assert headers["traceparent"] == GOOD
    assert headers["tracestate"] == "v=1"
    assert headers["baggage"] == "session.id=s1"
