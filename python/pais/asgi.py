"""The agent as an ASGI 3 application: for uvicorn, hypercorn, a test's transport, or mounted in another application.

The core that listens for itself under `pais run` answers here too. It is given one end of a pair of connected sockets,
on which each request is one HTTP/1.0 request; so every route, limit and header is the core's own. What happens here is
carrying: the request in, the answer out piece by piece as it comes, and a client's leaving.

The core is opened by the lifespan's start or, without a lifespan, by the first request.
"""

from __future__ import annotations

import asyncio
import re
import socket
import threading
import weakref
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

if TYPE_CHECKING:
    from pais.runs import Served

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

# What speaks of one connection and not of the message on it.
HOP_BY_HOP = frozenset(b"connection keep-alive te trailer transfer-encoding upgrade expect".split())
# An ASGI server writes the date itself.
NOT_PASSED_ON = HOP_BY_HOP | {b"date"}

# A line break in a value would end the line it is on. As a NUL it arrives at the core, which refuses it.
NO_LINE_BREAKS = bytes.maketrans(b"\r\n", b"\0\0")
VISIBLE = "".join(map(chr, range(0x21, 0x7F)))
DECIMAL = re.compile(rb"[0-9]{1,18}")

READ_BYTES = 64 * 1024
MOST_HEAD_BYTES = 256 * 1024


class Core(Protocol):
    """What stands behind the application; see `pais.runs.Core`."""

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Lets the runs live on this loop from now on."""

    def open(self) -> None: ...
    def connect(self) -> socket.socket:
        """A non-blocking socket, whose other end waits for one request."""

    def close(self) -> None:
        """Drains; blocks."""


class App:
    """An agent, as something that ASGI servers can serve.

    `title` and `state` are there for whoever looks at them. `max_body_bytes` bounds what is kept of a body whose length
    was not announced (0: no limit); every other limit is the core's.
    """

    def __init__(
        self,
        title: str,
        make_core: Callable[[], Core],
        max_body_bytes: int = 0,
        served: Callable[[], Served] | None = None,
    ) -> None:
        self.title = title
        self.state = SimpleNamespace()
        self._make_core = make_core
        self._max_body_bytes = max_body_bytes
        self._served = served
        self._core: Core | None = None
        self._loop: asyncio.AbstractEventLoop | None = None  # that the core's runs live on
        self._ending: weakref.finalize[[], App] | None = None  # closes the core once, at the latest with this object
        self._opening = threading.Lock()  # requests may come on several loops

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        raise AttributeError(
            f"the app of an agent is a plain ASGI application and has no {name!r}. For routes or middleware of your "
            "own mount it in an application: FastAPI().mount('/', app), or wrap it: CORSMiddleware(app, ...)"
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind == "http":
            await self._answer(scope, receive, send)
        elif kind == "lifespan":
            await self._live(receive, send)
        elif kind == "websocket":
            await refuse_websocket(receive, send)
        else:
            raise RuntimeError(f"an agent does not speak {kind!r}")

    def served(self) -> Served | None:
        """For `pais run`, which serves the same on the host's own listener."""
        return self._served() if self._served is not None else None

    def close(self) -> None:
        """Drains and closes the core; a later request opens another. Blocks, so not on the loop of the runs."""
        with self._opening:
            ending, self._core, self._loop, self._ending = self._ending, None, None, None
        if ending is not None:
            ending()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        core = await self._opened()
        headers: Headers = [(bytes(name).lower(), bytes(value)) for name, value in scope["headers"]]
        length = announced_length(headers)
        body = b""
        if length is None and not has_any(headers, b"content-length"):
            collected = await collect(receive, self._max_body_bytes)
            if collected is None:
                return  # the client left before it had said everything
            body, length = collected
            headers.append((b"content-length", str(length).encode()))
        with core.connect() as wire:
            request = request_head(scope, headers) + body
            remaining = max((length or 0) - len(body), 0)
            await exchange(wire, request, remaining, receive, send)

    async def _opened(self) -> Core:
        loop = asyncio.get_running_loop()
        if self._core is None:
            await asyncio.to_thread(self._open)
        core = self._core
        if core is None:
            raise RuntimeError("the agent is being shut down")
        if loop is not self._loop:
            core.attach(loop)
            self._loop = loop
        return core

    def _open(self) -> None:
        with self._opening:
            if self._core is None:
                core = self._make_core()
                core.open()
                self._core, self._ending = core, weakref.finalize(self, core.close)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()  # lifespan.startup
        try:
            await self._opened()
        except Exception as reason:
            await send({"type": "lifespan.startup.failed", "message": str(reason)})
            raise  # for test clients, which look at nothing else
        await send({"type": "lifespan.startup.complete"})
        await receive()  # lifespan.shutdown
        try:
            await asyncio.to_thread(self.close)
        except Exception as reason:
            await send({"type": "lifespan.shutdown.failed", "message": str(reason)})
            raise
        await send({"type": "lifespan.shutdown.complete"})


async def refuse_websocket(receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.close", "code": 1000, "reason": "an agent is asked over HTTP"})


# --- The request ---


def request_head(scope: Scope, headers: Headers) -> bytes:
    """The request as one of HTTP/1.0: the answer ends with the connection, and is never chunked."""
    lines = [b"%s %s HTTP/1.0" % (scope["method"].encode("latin-1"), target(scope))]
    lines += [b"%s: %s" % pair for pair in end_to_end(headers)]
    lines += [b"%s: %s" % pair for pair in told_by_the_server(scope, headers)]
    return b"".join(line.translate(NO_LINE_BREAKS) + b"\r\n" for line in [*lines, b""])


def target(scope: Scope) -> bytes:
    """Path and query as they were sent, without the prefix at which the agent is mounted."""
    path: str = scope["path"]
    prefix = mount_prefix(scope)
    raw: bytes = scope.get("raw_path") or b""
    raw_prefix = quote(prefix).encode()
    if raw and raw.startswith(raw_prefix):
        sent = raw[len(raw_prefix) :].partition(b"?")[0].decode("latin-1")
    else:
        sent = quote(path[len(prefix) :], safe="/:@!$&'()*+,;=-._~")
    query = scope.get("query_string", b"").decode("latin-1")
    whole = f"{sent or '/'}?{query}" if query else sent or "/"
    return quote(whole, safe=VISIBLE, encoding="latin-1").encode()


def mount_prefix(scope: Scope) -> str:
    """The root path, where the path begins with it: servers differ in whether they leave it there."""
    prefix: str = scope.get("root_path", "").rstrip("/")
    path: str = scope["path"]
    return prefix if path == prefix or path.startswith(f"{prefix}/") else ""


def end_to_end(headers: Headers) -> Headers:
    tokens = b",".join(value for name, value in headers if name == b"connection").split(b",")
    dropped = HOP_BY_HOP | {token.strip().lower() for token in tokens}
    return [
        (name, value)
        for name, value in headers
        if name == b"content-length" or not (name in dropped or name.startswith(b"proxy-"))
    ]


def told_by_the_server(scope: Scope, headers: Headers) -> Headers:
    """Where the client sees the agent, unless a proxy before the server has said so: its card names that address."""
    told: Headers = []
    root = scope.get("root_path", "").rstrip("/")
    if root and not has_any(headers, b"x-forwarded-prefix"):
        told.append((b"x-forwarded-prefix", quote(root).encode()))
    if scope.get("scheme") == "https" and not has_any(headers, b"x-forwarded-proto"):
        told.append((b"x-forwarded-proto", b"https"))
    return told


def has_any(headers: Headers, name: bytes) -> bool:
    return any(given == name for given, _ in headers)


def announced_length(headers: Headers) -> int | None:
    """The body's length, where the request states it once and well; else the core has to say what it thinks of it."""
    stated = [value for name, value in headers if name == b"content-length"]
    return int(stated[0]) if len(stated) == 1 and DECIMAL.fullmatch(stated[0]) else None


async def collect(receive: Receive, most: int) -> tuple[bytes, int] | None:
    """A body of unknown length, and that length; None when the client left.

    A body that is longer than `most` is not kept: its length alone is enough for the core to refuse it.
    """
    pieces: list[bytes] = []
    length = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        piece: bytes = message.get("body", b"")
        pieces.append(piece)
        length += len(piece)
        if 0 < most < length:
            return b"", length
        if not message.get("more_body", False):
            return b"".join(pieces), length


# --- The answer ---


async def exchange(wire: socket.socket, request: bytes, remaining: int, receive: Receive, send: Send) -> None:
    """Carries one request in and its answer out, until the answer has ended or the client has left."""
    answering = asyncio.create_task(carry_out(wire, send))
    asking = asyncio.create_task(carry_in(wire, request, remaining, receive))
    try:
        await asyncio.wait((answering, asking), return_when=asyncio.FIRST_COMPLETED)
        if asking.done() and not asking.cancelled() and isinstance(asking.exception(), ConnectionError):
            await asyncio.wait((answering,))  # the core took no more of the body: its answer says why
    finally:
        for task in (answering, asking):
            task.cancel()
        answered, asked = await asyncio.gather(answering, asking, return_exceptions=True)
    if isinstance(answered, Exception):
        raise answered
    if isinstance(asked, Exception) and not isinstance(asked, ConnectionError):
        raise asked


async def carry_in(wire: socket.socket, request: bytes, remaining: int, receive: Receive) -> None:
    """Sends the request, and returns when the client has left."""
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(wire, request)
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        piece = message.get("body", b"")[:remaining]  # what exceeds the announced length is no part of the request
        remaining -= len(piece)
        if piece:
            await loop.sock_sendall(wire, piece)


async def carry_out(wire: socket.socket, send: Send) -> None:
    """Sends the answer on, each piece as it comes."""
    status, headers, piece = await read_head(wire)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    while piece or (piece := await read_piece(wire)):
        await send({"type": "http.response.body", "body": piece, "more_body": True})
        piece = b""
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def read_head(wire: socket.socket) -> tuple[int, Headers, bytes]:
    """Status and headers of the answer, and what was read of its body."""
    read = b""
    while b"\r\n\r\n" not in read:
        piece = await read_piece(wire)
        if not piece or len(read) > MOST_HEAD_BYTES:
            raise RuntimeError("the agent's core ended a request without an answer")
        read += piece
    head, _, rest = read.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    return int(first.split(b" ", 2)[1]), list(answer_headers(lines)), rest


def answer_headers(lines: Iterable[bytes]) -> Iterable[tuple[bytes, bytes]]:
    for line in lines:
        name, _, value = line.partition(b":")
        if (name := name.lower()) not in NOT_PASSED_ON:
            yield name, value.strip()


async def read_piece(wire: socket.socket) -> bytes:
    """What has come; nothing at the end. A core that refused a request without reading it all ends with a reset."""
    try:
        return await asyncio.get_running_loop().sock_recv(wire, READ_BYTES)
    except ConnectionResetError:
        return b""
