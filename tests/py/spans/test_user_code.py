"""Telemetry of Python code: spans, numbers and log records that a user's own code makes, in the trace of the run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fake_model import Call, calls, says
from otlp_receiver import OtlpReceiver, attributes_of
from served import Served
from spans.traced import FAST, GOOD, TRACE, is_in

SHOP = """
import asyncio, logging, time
from opentelemetry import metrics, trace
from pydantic_ai import Agent

agent = Agent(name="shop")
tracer = trace.get_tracer("shop.code", "1.2")
sold = metrics.get_meter("shop.code").create_counter("shop.sold", unit="1", description="Things sold.")
log = logging.getLogger("shop.code")

@agent.tool_plain
async def sell(what: str) -> str:
    with tracer.start_as_current_span("look into the store", attributes={"what": what}) as span:
        await asyncio.sleep(0.02)
        with tracer.start_as_current_span("count"):
            sold.add(2, {"what": what})
        span.add_event("found", {"shelf": 3})
        log.info("sold %s", what)
    return "sold"

@agent.tool_plain
def weigh(what: str) -> int:
    with tracer.start_as_current_span("weigh it"):
        time.sleep(0.02)
        log.warning("it is heavy")
    return 7

@agent.tool_plain
def fail(what: str) -> int:
    with tracer.start_as_current_span("in vain"):
        raise ValueError("the shop is closed")
"""


Serve = Callable[..., Served]


@pytest.fixture
def serve(receiver: OtlpReceiver, tmp_path: Path) -> Iterator[Serve]:
    """Serves the text of a `server.py` before a fake model; its telemetry goes to the receiver."""
    running: list[Served] = []

    def start(text: str, **settings: str) -> Served:
        (tmp_path / "server.py").write_text(text)
        environment = {
            "AGENT_NAME": "shop",
            "MODEL_API_URL": "{model}",
            "MODEL_NAME": "fake",
            "OTEL_SERVICE_NAME": "shop",
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
            **FAST,
            **settings,
        }
        running.append(Served("server.py", tmp_path, environment))
        return running[-1]

    yield start

    for served in running:
        served.stop()


def ask(served: Served, stream: bool) -> None:
    asking = served.ask("?", headers={"traceparent": GOOD, "X-Session-ID": "s1"}, stream=stream)
    _ = asking.rest() if stream else asking.answer()


def spans_of(receiver: OtlpReceiver, count: int) -> dict[str, Any]:
    """By name; of one name the last."""

    def all_of_them() -> list[Any]:
        spans = [span for span in receiver.spans if span.trace_id.hex() == TRACE]
        return spans if len(spans) >= count else []

    spans = receiver.wait_for(all_of_them)
    assert len(spans) == count, [span.name for span in spans]
    return {span.name: span for span in spans}


@pytest.mark.parametrize("stream", [False, True])
def test_spans_of_tools_are_in_the_span_of_their_tool(serve: Serve, receiver: OtlpReceiver, stream: bool) -> None:
    served = serve(SHOP)
    served.model.will(
        calls(Call("sell", {"what": "tea"}, "c1"), Call("weigh", {"what": "tea"}, "c2")), says("Sold, and heavy.")
    )

    ask(served, stream)

    spans = spans_of(receiver, 9)
    run = spans["invoke_agent shop"]
    assert is_in(run, spans["server-run"])
    assert is_in(spans["chat fake"], run)
    for tool in ("execute_tool sell", "execute_tool weigh"):
        assert is_in(spans[tool], run)
        assert spans[tool].end_time_unix_nano - spans[tool].start_time_unix_nano >= 20_000_000
    assert is_in(spans["look into the store"], spans["execute_tool sell"])
    assert is_in(spans["count"], spans["look into the store"])
    assert is_in(spans["weigh it"], spans["execute_tool weigh"])
    assert attributes_of(spans["execute_tool sell"].attributes)["gen_ai.tool.call.result"] == "sold"
    own = spans["look into the store"]
    assert attributes_of(own.attributes) == {"what": "tea"}
    (event,) = own.events
    assert (event.name, attributes_of(event.attributes)) == ("found", {"shelf": 3})
    scopes = {span.name: scope for _, scope, span in receiver.spans_with_source}
    assert (scopes["count"].name, scopes["count"].version) == ("shop.code", "1.2")
    assert scopes["chat fake"].name == "pydantic-ai"


def test_what_tools_log_names_the_span_they_are_in(serve: Serve, receiver: OtlpReceiver) -> None:
    served = serve(SHOP)
    served.model.will(
        calls(Call("sell", {"what": "tea"}, "c1"), Call("weigh", {"what": "tea"}, "c2")), says("Sold, and heavy.")
    )

    ask(served, False)

    spans = spans_of(receiver, 9)
    records = receiver.wait_for(
        lambda: (
            (found := [each for each in receiver.logs if each.body.string_value in ("sold tea", "it is heavy")])
            and len(found) >= 2
            and found
        )
    )
    assert len(records) == 2
    told = {record.body.string_value: record for record in records}
    assert told["sold tea"].span_id == spans["look into the store"].span_id
    assert told["it is heavy"].span_id == spans["weigh it"].span_id
    assert {record.trace_id.hex() for record in records} == {TRACE}
    assert told["it is heavy"].severity_text == "WARNING"
    assert attributes_of(told["sold tea"].attributes)["logger_name"] == "shop.code"
    assert f"[trace_id={TRACE} span_id={spans['weigh it'].span_id.hex()}] - it is heavy" in served.output


def test_numbers_of_tools_are_among_the_hosts(serve: Serve, receiver: OtlpReceiver) -> None:
    served = serve(SHOP)
    served.model.will(calls(Call("sell", {"what": "tea"}, "c1")), says("Sold."))

    ask(served, False)

    (point,) = receiver.latest_metric("shop.sold").sum.data_points
    assert (point.as_double or point.as_int, attributes_of(point.attributes)) == (2, {"what": "tea"})

    def tokens() -> float:
        points = receiver.latest_metric("gen_ai.client.token.usage").histogram.data_points
        return float(sum(point.sum for point in points))

    # Two requests of 5 and 2 tokens, counted once: by the host, or else by pydantic-ai, but not by both.
    receiver.wait_for(lambda: tokens() == 14)


def test_what_pydantic_ai_is_told_to_trace_is_told_once(serve: Serve, receiver: OtlpReceiver) -> None:
    served = serve(SHOP + "\nAgent.instrument_all()\n")
    served.model.will(calls(Call("sell", {"what": "tea"}, "c1")), says("Sold."))

    ask(served, False)

    spans = spans_of(receiver, 7)
    assert is_in(spans["look into the store"], spans["execute_tool sell"])


def test_a_tool_that_fails_is_an_error_with_its_traceback(serve: Serve, receiver: OtlpReceiver) -> None:
    served = serve(SHOP)
    served.model.will(calls(Call("fail", {"what": "tea"}, "c1")))

    ask(served, False)

    spans = spans_of(receiver, 5)
    own = spans["in vain"]
    assert is_in(own, spans["execute_tool fail"])
    (event,) = own.events
    said = attributes_of(event.attributes)
    assert said["exception.type"] == "ValueError"
    assert "the shop is closed" in said["exception.stacktrace"]
    assert spans["execute_tool fail"].status.code == 2
    assert attributes_of(spans["server-run"].attributes)["error.type"] == "tool_failed"


OWN_MODEL = """
from pydantic_ai import Agent
from pydantic_ai.messages import ModelResponse, TextPart
from pydantic_ai.models.function import FunctionModel

def answer(messages, info):
    return ModelResponse(parts=[TextPart("Hello.")])

agent = Agent(FunctionModel(answer), name="shop")
"""


def test_an_agents_own_model_is_traced_by_pydantic_ai(serve: Serve, receiver: OtlpReceiver) -> None:
    served = serve(OWN_MODEL, MODEL_API_URL="", MODEL_NAME="")

    ask(served, False)

    spans = spans_of(receiver, 3)
    (chat,) = (span for name, span in spans.items() if name.startswith("chat "))
    assert is_in(chat, spans["invoke_agent shop"])
    assert "Hello." in attributes_of(chat.attributes)["gen_ai.output.messages"]


NESTED = """
from pydantic_ai import Agent

helper = Agent(name="helper")
agent = Agent(name="shop")

@agent.tool_plain
async def ask_helper(what: str) -> str:
    return (await helper.run(what, model=agent_model())).output

def agent_model():
    from pydantic_ai.models.test import TestModel
    return TestModel(custom_output_text="helped")
"""


def test_an_agent_inside_a_tool_has_spans_of_its_own(serve: Serve, receiver: OtlpReceiver) -> None:
    served = serve(NESTED + "\nAgent.instrument_all()\n")
    served.model.will(calls(Call("ask_helper", {"what": "tea"}, "c1")), says("Done."))

    ask(served, False)

    spans = spans_of(receiver, 7)
    assert is_in(spans["invoke_agent helper"], spans["execute_tool ask_helper"])
    assert is_in(spans["chat test"], spans["invoke_agent helper"])


OWN_PROVIDER = """
from opentelemetry import trace

class Mine(trace.NoOpTracerProvider):
    pass

trace.set_tracer_provider(Mine())
"""


def test_a_provider_of_the_users_own_is_left_alone(serve: Serve, receiver: OtlpReceiver) -> None:
    served = serve(OWN_PROVIDER + SHOP)
    served.model.will(calls(Call("sell", {"what": "tea"}, "c1")), says("Sold."))

    ask(served, False)

    assert "count" not in spans_of(receiver, 5)
    (line,) = (line for line in served.output.splitlines() if "provider of its own" in line)
    assert "(Mine)" in line


OWN_LOGGERS = """
from opentelemetry import _logs as logs

class Loud(logs.Logger):
    def emit(self, record=None, **facts):
        print("told twice:", record.body, flush=True)

class Mine(logs.LoggerProvider):
    def get_logger(self, name, *about, **more):
        return Loud(name)

logs.set_logger_provider(Mine())
"""


def test_a_logger_provider_of_the_users_own_gets_no_record_from_us(serve: Serve, receiver: OtlpReceiver) -> None:
    served = serve(OWN_LOGGERS + SHOP)
    served.model.will(calls(Call("weigh", {"what": "tea"}, "c1")), says("Heavy."))

    ask(served, False)

    spans_of(receiver, 6)
    assert "it is heavy" in served.output
    assert "told twice" not in served.output


WHERE = """
from opentelemetry import trace
from pydantic_ai import Agent

agent = Agent(name="shop")

@agent.tool_plain
def look() -> str:
    print("in", type(trace.get_current_span()).__name__, flush=True)
    return "found"
"""


@pytest.mark.parametrize(("flags", "place"), [("01", "ToolSpan"), ("00", "AgentSpan")])
def test_a_run_whose_trace_is_not_kept_is_not_instrumented(serve: Serve, flags: str, place: str) -> None:
    served = serve(WHERE)
    served.model.will(calls(Call("look", {}, "c1")), says("Found."))

    served.ask("?", headers={"traceparent": GOOD[:-2] + flags}, stream=False).answer()

    assert f"in {place}" in served.output


CLUMSY = """
from opentelemetry import metrics, trace
from opentelemetry.metrics import Observation
from pydantic_ai import Agent

agent = Agent(name="shop")
meter = metrics.get_meter("shop.code")

def broken(options):
    raise RuntimeError("the scales are gone")

meter.create_observable_gauge("shop.broken", [broken])
meter.create_observable_gauge("shop.odd", [lambda options: [7]])
meter.create_observable_gauge("shop.weight", [lambda options: [Observation(12.5)]])

class Shy:
    def __str__(self):
        raise RuntimeError("no name")

@agent.tool_plain
def look() -> str:
    with trace.get_tracer("shop.code").start_as_current_span("clumsy") as span:
        span.set_attribute("who", Shy())
    meter.create_counter("shop.sold").add(1, {"who": Shy()})
    meter.create_counter(None).add(1)
    meter.create_histogram("shop.took").record("long")
    return "found"
"""


def test_telemetry_that_cannot_be_told_hurts_neither_the_tool_nor_other_telemetry(
    serve: Serve, receiver: OtlpReceiver
) -> None:
    served = serve(CLUMSY)
    served.model.will(calls(Call("look", {}, "c1")), says("Found."))

    ask(served, False)

    spans = spans_of(receiver, 5)
    assert attributes_of(spans["execute_tool look"].attributes)["gen_ai.tool.call.result"] == "found"
    assert "a span could not be told of" in served.output
    assert "a metric could not be told of" in served.output
    (point,) = receiver.latest_metric("shop.weight").gauge.data_points
    assert point.as_double == 12.5


ALONE = """
import logging
from opentelemetry import trace
from pais.telemetry import init_otel, is_otel_enabled

assert init_otel("shop") and is_otel_enabled() and not init_otel("shop")
with trace.get_tracer("script").start_as_current_span("all of it"):
    pass
"""


def test_a_script_that_serves_nobody_has_a_way_out_of_its_own(receiver: OtlpReceiver, tmp_path: Path) -> None:
    import os
    import subprocess
    import sys

    environment = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint, "AGENT_NAME": "shop"}
    subprocess.run([sys.executable, "-c", ALONE], env=environment, cwd=tmp_path, check=True, timeout=60)

    assert receiver.span("all of it").parent_span_id == b""


ROOTS = """
from opentelemetry import trace
from pais.telemetry import init_otel

init_otel("shop")
tracer = trace.get_tracer("script")
with tracer.start_as_current_span("root"):
    with tracer.start_as_current_span("child"):
        pass
"""


@pytest.mark.parametrize(("share", "names"), [("0", set()), ("1", {"root", "child"})])
def test_what_is_below_a_root_is_kept_as_the_root_is(
    receiver: OtlpReceiver, tmp_path: Path, share: str, names: set[str]
) -> None:
    import os
    import subprocess
    import sys

    sampler = {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": share}
    environment = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint, "AGENT_NAME": "shop", **sampler}
    subprocess.run([sys.executable, "-c", ROOTS], env=environment, cwd=tmp_path, check=True, timeout=60)

    assert {span.name for span in receiver.spans} == names
