"""The ASGI application over the real core: under uvicorn, in other applications, and with the test clients."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai import Agent
from pydantic_ai.capabilities import ProcessHistory
from pydantic_ai.messages import ModelMessage
from pydantic_ai.models.function import AgentInfo, FunctionModel

import pais
from asgi_client import Client, body, scope
from pais.asgi import App
from pais.memory import LocalMemory
from pais.server import AgentServer
from pais.serverutils import AgentServerSettings

httpx = pytest.importorskip("httpx")
uvicorn = pytest.importorskip("uvicorn")
fastapi = pytest.importorskip("fastapi")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of Starlette, about the client it is built on
    from starlette.testclient import TestClient

PATIENCE = 60.0
CHAT = "/v1/chat/completions"
HELLO = {"messages": [{"role": "user", "content": "hello"}]}


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DEBUG_MOCK_RESPONSES", raising=False)


def serve(agent: Agent[Any, Any], **settings: Any) -> AgentServer:
    return AgentServer(agent, AgentServerSettings(agent_name="calc", **settings), memory=LocalMemory())


def calculator() -> Agent[None, str]:
    agent = Agent("test", name="calc")

    @agent.tool_plain
    def add(a: int, b: int) -> int:
        """Adds two numbers."""
        return a + b

    return agent


@pytest.fixture
def app() -> Iterator[App]:
    one = serve(calculator()).app
    yield one
    one.close()


class Talk:
    """An agent that says "one", and "two" when the test lets it; it notices when nobody listens any more."""

    def __init__(self) -> None:
        self.goes_on = threading.Event()
        self.ends = threading.Event()
        self.agent = Agent(FunctionModel(self._never, stream_function=self._speak))

    @staticmethod
    def _never(_messages: list[ModelMessage], _info: AgentInfo) -> Any:
        raise AssertionError("it was not asked for a stream")

    async def _speak(self, _messages: list[ModelMessage], _info: AgentInfo) -> AsyncIterator[str]:
        try:
            yield "one"
            await asyncio.to_thread(self.goes_on.wait, PATIENCE)
            yield "two"
        finally:
            self.ends.set()


# --- uvicorn ---


class Listening(uvicorn.Server):  # type: ignore[misc, name-defined]
    """uvicorn on a thread and a free port."""

    def __init__(self, app: Any) -> None:
        super().__init__(uvicorn.Config(app, port=0, log_level="warning", timeout_graceful_shutdown=5))
        self.listens = threading.Event()

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.listens.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.servers[0].sockets[0].getsockname()[1]}"


@contextmanager
def under_uvicorn(app: Any) -> Iterator[Any]:
    server = Listening(app)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        assert server.listens.wait(PATIENCE)
        with httpx.Client(base_url=server.url, timeout=PATIENCE, trust_env=False) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
        assert not thread.is_alive()


def pieces_of(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        if line.startswith("data: {"):
            delta = json.loads(line.removeprefix("data: "))["choices"][0]["delta"]
            if delta.get("content"):
                yield delta["content"]


def test_uvicorn_serves_it_with_its_lifespan() -> None:
    with under_uvicorn(serve(calculator()).app) as client:
        health, answer = client.get("/health").json(), client.post(CHAT, json=HELLO)

    assert health["status"] == "healthy"
    assert answer.json()["choices"][0]["message"]["content"] == '{"add":0}'
    assert re.fullmatch(r"run_[0-9a-f]{12}", answer.headers["x-run-id"])
    assert answer.headers.get_list("date") == [answer.headers["date"]]


def test_each_token_reaches_a_client_of_uvicorn_before_the_next_is_said() -> None:
    talk = Talk()
    with (
        under_uvicorn(serve(talk.agent).app) as client,
        client.stream("POST", CHAT, json={**HELLO, "stream": True}) as answer,
    ):
        pieces = pieces_of(answer.iter_lines())
        first = next(pieces)
        talk.goes_on.set()
        rest = list(pieces)

    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert (first, rest) == ("one", ["two"])


def test_a_client_that_hangs_up_cancels_its_run() -> None:
    talk = Talk()
    with under_uvicorn(serve(talk.agent).app) as client:
        with client.stream("POST", CHAT, json={**HELLO, "stream": True}) as answer:
            next(pieces_of(answer.iter_lines()))

        assert talk.ends.wait(PATIENCE)
        talk.goes_on.set()  # for the thread that waits


def test_the_factory_of_the_module_serves_the_declared_agent(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "uvicorn", "pais.server:get_app", "--factory", "--port", "0"]
    environment = {
        "PATH": os.environ["PATH"],
        "AGENT_NAME": "declared",
        "DEBUG_MOCK_RESPONSES": '["Hello!"]',
    }
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        said = []
        url = ""
        for line in process.stdout:
            said.append(line)
            if found := re.search(r"running on (http://\S+)", line):
                url = found[1]
                break
        assert url, "".join(said)
        with httpx.Client(base_url=url, timeout=PATIENCE, trust_env=False) as client:
            answer = client.post(CHAT, json=HELLO)
        process.send_signal(signal.SIGTERM)
        said.append(process.communicate(timeout=PATIENCE)[0])

    assert answer.json()["choices"][0]["message"]["content"] == "Hello!"
    assert "Traceback" not in "".join(said)


# --- Code that ends ---


def leave() -> str:
    sys.exit("s3cret")


async def leave_as_a_coroutine() -> str:
    sys.exit("s3cret")


def deserter(tool: Callable[[], Any] = leave) -> Agent[None, str]:
    return Agent("test", tools=[tool])


@pytest.mark.parametrize("tool", [leave, leave_as_a_coroutine])
def test_a_tool_that_calls_exit_fails_its_turn_alone_under_uvicorn(tool: Callable[[], Any]) -> None:
    with under_uvicorn(serve(deserter(tool)).app) as client:
        refused = client.post(CHAT, json=HELLO)
        health = client.get("/health")

    assert (refused.status_code, refused.json()["error"]["code"]) == (500, "tool_failed")
    assert "s3cret" not in refused.text
    assert health.status_code == 200


async def leave_given_anything(_given: Any) -> Any:
    sys.exit("s3cret")


def asking_for_orders() -> Agent[None, str]:
    return Agent("test", instructions=leave_as_a_coroutine)


def looking_at_its_answers() -> Agent[None, str]:
    agent: Agent[None, str] = Agent("test")
    agent.output_validator(leave_given_anything)
    return agent


def looking_at_its_history() -> Agent[None, str]:
    return Agent("test", capabilities=[ProcessHistory(leave_given_anything)])


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("made", [asking_for_orders, looking_at_its_answers, looking_at_its_history])
def test_other_code_that_calls_exit_fails_its_turn_alone_under_uvicorn(
    made: Callable[[], Agent[None, str]], stream: bool
) -> None:
    with under_uvicorn(serve(made()).app) as client:
        refused = client.post(CHAT, json={**HELLO, "stream": stream})
        health = client.get("/health")

    assert (refused.status_code, refused.json()["error"]["code"]) == (500, "internal")
    assert "s3cret" not in refused.text
    assert health.status_code == 200


def test_a_sync_tool_that_calls_exit_does_not_end_a_test_client() -> None:
    app = serve(deserter()).app

    with TestClient(app) as client:
        refused = [client.post(CHAT, json=HELLO) for _ in range(2)]

    assert [answer.json()["error"]["code"] for answer in refused] == ["tool_failed"] * 2


# --- In other applications ---


def test_it_can_be_mounted_in_fastapi_beside_other_routes(app: App) -> None:
    outer = fastapi.FastAPI()
    outer.add_api_route("/own", lambda: "mine")
    outer.mount("/agents/calc", app)

    with TestClient(outer) as client:
        own = client.get("/own")
        answer = client.post(f"/agents/calc{CHAT}", json=HELLO)
        absent = client.get("/agents/calc/nothing")

    assert own.json() == "mine"
    assert answer.status_code == 200
    assert absent.json()["error"]["code"] == "not_found"


def test_middleware_can_be_wrapped_around_it(app: App) -> None:
    from starlette.middleware.cors import CORSMiddleware

    with TestClient(CORSMiddleware(app, allow_origins=["https://ui.example"])) as client:
        answer = client.get("/health", headers={"Origin": "https://ui.example"})

    assert answer.headers["access-control-allow-origin"] == "https://ui.example"


# --- With the test clients ---


def test_a_test_client_needs_no_lifespan(app: App) -> None:
    client = TestClient(app)

    answers = [client.post(CHAT, json={**HELLO, "session_id": "s1"}).json() for _ in range(2)]

    assert [answer["id"] for answer in answers] == ["s1", "s1"]
    assert client.get("/memory/sessions").json()["sessions"] == ["s1"]


def test_a_test_client_may_be_entered_again_and_again(app: App) -> None:
    for _ in range(2):
        with TestClient(app) as client:
            assert client.get("/ready").json()["status"] == "ready"
            assert client.post(CHAT, json=HELLO).status_code == 200


def test_a_transport_of_httpx_reaches_it(app: App) -> None:
    async def ask() -> Any:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://agent") as client:
            return await asyncio.gather(*(client.post(CHAT, json=HELLO) for _ in range(8)))

    answers = asyncio.run(ask())

    assert [answer.status_code for answer in answers] == [200] * 8


def test_a_client_that_leaves_before_its_answer_cancels_its_run() -> None:
    ended = threading.Event()

    async def ask() -> None:
        begun = asyncio.Event()

        async def think(_messages: list[ModelMessage], _info: AgentInfo) -> Any:
            begun.set()
            try:
                await asyncio.Future()
            finally:
                ended.set()

        app = serve(Agent(FunctionModel(think))).app
        client = Client(body(json.dumps(HELLO).encode()))
        asking = asyncio.create_task(app(scope(CHAT, method="POST"), client.receive, client.send))
        await asyncio.wait_for(begun.wait(), PATIENCE)
        client.leave()
        await asyncio.wait_for(asking, PATIENCE)
        await asyncio.to_thread(ended.wait, PATIENCE)
        await asyncio.to_thread(app.close)

    asyncio.run(ask())

    assert ended.is_set()


def test_errors_are_the_core_s_own(app: App) -> None:
    client = TestClient(app)

    broken = client.post(CHAT, content=b"{")
    forbidden = client.get(CHAT)
    asked_head = client.head("/health")

    assert (broken.status_code, broken.json()["error"]["code"]) == (400, "bad_json")
    assert (forbidden.status_code, forbidden.headers["allow"]) == (405, "POST, OPTIONS")
    assert (asked_head.status_code, asked_head.content) == (200, b"")


def test_a_line_break_in_a_header_is_refused_by_the_core(app: App) -> None:
    async def ask() -> Client:
        client = Client(body(b""))
        headers = [(b"host", b"agent"), (b"x-request-id", b"a\r\nX-Evil: 1")]
        await asyncio.wait_for(app(scope(headers=headers), client.receive, client.send), PATIENCE)
        return client

    refused = asyncio.run(ask())

    assert refused.heard[0]["status"] == 400
    assert json.loads(refused.body)["error"]["code"] == "bad_request"


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch, announced: bool) -> None:
    monkeypatch.setenv("PAIS_MAX_BODY_BYTES", "2000")
    app = serve(calculator()).app
    pieces = [b"x" * 1000] * 100

    answer = TestClient(app).post(CHAT, content=b"".join(pieces) if announced else iter(pieces))

    app.close()
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "payload_too_large")


def test_pages_for_this_machine_alone_stay_shut(monkeypatch: pytest.MonkeyPatch) -> None:
    """The core cannot know from where the clients of another server come."""
    monkeypatch.setenv("PAIS_MEMORY_ENDPOINTS", "loopback")
    app = serve(calculator()).app

    answer = TestClient(app).get("/memory/sessions")

    app.close()
    assert answer.status_code == 404


def test_a_websocket_is_refused(app: App) -> None:
    from starlette.websockets import WebSocketDisconnect

    with pytest.raises(WebSocketDisconnect), TestClient(app).websocket_connect("/health"):
        pass


def test_bad_settings_stop_the_start_with_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAIS_QUEUE_SECONDS", "soon")

    with pytest.raises(ValueError, match="PAIS_QUEUE_SECONDS"), TestClient(serve(calculator()).app) as client:
        client.get("/health")


def test_serve_gives_the_application_of_an_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENT_NAME", "shop")
    app = pais.serve(calculator())

    with TestClient(app) as client:
        answer = client.post(CHAT, json=HELLO)

    assert app.title == "Agent: shop"
    assert answer.status_code == 200
