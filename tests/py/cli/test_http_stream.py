"""The core's client, as the commands read a stream with it."""

from __future__ import annotations

import threading

import pytest

from cli.odd_server import OddServer
from host import RunningHost
from pais._core import HttpCall
from pais.cli.remote import Remote

CHAT = b'{"stream": true, "messages": [{"role": "user", "content": "Talk"}]}'


def call(url: str, body: bytes = b"") -> HttpCall:
    return HttpCall("POST", url, [], body, 30.0)


def test_each_event_is_given_as_it_comes_and_false_ends_the_stream(slow: RunningHost) -> None:
    seen: list[tuple[bytes, bytes]] = []

    def take(name: bytes, data: bytes) -> bool:
        seen.append((name, data))
        return b"word0" not in data

    status, body, failure, _cause = call(f"{slow.url}/v1/chat/completions", CHAT).stream(take)

    assert (status, body, failure) == (200, b"", "")
    assert b"word0" in seen[-1][1]
    assert all(b"word1 " not in data for _, data in seen)


def test_events_have_their_names(odd: OddServer) -> None:
    odd.answers(200, b"event: progress\ndata: one\n\ndata: \xff\n\n", "text/event-stream; charset=utf-8")
    seen: list[tuple[bytes, bytes]] = []

    call(odd.url).stream(lambda name, data: not seen.append((name, data)))

    assert seen == [(b"progress", b"one"), (b"", b"\xff")]


def test_an_answer_that_is_no_stream_is_given_whole(odd: OddServer) -> None:
    odd.answers(503, b"data: no\n\n")

    assert call(odd.url).stream(lambda *_: pytest.fail("it was no stream")) == (503, b"data: no\n\n", "", "")


def test_what_the_receiver_raises_ends_the_call_and_is_raised(slow: RunningHost) -> None:
    def take(_name: bytes, _data: bytes) -> bool:
        raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        call(f"{slow.url}/v1/chat/completions", CHAT).stream(take)


def test_another_thread_can_end_it(slow: RunningHost) -> None:
    asking = call(f"{slow.url}/v1/chat/completions", CHAT)
    begun = threading.Event()
    outcomes: list[tuple[int, bytes, str, str]] = []
    thread = threading.Thread(target=lambda: outcomes.append(asking.stream(lambda *_: not begun.set())))
    thread.start()
    assert begun.wait(30)

    asking.cancel()
    thread.join(30)

    assert outcomes[0][2] == "cancelled"


def test_ctrl_c_before_a_request_has_quite_begun_ends_it(odd: OddServer, monkeypatch: pytest.MonkeyPatch) -> None:
    odd.speaks.clear()
    start = threading.Thread.start

    def interrupted(thread: threading.Thread) -> None:
        start(thread)
        if thread.name == "pais-exchange":
            assert odd.is_asked.wait(30)
            raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", interrupted)

    with pytest.raises(KeyboardInterrupt):
        Remote(odd.url).card()
    assert all(thread.name != "pais-exchange" for thread in threading.enumerate())


def test_an_event_over_16_mib_is_refused(odd: OddServer) -> None:
    odd.answers(200, b"data: " + b"x" * (17 * 1024 * 1024), "text/event-stream")

    assert call(odd.url).stream(lambda *_: True)[2] == "unusable"
