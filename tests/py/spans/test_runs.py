"""The spans, numbers and log records of runs, as a collector gets them."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

import pytest

from conftest import StartHost
from fake_model import Call, FakeModel, Usage, calls, fails, says
from otlp_receiver import OtlpReceiver, attributes_of
from spans.traced import CALLER, ERROR, FAST, GOOD, TRACE, StartAgent, named, spans_of

# ------------------------------------------------------------------------------------------- the callers' trace


def post(url: str, headers: Sequence[tuple[str, str]] = ()) -> None:
    """Says hi, with the headers as they are."""
    body = json.dumps({"messages": [{"role": "user", "content": "hi"}]}).encode()
    with closing(http.client.HTTPConnection(url.removeprefix("http://"), timeout=30)) as connection:
        connection.putrequest("POST", "/v1/chat/completions")
        for name, value in [*headers, ("Content-Length", str(len(body)))]:
            connection.putheader(name, value)
        connection.endheaders(body)
        with connection.getresponse() as answer:
            assert answer.status == 200
            answer.read()


def server_run_for(receiver: OtlpReceiver, url: str, headers: list[tuple[str, str]]) -> Any:
    """The span of a request with these headers, sent as they are."""
    before = len(receiver.spans)
    post(url, headers)
    return receiver.wait_for(lambda: next((s for s in receiver.spans[before:] if s.name == "server-run"), None))


CONTINUED: dict[str, list[tuple[str, str]]] = {
    "as it should be": [("traceparent", GOOD)],
    "any case of the name": [("TraceParent", GOOD)],
    "blanks around it": [("traceparent", f" \t{GOOD} \t")],
    "not sampled is another test, more flags are not": [("traceparent", f"00-{TRACE}-{CALLER}-ff")],
    "a later version": [("traceparent", f"cc-{TRACE}-{CALLER}-01")],
    "a later version that goes on": [("traceparent", f"cc-{TRACE}-{CALLER}-01-what-the-future-will-be-like")],
    "with a tracestate that is broken": [("traceparent", GOOD), ("tracestate", "foo =1")],
}

NEW: dict[str, list[tuple[str, str]]] = {
    "none": [],
    "only a tracestate": [("tracestate", "foo=1")],
    "two of them": [("traceparent", GOOD), ("traceparent", f"00-{TRACE}-{CALLER[::-1]}-01")],
    "version ff": [("traceparent", f"ff-{TRACE}-{CALLER}-01")],
    "version too short": [("traceparent", f"0-{TRACE}-{CALLER}-01")],
    "version too long": [("traceparent", f"000-{TRACE}-{CALLER}-01")],
    "version with a dot": [("traceparent", f".0-{TRACE}-{CALLER}-01")],
    "version 00 that goes on": [("traceparent", f"{GOOD}-what")],
    "a later version that goes on oddly": [("traceparent", f"cc-{TRACE}-{CALLER}-01.what")],
    "trace id of zeros": [("traceparent", f"00-{'0' * 32}-{CALLER}-01")],
    "trace id in capitals": [("traceparent", f"00-{TRACE.upper()}-{CALLER}-01")],
    "trace id too short": [("traceparent", f"00-{TRACE[1:]}-{CALLER}-01")],
    "trace id too long": [("traceparent", f"00-{TRACE}0-{CALLER}-01")],
    "trace id with a dot": [("traceparent", f"00-.{TRACE[1:]}-{CALLER}-01")],
    "parent id of zeros": [("traceparent", f"00-{TRACE}-{'0' * 16}-01")],
    "parent id too short": [("traceparent", f"00-{TRACE}-{CALLER[1:]}-01")],
    "parent id too long": [("traceparent", f"00-{TRACE}-{CALLER}0-01")],
    "parent id with a dot": [("traceparent", f"00-{TRACE}-.{CALLER[1:]}-01")],
    "flags too short": [("traceparent", f"00-{TRACE}-{CALLER}-1")],
    "flags too long": [("traceparent", f"00-{TRACE}-{CALLER}-001")],
    "flags with a dot": [("traceparent", f"00-{TRACE}-{CALLER}-.0")],
}

LONG_STATE = ",".join(f"{key}={'v' * 250}" for key in ("foo", "bar", "baz"))

STATES: dict[str, tuple[list[str], str]] = {
    "one": (["foo=1,bar=2"], "foo=1,bar=2"),
    "several headers": (["foo=1", "bar=2"], "foo=1,bar=2"),
    "empty ones between": (["foo=1", "", "bar=2"], "foo=1,bar=2"),
    "blanks": (["foo=1 \t , \t bar=2, \t baz=3"], "foo=1,bar=2,baz=3"),
    "the same key twice": (["foo=1,foo=1"], "foo=1,foo=1"),
    "32 members": ([",".join(f"bar{n}=1" for n in range(32))], ",".join(f"bar{n}=1" for n in range(32))),
    "33 members": ([",".join(f"bar{n}=1" for n in range(33))], ""),
    "more than 512 characters": ([LONG_STATE], LONG_STATE),
    "the longest key": (["z" * 256 + "=1"], "z" * 256 + "=1"),
    "too long a key": (["z" * 257 + "=1"], ""),
    "the longest key of a tenant": (["t" * 241 + "@" + "v" * 14 + "=1"], "t" * 241 + "@" + "v" * 14 + "=1"),
    "too long a tenant": (["t" * 242 + "@v=1"], ""),
    "too long a system": (["t@" + "v" * 15 + "=1"], ""),
    "a blank in a key": (["foo =1"], ""),
    "capitals in a key": (["FOO=1"], ""),
    "a dot in a key": (["foo.bar=1"], ""),
    "nothing behind the at": (["foo@=1,bar=2"], ""),
    "nothing before the at": (["@foo=1,bar=2"], ""),
    "two ats": (["foo@@bar=1,bar=2"], ""),
    "two equals": (["foo=bar=baz"], ""),
    "no value": (["foo=,bar=3"], ""),
}


def test_the_callers_trace_goes_on_where_its_header_is_valid(start_host: StartHost, receiver: OtlpReceiver) -> None:
    url = start_host("--mock=Hello!", AGENT_NAME="calc", OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint, **FAST).url

    for what, headers in CONTINUED.items():
        span = server_run_for(receiver, url, headers)
        assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, CALLER), what


def test_a_new_trace_begins_where_the_header_is_not_valid(start_host: StartHost, receiver: OtlpReceiver) -> None:
    url = start_host("--mock=Hello!", AGENT_NAME="calc", OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint, **FAST).url

    seen = {TRACE}
    for what, headers in NEW.items():
        span = server_run_for(receiver, url, headers)
        assert span.parent_span_id == b"", what
        assert span.trace_id.hex() not in seen, what
        seen.add(span.trace_id.hex())


def test_what_is_well_formed_of_a_tracestate_is_handed_on(start_host: StartHost, receiver: OtlpReceiver) -> None:
    url = start_host("--mock=Hello!", AGENT_NAME="calc", OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint, **FAST).url

    for what, (values, handed_on) in STATES.items():
        headers = [("traceparent", GOOD), *(("tracestate", value) for value in values)]
        span = server_run_for(receiver, url, headers)
        assert (span.trace_id.hex(), span.trace_state) == (TRACE, handed_on), what


def test_the_callers_decision_not_to_keep_a_trace_is_honoured(start_host: StartHost, receiver: OtlpReceiver) -> None:
    url = start_host("--mock=Hello!", AGENT_NAME="calc", OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint, **FAST).url

    post(url, [("traceparent", f"00-{TRACE}-{CALLER}-00")])
    span = server_run_for(receiver, url, [])

    assert span.trace_id.hex() != TRACE
    assert all(each.trace_id.hex() != TRACE for each in receiver.spans)


@pytest.mark.parametrize(
    ("sampler", "share", "flags", "kept"),
    [
        ("always_on", "", "00", True),
        ("always_off", "", "01", False),
        ("traceidratio", "1", "00", True),
        ("traceidratio", "0", "01", False),
        ("parentbased_always_off", "", "01", True),
        ("parentbased_always_off", "", None, False),
        ("parentbased_traceidratio", "0", "01", True),
        ("parentbased_traceidratio", "1", "00", False),
        ("parentbased_traceidratio", "0", None, False),
    ],
)
def test_the_sampler_decides_what_a_collector_gets(
    start_host: StartHost, receiver: OtlpReceiver, sampler: str, share: str, flags: str | None, kept: bool
) -> None:
    wishes = {"OTEL_TRACES_SAMPLER": sampler, **({"OTEL_TRACES_SAMPLER_ARG": share} if share else {})}
    host = start_host("--mock=Hello!", AGENT_NAME="calc", OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint, **wishes)

    post(host.url, [("traceparent", f"00-{TRACE}-{CALLER}-{flags}")] if flags else [])
    host.stop()  # sends what there is

    assert {span.name for span in receiver.spans if span.name == "server-run"} == ({"server-run"} if kept else set())
    assert receiver.logs


# ------------------------------------------------------------------------------------------- a turn


@pytest.mark.parametrize("stream", [False, True])
def test_a_turn_is_one_tree(start_agent: StartAgent, receiver: OtlpReceiver, stream: bool) -> None:
    agent = start_agent(OTEL_RESOURCE_ATTRIBUTES="service.namespace=shop")
    agent.model.will(says("It is 3.", usage=Usage(50, 10)))

    answer = agent.ask("1+2?", headers={"traceparent": GOOD, "X-Session-ID": "s1"}, stream=stream)
    _ = answer.rest() if stream else answer.answer()

    spans = spans_of(receiver, TRACE)
    assert [span.name for span in spans] == ["chat fake", "invoke_agent calc", "server-run"]
    chat, run, root = spans
    assert (root.parent_span_id.hex(), run.parent_span_id, chat.parent_span_id) == (CALLER, root.span_id, run.span_id)
    assert attributes_of(root.attributes) == {"agent.name": "calc", "session.id": "s1"}
    said = attributes_of(chat.attributes)
    assert said["gen_ai.request.model"] == "fake"
    assert said["gen_ai.response.model"] == "fake-1"
    assert said["gen_ai.response.finish_reasons"] == ["stop"]
    assert (said["gen_ai.usage.input_tokens"], said["gen_ai.usage.output_tokens"]) == (50, 10)
    assert said["server.address"] == "127.0.0.1"
    assert json.loads(said["gen_ai.input.messages"])[-1]["parts"] == [{"type": "text", "content": "1+2?"}]
    assert json.loads(said["gen_ai.output.messages"])[0]["parts"] == [{"type": "text", "content": "It is 3."}]
    assert ("gen_ai.client.operation.time_to_first_chunk" in said) is stream
    whole = attributes_of(run.attributes)
    assert (whole["final_result"], whole["gen_ai.conversation.id"]) == ("It is 3.", "s1")
    assert (whole["gen_ai.usage.input_tokens"], whole["gen_ai.usage.output_tokens"]) == (50, 10)
    assert root.start_time_unix_nano <= run.start_time_unix_nano <= chat.start_time_unix_nano
    assert chat.end_time_unix_nano <= run.end_time_unix_nano <= root.end_time_unix_nano
    # The model goes on with the trace, and learns nothing of the session.
    asked = agent.model.last.headers
    assert asked["traceparent"] == f"00-{TRACE}-{chat.span_id.hex()}-01"
    assert "baggage" not in asked


def test_what_is_stored_of_a_turn_names_its_span(start_agent: StartAgent, receiver: OtlpReceiver) -> None:
    agent = start_agent()
    agent.model.will(says("It is 3."))

    agent.chat("1+2?", headers={"traceparent": GOOD, "X-Session-ID": "s1"})

    root = named(spans_of(receiver, TRACE), "server-run")
    for event in agent.events("s1"):
        assert event["metadata"]["trace_id"] == TRACE
        assert event["metadata"]["span_id"] == root.span_id.hex()


def test_a_turn_that_fails_is_an_error_in_each_of_its_spans(start_agent: StartAgent, receiver: OtlpReceiver) -> None:
    agent = start_agent(PAIS_MODEL_RETRIES="0")
    agent.model.will(fails(500))

    assert agent.chat("1+2?", headers={"traceparent": GOOD}).status == 502

    spans = spans_of(receiver, TRACE)
    for name in ("chat fake", "invoke_agent calc", "server-run"):
        span = named(spans, name)
        assert (span.status.code, attributes_of(span.attributes)["error.type"]) == (ERROR, "model_error"), name
    for name in ("chat fake", "invoke_agent calc"):
        (event,) = named(spans, name).events
        assert event.name == "exception"


def test_nothing_that_was_said_is_told_where_that_is_wished(start_agent: StartAgent, receiver: OtlpReceiver) -> None:
    agent = start_agent(PAIS_OTEL_CONTENT="false")
    agent.model.will(says("The secret is 42."))

    agent.chat("My secret is 41.", headers={"traceparent": GOOD})

    assert len(spans_of(receiver, TRACE)) == 3
    assert not any(b"secret" in span.SerializeToString() for span in receiver.spans)


def test_runs_add_up_to_numbers(start_agent: StartAgent, receiver: OtlpReceiver) -> None:
    agent = start_agent()
    agent.model.always(says("It is 3.", usage=Usage(50, 10)))

    agent.chat("1+2?")
    agent.stream("1+2?")

    def sums() -> Mapping[str, float]:
        points = receiver.latest_metric("gen_ai.client.token.usage").histogram.data_points
        return {attributes_of(point.attributes)["gen_ai.token.type"]: point.sum for point in points}

    receiver.wait_for(lambda: sums() == {"input": 100, "output": 20})
    (point,) = receiver.latest_metric("gen_ai.client.token.usage").histogram.data_points[:1]
    assert list(point.explicit_bounds)[:4] == [1, 4, 16, 64]
    assert attributes_of(point.attributes)["gen_ai.response.model"] == "fake-1"
    (point,) = receiver.latest_metric("pais.run.duration").histogram.data_points
    assert attributes_of(point.attributes) == {"code": "ok"}
    assert receiver.latest_metric("gen_ai.client.operation.duration").unit == "s"


def test_lines_of_a_run_name_its_trace_and_are_records_too(start_agent: StartAgent, receiver: OtlpReceiver) -> None:
    agent = start_agent(PAIS_MODEL_RETRIES="0")
    agent.model.will(fails(500))

    agent.chat("1+2?", headers={"traceparent": GOOD})

    root = named(spans_of(receiver, TRACE), "server-run")
    records = receiver.wait_for(lambda: [each for each in receiver.logs if "turn failed" in each.body.string_value])
    (record,) = records
    assert (record.trace_id.hex(), record.span_id) == (TRACE, root.span_id)
    assert attributes_of(record.attributes)["logger_name"] == "pais.server"
    assert f"[trace_id={TRACE} span_id={root.span_id.hex()}] - turn failed" in agent.output


def test_a_call_of_a_tool_is_a_span(start_host: StartHost, receiver: OtlpReceiver) -> None:
    model = FakeModel()
    host = start_host(
        AGENT_NAME="calc",
        MODEL_API_URL=model.url,
        MODEL_NAME="fake",
        OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint,
        **FAST,
    )
    model.will(calls(Call("nothing", "{}", "c1")), says("There is no such tool."))

    post(host.url, [("traceparent", GOOD)])

    spans = spans_of(receiver, TRACE)
    tool = named(spans, "execute_tool nothing")
    assert tool.parent_span_id == named(spans, "invoke_agent calc").span_id
    assert (tool.status.code, attributes_of(tool.attributes)["error.type"]) == (ERROR, "ToolRetryError")
    model.stop()


def test_off_it_is_off(start_host: StartHost, receiver: OtlpReceiver) -> None:
    host = start_host(
        "--mock=Hello!",
        AGENT_NAME="calc",
        OTEL_SDK_DISABLED="true",
        OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint,
        **FAST,
    )

    post(host.url)
    host.stop()

    assert receiver.exports == []
