"""What the ASGI application carries between a server and the core, with a core that only listens."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import Any

import pytest

from asgi_client import Client, body, scope
from pais.asgi import App

PATIENCE = 30.0
PLAIN = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"


class ListeningCore:
    """A core of one thought: keeps the requests it was sent, and gives one answer to all.

    One that is `hasty` answers when it has seen something; one that `stays` ends no answer until the client leaves.
    """

    def __init__(self, answer: bytes = PLAIN, hasty: bool = False, stays: bool = False) -> None:
        self.answer = answer
        self.hasty = hasty
        self.stays = stays
        self.opened = 0
        self.closed = 0
        self.loops: list[asyncio.AbstractEventLoop] = []
        self.requests: list[bytes] = []
        self.left = threading.Event()

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loops.append(loop)

    def open(self) -> None:
        self.opened += 1

    def close(self) -> None:
        self.closed += 1

    def connect(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        threading.Thread(target=self._serve, args=(theirs,), daemon=True).start()
        return ours

    def _serve(self, wire: socket.socket) -> None:
        with wire:
            wire.settimeout(PATIENCE)
            self.requests.append(wire.recv(65536) if self.hasty else whole_request(wire))
            wire.sendall(self.answer)
            while self.stays and wire.recv(65536):
                pass
            self.left.set()


def whole_request(wire: socket.socket) -> bytes:
    read = b""
    while b"\r\n\r\n" not in read and (piece := wire.recv(65536)):
        read += piece
    length = int(header_of(read, b"content-length") or 0)
    while len(read.partition(b"\r\n\r\n")[2]) < length and (piece := wire.recv(65536)):
        read += piece
    return read


def header_of(request: bytes, name: bytes) -> bytes | None:
    lines = request.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]
    values = [line.partition(b":")[2].strip() for line in lines if line.partition(b":")[0].lower() == name]
    return values[0] if values else None


def carried(core: ListeningCore, request: dict[str, Any], *said: dict[str, Any], most: int = 0) -> Client:
    async def ask() -> Client:
        client = Client(*(said or (body(b""),)))
        await asyncio.wait_for(App("Agent: a", lambda: core, most)(request, client.receive, client.send), PATIENCE)
        return client

    return asyncio.run(ask())


def test_a_request_reaches_the_core_as_one_of_http_1_0() -> None:
    core = ListeningCore()

    client = carried(core, scope("/memory/events", query_string=b"limit=2"))

    assert core.requests[0].startswith(b"GET /memory/events?limit=2 HTTP/1.0\r\nhost: agent.example\r\n")
    assert client.heard[0]["status"] == 200
    assert client.body == b"{}"


def test_headers_of_one_connection_go_no_further() -> None:
    core = ListeningCore()
    headers = [
        (b"host", b"a"),
        (b"connection", b"keep-alive, X-Mine"),
        (b"x-mine", b"1"),
        (b"te", b"trailers"),
        (b"expect", b"100-continue"),
        (b"proxy-authorization", b"Basic x"),
        (b"x-session-id", b"s1"),
    ]

    client = carried(core, scope(headers=headers))

    names = [line.partition(b":")[0] for line in core.requests[0].split(b"\r\n")[1:-2]]
    assert names == [b"host", b"x-session-id", b"content-length"]
    assert [name for name, _ in client.heard[0]["headers"]] == [b"content-type", b"content-length"]


@pytest.mark.parametrize("character", ["\r\n", "\n", "\0"])
def test_a_line_break_in_a_value_ends_no_line(character: str) -> None:
    core = ListeningCore()
    value = f"one{character}X-Evil: 1".encode()

    carried(core, scope(headers=[(b"host", b"a"), (b"x-request-id", value)]))

    assert header_of(core.requests[0], b"x-evil") is None
    assert b"\0X-Evil: 1\r\n" in core.requests[0]


@pytest.mark.parametrize(
    ("path", "raw_path", "root_path", "arrives"),
    [
        ("/a b", b"/a%20b", "", b"/a%20b"),
        ("/v1/models/ä", b"", "", b"/v1/models/%C3%A4"),
        ("/agents/calc/health", b"/agents/calc/health", "/agents/calc", b"/health"),
        ("/agents/calc", b"/agents/calc", "/agents/calc", b"/"),
        ("/health", b"/health", "/behind/a/proxy", b"/health"),
        ("/calculator", b"/calculator", "/calc", b"/calculator"),
        ("/x y", b"/x y HTTP/1.1", "", b"/x%20y%20HTTP/1.1"),
    ],
)
def test_the_path_arrives_as_it_was_sent_without_the_prefix_of_a_mount(
    path: str, raw_path: bytes, root_path: str, arrives: bytes
) -> None:
    core = ListeningCore()

    carried(core, scope(path, raw_path=raw_path, root_path=root_path))

    assert core.requests[0].split(b" ")[1] == arrives


def test_the_core_learns_under_which_prefix_its_clients_see_it() -> None:
    core = ListeningCore()

    carried(core, scope("/agents/calc/health", root_path="/agents/calc", scheme="https"))

    assert header_of(core.requests[0], b"x-forwarded-prefix") == b"/agents/calc"
    assert header_of(core.requests[0], b"x-forwarded-proto") == b"https"


def test_a_body_of_announced_length_is_carried_piece_by_piece() -> None:
    core = ListeningCore()
    post = scope("/v1/chat/completions", method="POST", headers=[(b"content-length", b"6")])

    carried(core, post, body(b"one", more=True), body(b"two"))

    assert core.requests[0].endswith(b"\r\n\r\nonetwo")


def test_a_body_of_unknown_length_is_collected_and_measured() -> None:
    core = ListeningCore()
    post = scope("/v1/chat/completions", method="POST", headers=[(b"transfer-encoding", b"chunked")])

    carried(core, post, body(b"one", more=True), body(b"two"))

    assert header_of(core.requests[0], b"content-length") == b"6"
    assert header_of(core.requests[0], b"transfer-encoding") is None
    assert core.requests[0].endswith(b"\r\n\r\nonetwo")


def test_what_exceeds_the_announced_length_is_no_second_request() -> None:
    core = ListeningCore()
    post = scope(method="POST", headers=[(b"content-length", b"3")])

    carried(core, post, body(b"oneGET / HTTP/1.0\r\n\r\n"))

    assert core.requests[0].endswith(b"\r\n\r\none")


def test_of_a_body_over_the_limit_only_the_length_reaches_the_core() -> None:
    core = ListeningCore(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n", hasty=True)
    post = scope(method="POST", headers=[])

    client = carried(core, post, body(b"x" * 60, more=True), body(b"x" * 60, more=True), most=100)

    assert header_of(core.requests[0], b"content-length") == b"120"
    assert client.heard[0]["status"] == 413


def test_an_answer_that_comes_before_the_body_is_out_is_not_lost() -> None:
    core = ListeningCore(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n", hasty=True)
    size = 8 * 1024 * 1024
    post = scope(method="POST", headers=[(b"content-length", str(size).encode())])

    client = carried(core, post, body(b"x" * size))

    assert client.heard[0]["status"] == 413


def test_each_piece_of_a_stream_is_passed_on_while_the_next_is_still_to_come() -> None:
    core = ListeningCore(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: one\n\n", stays=True)

    async def ask() -> Client:
        client = Client(body(b""))
        task = asyncio.create_task(App("Agent: a", lambda: core)(scope(), client.receive, client.send))
        await asyncio.wait_for(client.something.wait(), PATIENCE)
        client.leave()
        await asyncio.wait_for(task, PATIENCE)
        return client

    client = asyncio.run(ask())

    assert client.body == b"data: one\n\n"
    assert core.left.wait(PATIENCE), "the core was not told that the client has left"


def test_a_core_that_answers_nothing_is_an_error_of_the_application() -> None:
    with pytest.raises(RuntimeError, match="without an answer"):
        carried(ListeningCore(b""), scope())


def test_the_lifespan_opens_the_core_and_closes_it() -> None:
    core = ListeningCore()
    app = App("Agent: a", lambda: core)

    async def live() -> list[str]:
        said = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
        client = Client(*said)
        await app({"type": "lifespan"}, client.receive, client.send)
        return [message["type"] for message in client.heard]

    heard = asyncio.run(live())

    assert heard == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert (core.opened, core.closed) == (1, 1)


def test_a_core_that_does_not_open_fails_the_start_with_its_reason() -> None:
    def make_core() -> ListeningCore:
        raise ValueError('MEMORY_MAX_SESSIONS: "abc" is not a whole number')

    async def live() -> dict[str, Any]:
        client = Client({"type": "lifespan.startup"})
        with pytest.raises(ValueError, match="MEMORY_MAX_SESSIONS"):
            await App("Agent: a", make_core)({"type": "lifespan"}, client.receive, client.send)
        return client.heard[0]

    heard = asyncio.run(live())

    assert heard["type"] == "lifespan.startup.failed"
    assert "MEMORY_MAX_SESSIONS" in heard["message"]


def test_without_a_lifespan_the_first_request_opens_the_core_once_for_all_loops() -> None:
    core = ListeningCore()
    app = App("Agent: a", lambda: core)

    async def ask() -> None:
        client = Client(body(b""))
        await app(scope(), client.receive, client.send)

    asyncio.run(ask())
    asyncio.run(ask())

    assert core.opened == 1
    assert len(set(core.loops)) == 2


def test_an_application_nobody_closed_closes_its_core_when_it_goes() -> None:
    core = ListeningCore()
    app = App("Agent: a", lambda: core)
    asyncio.run(opened(app))

    del app

    assert core.closed == 1


async def opened(app: App) -> None:
    client = Client(body(b""))
    await app(scope(), client.receive, client.send)


def test_a_websocket_is_refused() -> None:
    async def knock() -> dict[str, Any]:
        client = Client({"type": "websocket.connect"})
        await App("Agent: a", ListeningCore)({"type": "websocket"}, client.receive, client.send)
        return client.heard[0]

    assert asyncio.run(knock())["type"] == "websocket.close"


def test_what_only_fastapi_has_says_how_to_get_it() -> None:
    app = App("Agent: a", ListeningCore)

    with pytest.raises(AttributeError, match=r"mount.*wrap"):
        app.add_middleware(object)

    assert app.title == "Agent: a"
    app.state.seen = True
    assert app.state.seen
