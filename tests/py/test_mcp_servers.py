"""Agents of both kinds with real MCP servers, and a model that asks for their tools."""

from __future__ import annotations

import http.client
import json
import threading
import urllib.error
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

import wire
from chat_peer import PatientServer
from conformance.agent import Agent
from conformance.producers import PRODUCERS, RunningAgent
from conformance.test_tool_calls import progress
from fake_model import Call, FakeModel, calls, nobody_listens, says
from mcp_servers import MAKES, RunningServer
from until import eventually

StartServer = Callable[..., RunningServer]


@pytest.fixture
def model() -> Iterator[FakeModel]:
    model = FakeModel()
    yield model
    model.stop()


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[StartServer]:
    """Starts `tools_server.py` of that make; what its tools note is in the file `notes`."""
    running: list[RunningServer] = []

    def start(make: str, *arguments: str, script: str = "tools_server.py") -> RunningServer:
        notes = ["--notes", tmp_path / "notes"] if script == "tools_server.py" else []
        running.append(RunningServer(make, script, *arguments, *notes))
        return running[-1]

    yield start

    for server in running:
        server.kill()


@pytest.fixture
def noted(tmp_path: Path) -> Callable[[], list[str]]:
    def read() -> list[str]:
        notes = tmp_path / "notes"
        return notes.read_text().splitlines() if notes.exists() else []

    return read


@pytest.fixture
def start_agent(model: FakeModel, tmp_path: Path) -> Iterator[Callable[..., RunningAgent]]:
    """An agent of that model with these servers, whose tools are known when this returns."""
    with ExitStack() as exits:

        def start(
            *, kind: str = "native", known: bool = True, more: dict[str, str] | None = None, **servers: str
        ) -> RunningAgent:
            settings = {
                "AGENT_NAME": "agent",
                "MODEL_API_URL": model.url,
                "MODEL_NAME": "fake",
                "MCP_SERVERS": ",".join(servers),
                **{f"MCP_SERVER_{name}_URL": url for name, url in servers.items()},
                **(more or {}),
            }
            agent = PRODUCERS[kind].start(settings, tmp_path)
            exits.callback(agent.stop)
            for name in servers if known else ():
                eventually(lambda name=name: says_ready(agent, name), f"{name} is ready")
            return agent

        yield start


StartAgent = Callable[..., RunningAgent]


def says_ready(host: RunningAgent, name: str) -> bool:
    return any(f"MCP server {name} is ready" in line for line in host.output)


def degraded(host: RunningAgent) -> list[str]:
    return list(wire.get(f"{host.url}/ready").get("degraded", []))


def offered(model: FakeModel) -> list[str]:
    return [tool["function"]["name"] for tool in model.last.body.get("tools", [])]


def ask_for(host: RunningAgent, model: FakeModel, *wanted: Call) -> dict[str, str]:
    """One turn in which the model asks for these tools: what it was told of each."""
    model.will(calls(*wanted), says("Done."))
    assert wire.ask(host.url, "Go!") == "Done."
    told = {each["tool_call_id"]: each["content"] for each in model.last.messages if each["role"] == "tool"}
    return {str(call.id): told[str(call.id)] for call in wanted}


def tool(name: str, **arguments: Any) -> Call:
    return Call(name, json.dumps(arguments), id=name)


FORMS: list[tuple[str, ...]] = [(), ("--json",), ("--stateless",), ("--stateless", "--json")]
# What the client speaks is the same for both kinds of agent: one kind goes through everything.
KINDS_AND_MAKES = [*(("native", make) for make in MAKES), ("python", "mcp-2")]


@pytest.mark.parametrize(
    ("kind", "make", "form"),
    [*(("native", make, form) for make in MAKES for form in FORMS), ("python", "mcp-1", ()), ("python", "mcp-2", ())],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_tools_of_every_make_of_server_are_called(
    kind: str, make: str, form: tuple[str, ...], start_server: StartServer, start_agent: StartAgent, model: FakeModel
) -> None:
    host = start_agent(kind=kind, tools=start_server(make, *form).url)

    told = ask_for(
        host,
        model,
        tool("add", a=1, b=2),
        tool("echo", text="größer"),
        tool("person"),
        tool("count"),
        tool("album"),
        tool("fail"),
    )

    assert told["add"] == "3"
    assert told["echo"] == "größer"
    assert json.loads(told["person"]) == {"name": "Ada", "age": 36}
    assert told["count"] == "counted"
    text, image, audio, resource = json.loads(told["album"])
    assert (text, resource) == ("three things", "inside")
    assert image.startswith("[image, image/png, 10 bytes")
    assert audio.startswith("[audio, audio/")
    assert "fail" in told["fail"]
    assert told["fail"].endswith("try again.")


@pytest.mark.parametrize(("kind", "make"), KINDS_AND_MAKES)
def test_a_slow_tool_is_stopped_and_its_server_told(
    kind: str,
    make: str,
    start_server: StartServer,
    start_agent: StartAgent,
    model: FakeModel,
    noted: Callable[[], list[str]],
) -> None:
    host = start_agent(kind=kind, tools=start_server(make).url, more={"PAIS_TOOL_TIMEOUT_SECONDS": "1"})

    told = ask_for(host, model, tool("slow", seconds=60))

    assert "did not answer" in told["slow"]
    eventually(lambda: "slow is cancelled" in noted(), "the tool was cancelled")


@pytest.mark.parametrize(("kind", "make"), KINDS_AND_MAKES)
def test_a_client_that_hangs_up_cancels_the_tool(
    kind: str,
    make: str,
    start_server: StartServer,
    start_agent: StartAgent,
    model: FakeModel,
    noted: Callable[[], list[str]],
) -> None:
    host = start_agent(kind=kind, tools=start_server(make).url)
    model.will(calls(tool("slow", seconds=60)))
    client = http.client.HTTPConnection(host.url.removeprefix("http://"))
    question = {"model": "agent", "stream": True, "messages": [{"role": "user", "content": "Go!"}]}
    client.request("POST", "/v1/chat/completions", json.dumps(question), {"Content-Type": "application/json"})
    eventually(lambda: "slow begins" in noted(), "the tool began")

    client.close()

    eventually(lambda: "slow is cancelled" in noted(), "the tool was cancelled")


@pytest.mark.parametrize("make", MAKES)
def test_a_result_of_ten_megabytes_is_cut_for_the_model(
    make: str, start_server: StartServer, start_agent: StartAgent, model: FakeModel
) -> None:
    host = start_agent(tools=start_server(make).url)

    told = ask_for(host, model, tool("big", size=10 * 1024 * 1024))

    assert told["big"].startswith("x" * 1000)
    assert told["big"].endswith("[The result was cut here: 1048576 of 10485760 bytes.]")


@pytest.mark.parametrize(("kind", "make"), KINDS_AND_MAKES)
def test_a_server_that_dies_in_mid_call_is_used_again_once_it_is_back(
    kind: str,
    make: str,
    start_server: StartServer,
    start_agent: StartAgent,
    model: FakeModel,
    noted: Callable[[], list[str]],
) -> None:
    server = start_server(make)
    host = start_agent(kind=kind, tools=server.url)

    told = ask_for(host, model, tool("die"))

    assert "may have been done" in told["die"]
    server.wait()
    eventually(lambda: degraded(host) == ["mcp:tools"], "the host has noticed")
    model.will(says("Without."))
    assert wire.ask(host.url, "Go!") == "Without."
    assert offered(model) == []

    server.restart()

    eventually(lambda: degraded(host) == [], "the server is back")
    assert ask_for(host, model, tool("add", a=1, b=2)) == {"add": "3"}
    assert noted() == ["die"], "the call was made once"


@pytest.mark.parametrize("make", MAKES)
def test_a_session_that_the_server_has_forgotten_is_opened_again(
    make: str, start_server: StartServer, start_agent: StartAgent, model: FakeModel
) -> None:
    server = start_server(make)
    host = start_agent(tools=server.url)
    assert ask_for(host, model, tool("add", a=1, b=2)) == {"add": "3"}

    server.kill()
    server.restart()

    eventually(lambda: degraded(host) == [], "the server is there, whether anybody had missed it or not")
    assert ask_for(host, model, tool("add", a=2, b=2)) == {"add": "4"}


def test_a_server_that_is_down_at_start_is_found_later(
    start_server: StartServer, start_agent: StartAgent, model: FakeModel
) -> None:
    server = start_server("mcp-1")
    server.kill()
    host = start_agent(known=False, tools=server.url)
    eventually(lambda: degraded(host) == ["mcp:tools"], "the host has noticed")

    server.restart()

    eventually(lambda: says_ready(host, "tools"), "the server is found")
    assert ask_for(host, model, tool("add", a=1, b=2)) == {"add": "3"}
    assert degraded(host) == []


def test_a_server_that_is_away_costs_only_its_own_tools(
    start_server: StartServer, start_agent: StartAgent, model: FakeModel
) -> None:
    here = start_server("mcp-1")
    with nobody_listens() as nowhere:
        host = start_agent(known=False, gone=nowhere, here=here.url)
        eventually(lambda: says_ready(host, "here"), "the other is ready")

        assert ask_for(host, model, tool("add", a=1, b=2)) == {"add": "3"}
        eventually(lambda: degraded(host) == ["mcp:gone"], "the host has noticed")


@pytest.mark.parametrize("kind", PRODUCERS)
def test_equal_names_are_told_apart_by_their_server(
    kind: str, start_server: StartServer, start_agent: StartAgent, model: FakeModel
) -> None:
    first, second = start_server("mcp-1"), start_server("mcp-2")
    host = start_agent(kind=kind, first=first.url, second=second.url)

    told = ask_for(host, model, tool("add", a=1, b=2), tool("second_add", a=3, b=4))

    assert told == {"add": "3", "second_add": "7"}


@pytest.mark.parametrize("make", MAKES)
def test_three_hundred_tools_come_over_pages_and_behind_a_redirection(
    make: str, start_server: StartServer, start_agent: StartAgent, model: FakeModel
) -> None:
    host = start_agent(pages=start_server(make, script="pages_server.py").url)

    told = ask_for(host, model, tool("tool_0"), tool("tool_299"))

    assert told == {"tool_0": "0", "tool_299": "299"}
    assert offered(model) == [f"tool_{number}" for number in range(300)]


@pytest.mark.parametrize("make", MAKES)
def test_a_server_of_another_version_is_left_alone_and_said_why(
    make: str, start_server: StartServer, start_agent: StartAgent, model: FakeModel
) -> None:
    host = start_agent(known=False, future=start_server(make, script="future_server.py").url)
    eventually(lambda: degraded(host) == ["mcp:future"], "the host has noticed")

    model.will(says("Without."))
    assert wire.ask(host.url, "Go!") == "Without."

    assert any("2099-01-01" in line and "2025-11-25" in line for line in host.output)


@pytest.mark.parametrize("kind", PRODUCERS)
@pytest.mark.parametrize("make", MAKES)
def test_how_far_a_tool_has_come_is_shown_where_progress_goes_as_events(
    make: str, kind: str, start_server: StartServer, start_agent: StartAgent, model: FakeModel
) -> None:
    running = start_agent(kind=kind, more={"PAIS_METRICS": "true"}, tools=start_server(make).url)
    agent = Agent(running, model)
    model.will(calls(tool("count")), says("Done."), calls(tool("count")), says("Done."))

    as_events = agent.stream("Go!", headers={"X-PAIS-Progress": "event"})
    as_content = agent.stream("Go!")

    asked, *told = [each.json for each in as_events.messages if each.event == "progress"]
    assert "fraction" not in asked
    assert [(each["step"], each["target"], each["fraction"]) for each in told] == [
        (1, "count", 0),
        (1, "count", 0.3333),
        (1, "count", 0.6667),
    ]
    assert as_events.contents == ["Done."]
    assert as_content.contents == [progress("count"), "Done."]
    assert 'pais_mcp_progress_total{server="tools"} 6' in agent.get("/metrics").body.decode()


class Hesitant(PatientServer):
    """Tells of its one tool when `may_tell` is set."""

    def __init__(self) -> None:
        self.is_asked = threading.Event()
        self.may_tell = threading.Event()
        super().__init__(("127.0.0.1", 0), HesitantHandler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class HesitantHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Hesitant

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer: dict[str, Any] = {"jsonrpc": "2.0", "id": asked.get("id")}
        if asked["method"] == "initialize":
            answer["result"] = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}}
        elif asked["method"] == "tools/list":
            self.server.is_asked.set()
            self.server.may_tell.wait()
            answer["result"] = {"tools": [{"name": "late", "inputSchema": {"type": "object"}}]}
        else:
            answer["error"] = {"code": -32601, "message": "Method not found"}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def hesitant() -> Iterator[Hesitant]:
    with Hesitant() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.may_tell.set()
        server.shutdown()
        thread.join()


def skills(answer: Any) -> list[str]:
    return [skill["id"] for skill in answer.json["skills"]]


def test_a_card_that_is_asked_for_at_the_start_waits_for_the_first_list(
    hesitant: Hesitant, start_agent: StartAgent, model: FakeModel
) -> None:
    agent = Agent(start_agent(known=False, slow=hesitant.url), model)

    asking = agent.send("GET", "/.well-known/agent.json", None)
    assert hesitant.is_asked.wait(30)
    hesitant.may_tell.set()

    assert skills(asking.answer()) == ["late"]


def test_a_card_waits_for_a_list_that_does_not_come_no_longer_than_at_the_start(
    hesitant: Hesitant, start_agent: StartAgent, model: FakeModel
) -> None:
    agent = Agent(start_agent(known=False, slow=hesitant.url), model)
    assert hesitant.is_asked.wait(30)

    assert skills(agent.get("/.well-known/agent.json")) == []
    assert not hesitant.may_tell.is_set()


@pytest.mark.parametrize("kind", PRODUCERS)
def test_a_required_server_that_is_away_fails_the_turn(
    kind: str, start_server: StartServer, start_agent: StartAgent, model: FakeModel
) -> None:
    server = start_server("mcp-1")
    server.kill()
    host = start_agent(kind=kind, known=False, tools=server.url, more={"PAIS_MCP_REQUIRED": "true"})

    with pytest.raises(urllib.error.HTTPError) as refused:
        wire.ask(host.url, "Go!")

    with refused.value as answer:
        assert answer.code == 502
        assert json.load(answer)["error"]["code"] == "mcp_unavailable"
    server.restart()
    eventually(lambda: says_ready(host, "tools"), "the server is found")
    assert ask_for(host, model, tool("add", a=1, b=2)) == {"add": "3"}
