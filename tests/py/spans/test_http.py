"""Spans of HTTP requests, where they are wished for: those that are taken, and those that are made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.agent import CHAT, Agent
from fake_model import Call, calls, fails, says
from mcp_servers import RunningServer
from otlp_receiver import OtlpReceiver, attributes_of
from spans.traced import CALLER, ERROR, GOOD, TRACE, StartAgent, is_in, named, spans_of
from until import eventually

TAKEN = {"OTEL_INCLUDE_HTTP_SERVER": "true"}
MADE = {"OTEL_INCLUDE_HTTP_CLIENT": "true"}
CHAT_SPAN = f"POST {CHAT}"


def ask(agent: Agent, stream: bool = False) -> None:
    asking = agent.ask("?", headers={"traceparent": GOOD}, stream=stream)
    _ = asking.rest() if stream else asking.answer()


@pytest.mark.parametrize("stream", [False, True])
def test_the_run_is_in_the_span_of_its_request_and_calls_in_those_of_the_model(
    start_agent: StartAgent, receiver: OtlpReceiver, stream: bool
) -> None:
    agent = start_agent(**TAKEN, **MADE)
    agent.model.will(says("Hello."))

    ask(agent, stream)

    spans = spans_of(receiver, TRACE, outermost=CHAT_SPAN)
    assert len(spans) == 5, sorted(span.name for span in spans)
    whole = named(spans, CHAT_SPAN)
    assert (whole.parent_span_id.hex(), whole.kind) == (CALLER, whole.SPAN_KIND_SERVER)
    assert is_in(named(spans, "server-run"), whole)
    host, port = agent.url.removeprefix("http://").split(":")
    assert attributes_of(whole.attributes) == {
        "http.request.method": "POST",
        "url.path": CHAT,
        "url.scheme": "http",
        "http.route": CHAT,
        "server.address": host,
        "server.port": int(port),
        "network.protocol.version": "1.1",
        "http.response.status_code": 200,
    }

    made = named(spans, "POST")
    assert made.kind == made.SPAN_KIND_CLIENT
    chat = named(spans, "chat fake")
    assert is_in(made, chat)
    assert agent.model.last.headers["traceparent"] == f"00-{TRACE}-{made.span_id.hex()}-01"
    told = attributes_of(made.attributes)
    assert told["url.full"] == agent.model.url + "/v1/chat/completions"
    assert told["http.response.status_code"] == 200


def test_without_being_asked_for_there_are_none(start_agent: StartAgent, receiver: OtlpReceiver) -> None:
    agent = start_agent()
    agent.model.will(says("Hello."))

    ask(agent)

    assert sorted(span.name for span in spans_of(receiver, TRACE)) == ["chat fake", "invoke_agent calc", "server-run"]


def test_a_request_that_no_run_answers_has_a_span(start_agent: StartAgent, receiver: OtlpReceiver) -> None:
    agent = start_agent(**TAKEN, AGENT_AUTH_REQUIRED="true", AGENT_API_KEY="k")
    key = {"Authorization": "Bearer k"}

    assert agent.get("/nowhere", key).status == 404
    assert agent.get("/v1/models").status == 401
    assert agent.post({"messages": []}, headers=key).status == 400

    def statuses() -> dict[str, int]:
        return {span.name: attributes_of(span.attributes)["http.response.status_code"] for span in receiver.spans}

    expected = {"GET": 404, "GET /v1/models": 401, CHAT_SPAN: 400}
    receiver.wait_for(lambda: statuses() == expected)
    assert all(span.status.code != ERROR and not span.parent_span_id for span in receiver.spans)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, {"GET", "GET /v1/models"}),
        ({"OTEL_PYTHON_FASTAPI_EXCLUDED_URLS": "/nothing,v./mod,ready"}, {"GET", "GET /health"}),
    ],
)
def test_probes_have_none_or_whatever_else_is_excluded(
    start_agent: StartAgent, receiver: OtlpReceiver, settings: dict[str, str], expected: set[str]
) -> None:
    agent = start_agent(**TAKEN, **settings)

    agent.get("/health")
    agent.get("/v1/models")
    agent.get("/last")

    receiver.span("GET")  # spans leave in their order
    assert {span.name for span in receiver.spans} == expected


def test_calls_that_fail_are_errors_each_for_itself(start_agent: StartAgent, receiver: OtlpReceiver) -> None:
    agent = start_agent(**TAKEN, **MADE, PAIS_MODEL_RETRIES="1")
    agent.model.will(fails(500), fails(503))

    ask(agent)

    spans = spans_of(receiver, TRACE, outermost=CHAT_SPAN)
    calls_made = sorted((s for s in spans if s.name == "POST"), key=lambda span: span.start_time_unix_nano)
    assert [attributes_of(span.attributes)["error.type"] for span in calls_made] == ["500", "503"]
    assert all(span.status.code == ERROR and is_in(span, named(spans, "chat fake")) for span in calls_made)
    whole = named(spans, CHAT_SPAN)
    assert whole.status.code == ERROR
    assert attributes_of(whole.attributes)["http.response.status_code"] == 502
    assert attributes_of(whole.attributes)["error.type"] == "model_error"


@pytest.fixture
def tools_server(tmp_path: Path) -> Iterator[RunningServer]:
    server = RunningServer("mcp-2", "tools_server.py", "--notes", tmp_path / "notes")
    yield server
    server.kill()


def test_a_tool_of_an_mcp_server_names_it(
    start_agent: StartAgent, receiver: OtlpReceiver, tools_server: RunningServer
) -> None:
    agent = start_agent(**MADE, MCP_SERVERS="files", MCP_SERVER_FILES_URL=tools_server.url)
    eventually(lambda: "MCP server files is ready" in agent.output, "its tools are known")
    agent.model.will(calls(Call("add", {"a": 1, "b": 2}, "c1")), says("3"))

    ask(agent)

    spans = spans_of(receiver, TRACE)
    tool = named(spans, "execute_tool add")
    assert attributes_of(tool.attributes)["mcp.server"] == "files"
    (asking,) = (span for span in spans if span.name == "POST" and span.parent_span_id == tool.span_id)
    assert attributes_of(asking.attributes)["url.full"].startswith(tools_server.url)
