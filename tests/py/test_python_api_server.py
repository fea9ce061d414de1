"""AgentServer and its factories, as tests of existing agents use them."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, UserPromptPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.models.test import TestModel
from pydantic_ai.tools import RunContext
from pydantic_ai.toolsets import AbstractToolset

from chat_peer import Peer
from pais.asgi import App
from pais.memory import LocalMemory, Memory, NullMemory, RedisMemory
from pais.server import AgentServer, create_agent_server, create_app, get_app
from pais.serverutils import AgentDeps, RemoteAgent, _MockResponseState
from pais.tools import DelegationToolset
from python_api import CALLS_ADD, CALLS_W, adding, events_of, plain_environment, saying, script, settings  # noqa: F401 (a fixture)
from wire import ask

pytest.importorskip("httpx")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of Starlette, about the client it is built on
    from starlette.testclient import TestClient

PATIENCE = 60.0
CHAT = "/v1/chat/completions"


@pytest.fixture
def asked() -> Iterator[Any]:
    """`asked(server, "question", "question"…)`: what it answers over HTTP; at the end its core is closed."""
    served: list[App] = []

    def ask_each(server: AgentServer, *questions: str, session_id: str = "s1") -> list[str]:
        served.append(server.app)
        client = TestClient(server.app)
        answers = []
        for question in questions:
            body = {"messages": [{"role": "user", "content": question}], "session_id": session_id}
            answer = client.post(CHAT, json=body)
            assert answer.status_code == 200, answer.text
            answers.append(answer.json()["choices"][0]["message"]["content"])
        return answers

    yield ask_each

    for app in served:
        app.close()


# --- What a server keeps ---


def test_a_server_keeps_what_it_was_given() -> None:
    agent, memory, state = saying("hi"), LocalMemory(), _MockResponseState([])
    sub_agents = {"w": RemoteAgent("w", "http://127.0.0.1:1")}
    model, servers, tools = TestModel(), [object()], [{"name": "add", "description": ""}]

    server = AgentServer(agent, settings(), memory, state, sub_agents, servers, model, tools)

    assert server._agent is agent
    assert server.memory is memory
    assert server._mock_state is state
    assert server._sub_agents is sub_agents
    assert server._mcp_servers is servers
    assert server._model is model
    assert server._custom_tools is tools
    assert server.app.title == "Agent: calc"


def test_without_a_memory_nothing_is_remembered(asked: Any) -> None:
    server = AgentServer(saying("hi"), settings())

    assert isinstance(server.memory, NullMemory)
    assert asked(server, "hello") == ["hi"]
    assert TestClient(server.app).get("/memory/sessions").json()["sessions"] == []


# --- Over HTTP ---


def test_the_agent_answers_with_its_own_model_whatever_the_settings_name(asked: Any) -> None:
    server = AgentServer(saying("mine"), settings(model_api_url="http://127.0.0.1:1", model_name="m"))

    assert asked(server, "hello") == ["mine"]


def test_a_given_model_answers_in_place_of_the_agent_s_own(asked: Any) -> None:
    agent = saying("mine")
    server = AgentServer(agent, settings(), model=TestModel(custom_output_text="given"))

    assert asked(server, "hello") == ["given"]
    assert isinstance(agent.model, FunctionModel)


def test_a_tool_that_is_added_after_the_start_works_in_the_next_run(asked: Any) -> None:
    server = AgentServer(Agent("test"), settings())
    before = asked(server, "hello")

    adding(server._agent)

    assert before == ["success (no tool calls)"]
    assert asked(server, "hello") == ['{"add":0}']


def test_what_was_said_over_http_is_in_the_memory_that_was_given(asked: Any) -> None:
    memory = LocalMemory()
    server = AgentServer(saying("hi"), settings(), memory=memory)

    asked(server, "hello")

    assert events_of(server) == [("user_message", "hello"), ("agent_response", "hi")]


def test_what_is_put_into_the_memory_is_history_over_http(asked: Any) -> None:
    def count(messages: list[ModelMessage], _info: AgentInfo) -> ModelResponse:
        prompts = [part.content for message in messages for part in message.parts if isinstance(part, UserPromptPart)]
        return ModelResponse(parts=[TextPart(" then ".join(map(str, prompts)))])

    memory = LocalMemory()

    async def remember() -> None:
        await memory.create_session("app", "user", "s1")
        await memory.add_event("s1", "user_message", "one")
        await memory.add_event("s1", "agent_response", "two")

    asyncio.run(remember())
    server = AgentServer(Agent(FunctionModel(count)), settings(), memory=memory)

    assert asked(server, "three") == ["one then three"]


def test_a_tool_finds_the_session_and_the_memory(asked: Any) -> None:
    memory = LocalMemory()
    seen: list[AgentDeps] = []
    agent = Agent("test", deps_type=AgentDeps)

    @agent.tool
    def look(context: RunContext[AgentDeps]) -> str:
        seen.append(context.deps)
        return "seen"

    asked(AgentServer(agent, settings(), memory=memory), "hello", session_id="s7")

    assert [deps.session_id for deps in seen] == ["s7"]
    assert seen[0].memory is memory


def test_each_turn_of_a_scripted_server_begins_the_script_anew(monkeypatch: pytest.MonkeyPatch, asked: Any) -> None:
    script(monkeypatch, CALLS_ADD, "It is 3.")
    server = create_agent_server(settings(), custom_agent=adding(Agent("test")))

    assert asked(server, "1+2?", "1+2?") == ["It is 3.", "It is 3."]


def test_a_delegation_asks_the_object_that_was_given(monkeypatch: pytest.MonkeyPatch, asked: Any) -> None:
    script(monkeypatch, CALLS_W, "delegated")
    told: list[Any] = []

    async def process_message(messages: Any) -> str:
        told.append(messages)
        return "done"

    server = create_agent_server(settings(agent_sub_agents="w:http://127.0.0.1:1"))
    monkeypatch.setattr(server._sub_agents["w"], "process_message", process_message)

    assert asked(server, "do it") == ["delegated"]
    assert told == [[{"role": "user", "content": "do it"}, {"role": "task-delegation", "content": "T1"}]]
    assert ("delegation_response", {"tool": "delegate_to_w", "result": "done"}) in events_of(server)


def told_by_w(server: AgentServer, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    told: list[Any] = []

    async def process_message(messages: Any) -> str:
        told.append(messages[-1]["content"])
        return "done"

    monkeypatch.setattr(server._sub_agents["w"], "process_message", process_message)
    return told


def test_an_agent_that_delegates_by_itself_may_have_the_same_sub_agents_as_its_server(
    monkeypatch: pytest.MonkeyPatch, asked: Any
) -> None:
    script(monkeypatch, CALLS_W, "delegated")
    sub_agents = {name: RemoteAgent(name, "http://127.0.0.1:1") for name in ("w", "v")}
    agent = Agent("test", deps_type=AgentDeps, toolsets=[DelegationToolset({"w": sub_agents["w"]})])
    state = _MockResponseState([CALLS_W, "delegated"])
    server = AgentServer(agent, settings(), memory=LocalMemory(), mock_state=state, sub_agents=sub_agents)
    told = told_by_w(server, monkeypatch)

    over_http = asked(server, "do it")
    without_http = asyncio.run(anext(aiter(server._process_message("do it", "s2"))))

    assert (over_http, without_http) == (["delegated"], "delegated")
    assert told == ["T1", "T1"]


def test_what_the_agent_delegates_to_by_itself_is_not_offered_by_the_host_as_well(asked: Any) -> None:
    offered: list[list[str]] = []

    def note(_messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        offered.append(sorted(tool.name for tool in info.function_tools))
        return ModelResponse(parts=[TextPart("noted")])

    sub_agents = {name: RemoteAgent(name, "http://127.0.0.1:1") for name in ("w", "v")}
    agent = Agent(FunctionModel(note), toolsets=[DelegationToolset({"w": sub_agents["w"]})])

    assert asked(AgentServer(agent, settings(), sub_agents=sub_agents), "hello") == ["noted"]
    assert offered == [["delegate_to_v", "delegate_to_w"]]


# --- What users bring ---


class Wanting(BaseModel):
    key: str


class Broken:
    def __init__(self) -> None:
        raise KeyError("DB_URL")


@pytest.mark.parametrize("wanted", [Wanting, Broken])
def test_deps_that_cannot_be_built_are_told_of_once_and_are_ours(
    asked: Any, capfd: pytest.CaptureFixture[str], wanted: type
) -> None:
    seen: list[Any] = []
    agent: Agent[Any, str] = Agent("test", deps_type=wanted)

    @agent.tool
    def look(context: RunContext[Any]) -> str:
        seen.append(context.deps)
        return "seen"

    asked(AgentServer(agent, settings()), "hello", "hello")

    assert [type(deps) for deps in seen] == [AgentDeps, AgentDeps]
    assert "".join(capfd.readouterr()).count(f"{wanted.__name__} cannot be built") == 1


class Shelf(AbstractToolset[Any]):
    """A toolset of a user's own kind, with a `tools` of its own kind."""

    tools = ("a", "b")

    @property
    def id(self) -> str:
        return "shelf"

    async def get_tools(self, ctx: RunContext[Any]) -> dict[str, Any]:
        return {}

    async def call_tool(self, name: str, tool_args: dict[str, Any], ctx: RunContext[Any], tool: Any) -> Any:
        raise AssertionError(name)


def test_a_toolset_of_the_user_s_own_kind_is_served(asked: Any) -> None:
    agent = adding(Agent("test", toolsets=[Shelf()]))

    assert asked(AgentServer(agent, settings()), "hello") == ['{"add":0}']


VALIDATED_BEFORE = """
import sys
from pydantic_ai import Agent
from pydantic_ai.models.test import TestModel

agent = Agent(TestModel(custom_output_text="SECRET words"))

@agent.output_validator
def clean(text: str) -> str:
    return text.replace("SECRET", "no")

assert not any(name.startswith("pais") for name in sys.modules)
import asyncio
import httpx
from pais.server import AgentServer
from pais.serverutils import AgentServerSettings

async def ask(app):
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://agent") as client:
        body = {"messages": [{"role": "user", "content": "hello"}], "stream": True}
        print((await client.post("/v1/chat/completions", json=body)).text)

asyncio.run(ask(AgentServer(agent, AgentServerSettings(agent_name="a")).app))
"""


def test_what_a_validator_has_not_seen_is_not_told_whenever_the_agent_was_built(tmp_path: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-c", VALIDATED_BEFORE],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )

    assert said.returncode == 0, said.stderr
    assert '"content":"no words"' in said.stdout
    assert "SECRET" not in said.stdout


# --- The card ---


def test_the_card_names_own_tools_then_sub_agents() -> None:
    server = create_agent_server(
        settings(agent_description="Adds."),
        sub_agents=[RemoteAgent("w", "http://127.0.0.1:1")],
        custom_agent=adding(Agent("test")),
    )

    card = asyncio.run(server._get_agent_card("http://calc:8000"))

    assert (card.name, card.description, card.url) == ("calc", "Adds.", "http://calc:8000")
    assert [(skill.id, skill.description) for skill in card.skills] == [
        ("add", "Adds two numbers."),
        ("delegate_to_w", "Delegate task to w"),
    ]


def test_the_card_has_the_tools_of_servers_that_were_given_and_can_be_reached() -> None:
    async def tools() -> list[Any]:
        return [SimpleNamespace(name="echo", description=None)]

    async def nothing() -> list[Any]:
        raise ConnectionError("away")

    servers = [SimpleNamespace(list_tools=nothing), SimpleNamespace(list_tools=tools)]
    server = AgentServer(saying("hi"), settings(), mcp_servers=servers)

    card = asyncio.run(server._get_agent_card("http://calc:8000"))

    assert [(skill.name, skill.description) for skill in card.skills] == [("echo", "")]


# --- The factories ---


def test_the_declared_agent_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch, asked: Any) -> None:
    script(monkeypatch, "Hello!")
    monkeypatch.setenv("AGENT_NAME", "declared")
    monkeypatch.setenv("AGENT_SUB_AGENTS", "w:http://127.0.0.1:1/")

    server = create_agent_server()

    assert server.settings.agent_name == "declared"
    assert server._sub_agents["w"].card_url == "http://127.0.0.1:1"
    assert asked(server, "hello") == ["Hello!"]


def test_a_custom_agent_is_served_and_never_changed(monkeypatch: pytest.MonkeyPatch, asked: Any) -> None:
    script(monkeypatch, "from the script")
    agent = adding(Agent(TestModel(), name="mine"))
    before = (agent.model, list(agent.toolsets))

    server = create_agent_server(settings(agent_sub_agents="w:http://127.0.0.1:1"), custom_agent=agent)

    assert server._agent is agent
    assert asked(server, "hello") == ["from the script"]
    assert (agent.model, list(agent.toolsets)) == before
    assert server._custom_tools == [{"name": "add", "description": "Adds two numbers."}]


def test_the_model_of_the_settings_replaces_the_agent_s_own_and_is_asked_by_the_core(asked: Any) -> None:
    peer = Peer()
    named = settings(model_api_url=peer.url, model_name="m")
    server = create_agent_server(named, custom_agent=Agent("test", instructions="Be brief."))

    answers = asked(server, "hello")
    peer.stop()

    _, headers, body = peer.asked[0]
    assert answers == ["done"]
    assert headers["User-Agent"].startswith("pais")
    assert (body["model"], body["messages"][0]["content"]) == ("m", "Be brief.")


def test_given_sub_agents_replace_those_of_the_settings() -> None:
    named = settings(agent_sub_agents="w:http://127.0.0.1:1")

    given = create_agent_server(named, sub_agents=[RemoteAgent("x", "http://127.0.0.1:2")], custom_agent=Agent("test"))
    none = create_agent_server(named, sub_agents=[], custom_agent=Agent("test"))

    assert list(given._sub_agents) == ["x"]
    assert none._sub_agents == {}


def test_peers_are_found_by_their_names(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("PEER_AGENT_MY_PEER_CARD_URL", "http://127.0.0.1:1")

    server = create_agent_server(settings(peer_agents="my-peer, lost"), custom_agent=Agent("test"))

    assert list(server._sub_agents) == ["my-peer"]
    assert "No URL found for peer agent lost" in caplog.text


def test_mcp_servers_without_an_address_are_named_and_left_out(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MCP_SERVER_my-echo_URL", "http://127.0.0.1:1")

    server = create_agent_server(settings(mcp_servers="[my-echo, lost]"), custom_agent=Agent("test"))

    assert [(one.name, one.url) for one in server._mcp_servers] == [("my-echo", "http://127.0.0.1:1/mcp")]
    assert "No URL found for MCP server lost (expected MCP_SERVER_lost_URL)" in caplog.text


@pytest.mark.parametrize(
    ("chosen", "kind"),
    [
        ({}, LocalMemory),
        ({"memory_type": "redis"}, LocalMemory),
        ({"memory_type": "redis", "memory_redis_url": "redis://127.0.0.1:1"}, RedisMemory),
        ({"memory_type": "null"}, NullMemory),
        ({"memory_enabled": False}, NullMemory),
    ],
)
def test_the_settings_choose_the_memory(chosen: dict[str, Any], kind: type[Memory]) -> None:
    server = create_agent_server(settings(**chosen), custom_agent=Agent("test"))

    assert type(server.memory) is kind


def test_the_model_of_the_settings_can_be_looked_at() -> None:
    server = create_agent_server(settings(model_api_url="http://127.0.0.1:1", model_name="m", tool_call_mode="string"))

    assert server._model.model_name == "string:m"
    assert server._mock_state is None


@pytest.fixture
def root_log() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.usefixtures("root_log")
def test_an_app_is_made_of_settings_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, "Hello!")
    monkeypatch.setenv("AGENT_NAME", "declared")

    assert create_app(settings()).title == "Agent: calc"
    assert get_app().title == "Agent: declared"


# --- The host's own listener ---

FILE = """
from pydantic_ai import Agent
from pais.server import AgentServer
from pais.serverutils import AgentServerSettings

AgentServer(Agent("test"), AgentServerSettings(agent_name="calc", agent_port=0)).run("127.0.0.1")
"""


def test_run_serves_on_the_host_s_own_listener_until_a_signal_comes(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "PAIS_DRAIN_DELAY_SECONDS": "0"}
    with subprocess.Popen(
        [sys.executable, "-c", FILE], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        found = None
        while not found and (line := process.stdout.readline()):
            found = re.search(r"Listening on (http://\S+)", line)
        assert found, "it did not come to listen"
        answer = ask(found[1], "hello")
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)

    assert answer == "success (no tool calls)"
    assert process.returncode == 0
