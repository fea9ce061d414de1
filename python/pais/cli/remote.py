"""A server of agents, as the commands ask it."""

from __future__ import annotations

import json
import queue
import re
import threading
from collections.abc import Callable, Generator
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit, urlunsplit

from pais.plain_text import one_line

if TYPE_CHECKING:
    from pais._core import HttpCall

PATIENCE = 30.0  # seconds for what is no turn of an agent
PAGE = 1000
DONE = b"[DONE]"
MOST_SHOWN = 300  # letters of what a server says of an error
PLACES = ("/v1/chat/completions", "/v1", "/.well-known/agent.json", "/.well-known/agent-card.json")

Event = dict[str, Any]
Outcome = tuple[int, bytes, str, str]  # status and body, or the kind and the cause of a failure


class Refused(Exception):
    """The server did not do what it was asked for; the text is a sentence for the user."""

    def __init__(self, reason: str, status: int = 0, code: str = "") -> None:
        super().__init__(reason)
        self.status = status
        self.code = code


class NotAUrl(ValueError):
    """What was given for a URL is none."""


def server_url(text: str) -> str:
    """`http://host:port` of what a user types for it: also `host:port`, and addresses of its pages."""
    address = text.strip()
    if re.fullmatch(r"[\w.-]+:\d+|\[[0-9a-fA-F:.]+\]:\d+", address):
        address = f"http://{address}"
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        raise NotAUrl(f"{text!r} is not a URL") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise NotAUrl(f"{text!r} is not the URL of a server, such as http://127.0.0.1:8000")
    if parts.username is not None:
        raise NotAUrl("a URL with a name or password in it is not taken; use --api-key")
    path = parts.path.rstrip("/")
    for place in PLACES:
        if path.endswith(place):
            path = path.removesuffix(place)
            break
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def first_key(keys: str | None) -> str:
    """AGENT_API_KEY may hold several."""
    return (keys or "").partition(",")[0].strip()


class Remote:
    """Requests to one server. Each method raises Refused with a sentence."""

    def __init__(self, url: str, api_key: str | None = None) -> None:
        self.url = server_url(url)
        self._key = first_key(api_key)
        if not self._key.isascii() or not self._key.isprintable():
            raise NotAUrl("the API key holds what no header can carry")

    def card(self) -> Event:
        found = self._json("GET", "/.well-known/agent.json")
        if not isinstance(found, dict) or not isinstance(found.get("name"), str):
            raise Refused(f"{self.url} is no agent server: its card is not one")
        return found

    def sessions(self) -> list[str]:
        found: list[str] = []
        cursor = ""
        while True:
            page = self._memory(f"/memory/sessions?limit={PAGE}{cursor}")
            items = page.get("sessions")
            if not isinstance(items, list):
                raise self._no_agent_server("/memory/sessions")
            found += [str(item) for item in items]
            if not page.get("next") or not items:
                return found
            cursor = f"&cursor={quote(str(page['next']), safe='')}"

    def events(self, session: str, limit: int = PAGE) -> list[Event]:
        """The newest, oldest first; of a session nobody knows there are none."""
        page = self._memory(f"/memory/events?limit={min(limit, PAGE)}&session_id={quote(session, safe='')}")
        found = page.get("events")
        if not isinstance(found, list):
            raise self._no_agent_server("/memory/events")
        return [item for item in found if isinstance(item, dict)]

    def export(self, session: str) -> bytes:
        """All of it, an event a line."""
        return self._of_session("GET", session)

    def delete(self, session: str) -> None:
        self._of_session("DELETE", session)

    def ready(self) -> Event:
        _status, body = self._send("GET", "/ready", refuse=False)
        with suppress(ValueError):
            found = json.loads(body)
            if isinstance(found, dict):
                return found
        raise self._no_agent_server("/ready")

    def answer(self, prompt: str, session: str | None) -> Generator[Event, None, None]:
        """The answer's object alone, once it is whole."""
        yield from self._chat(prompt, session, stream=False)

    def stream(self, prompt: str, session: str | None) -> Generator[Event, None, None]:
        """The chunks of the answer as they come. Whoever stops reading ends the run at the server."""
        yield from self._chat(prompt, session, stream=True)

    def _chat(self, prompt: str, session: str | None, *, stream: bool) -> Generator[Event, None, None]:
        body: Event = {"messages": [{"role": "user", "content": prompt}], "stream": stream}
        if stream:
            body["stream_options"] = {"include_usage": True}
        if session is not None:
            body["session_id"] = session
        headers = {"X-PAIS-Progress": "event", "X-PAIS-On-Disconnect": "cancel"}
        call = self._request("POST", "/v1/chat/completions", json.dumps(body).encode(), headers)
        exchange = Exchange(call, call.stream)
        try:
            exchange.begin()
            while (data := exchange.next()) is not None:
                yield self._chunk(data)
        finally:
            exchange.end()
        if exchange.is_done:
            return
        status, content = self._checked(*exchange.outcome)
        if exchange.has_streamed:
            raise Refused("the answer broke off")
        self._refuse(status, content, "/v1/chat/completions")
        found = parsed(content)
        if not isinstance(found, dict) or "choices" not in found:
            raise self._no_agent_server("/v1/chat/completions")
        yield found

    def _chunk(self, data: bytes) -> Event:
        found = parsed(data)
        if not isinstance(found, dict):
            raise Refused(f"{self.url} sent a stream that no agent server sends")
        if isinstance(found.get("error"), dict):
            raise Refused(told(found) or "the turn failed", code=str(found["error"].get("code", "")))
        return found

    def _of_session(self, method: str, session: str) -> bytes:
        path = f"/memory/sessions/{quote(session, safe='')}"
        try:
            return self._send(method, path)[1]
        except Refused as refused:
            if refused.status != 404:
                raise
            self._memory("/memory/sessions?limit=1")  # refuses where sessions are not shown at all
            raise Refused(f"there is no session {session!r}", 404) from None

    def _memory(self, path: str) -> Event:
        try:
            found = self._json("GET", path)
        except Refused as refused:
            if refused.status == 404 and refused.code == "not_found":
                raise Refused(f"{self.url} does not show its memory (PAIS_MEMORY_ENDPOINTS)") from None
            raise
        if not isinstance(found, dict):
            raise self._no_agent_server(path.partition("?")[0])
        return found

    def _json(self, method: str, path: str) -> Any:
        _status, body = self._send(method, path)
        found = parsed(body)
        if found is None:
            raise self._no_agent_server(path.partition("?")[0])
        return found

    def _send(self, method: str, path: str, *, refuse: bool = True) -> tuple[int, bytes]:
        call = self._request(method, path, b"", {})
        exchange = Exchange(call, lambda _take: call.send())
        try:
            exchange.begin()
            exchange.next()
        finally:
            exchange.end()
        status, body = self._checked(*exchange.outcome)
        if refuse:
            self._refuse(status, body, path)
        return status, body

    def _request(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> HttpCall:
        from pais._core import HttpCall

        key = {"X-API-Key": self._key} if self._key else {}
        return HttpCall(method, self.url + path, list({**headers, **key}.items()), body, PATIENCE)

    def _checked(self, status: int, body: bytes, failure: str, cause: str) -> tuple[int, bytes]:
        if not failure:
            return status, body
        why = without_context(cause)
        if failure == "unreachable":
            raise Refused(f"{self.url} cannot be reached: {why}")
        if failure == "timed_out":
            raise Refused(f"{self.url} did not answer in time")
        if failure == "cancelled":
            raise Refused("the request was given up")
        raise Refused(f"{self.url} sent what cannot be used: {why}")

    def _refuse(self, status: int, body: bytes, path: str) -> None:
        if 200 <= status < 300:
            return
        found = parsed(body)
        error = found.get("error") if isinstance(found, dict) else None
        code = str(error.get("code", "")) if isinstance(error, dict) else ""
        if status == 401 and path.startswith("/memory/") and not self._key:
            raise Refused(
                "the server wants an API key for this (--api-key or PAIS_API_KEY), or a request from its own machine",
                status,
                code,
            )
        if status == 401:
            known = "does not take this API key" if self._key else "wants an API key: --api-key or PAIS_API_KEY"
            raise Refused(f"{self.url} {known}", status, code)
        said = told(found)
        if not said:
            raise self._no_agent_server(path.partition("?")[0], status)
        raise Refused(f"{self.url} answered {status}: {said}", status, code)

    def _no_agent_server(self, path: str, status: int = 200) -> Refused:
        said = f"answered {status} to" if status != 200 else "answered nonsense to"
        return Refused(f"{self.url} is no agent server: it {said} {path}", status)


class Exchange:
    """A request and its answer, which may be read as it comes. It is made on a thread, for Ctrl-C is not heard by one
    that waits in the core."""

    def __init__(self, call: HttpCall, make: Callable[[Callable[[bytes, bytes], bool]], Outcome]) -> None:
        self._call = call
        self._send = make
        self._queue: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self.outcome: Outcome = (0, b"", "cancelled", "")
        self.has_streamed = False
        self.is_done = False
        self._thread = threading.Thread(target=self._make, name="pais-exchange")

    def begin(self) -> None:
        """To be followed by `end` whatever happens: a Ctrl-C may come before this has returned."""
        self._thread.start()

    def next(self) -> bytes | None:
        """The next event's data; None once there is no more."""
        data = self._queue.get()
        self.has_streamed |= data is not None
        self.is_done = data == DONE
        return None if self.is_done else data

    def end(self) -> None:
        if not self.is_done:
            self._call.cancel()
        if self._thread.is_alive():
            self._thread.join()

    def _make(self) -> None:
        try:
            self.outcome = self._send(self._take)
        finally:
            self._queue.put(None)

    def _take(self, _name: bytes, data: bytes) -> bool:
        self._queue.put(data)
        return data != DONE


def without_context(cause: str) -> str:
    """The last and innermost of what an error of the core says."""
    return cause.removesuffix(" (internal)").rpartition(": ")[2]


def parsed(body: bytes) -> Any:
    """The JSON, None where it is none."""
    with suppress(ValueError, RecursionError):
        return json.loads(body)
    return None


def told(found: Any) -> str:
    """What an error of a server says, "" where it is none."""
    if not isinstance(found, dict):
        return ""
    error = found.get("error")
    message = error.get("message") if isinstance(error, dict) else found.get("detail")
    return one_line(message)[:MOST_SHOWN] if isinstance(message, str) else ""
