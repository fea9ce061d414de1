"""What a host remembers, read page by page, exported and forgotten over the wire."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

import kills
from conftest import StartHost
from host import RunningHost
from redis_server import RedisServer

KEY = {"X-API-Key": "open-sesame"}


@pytest.fixture(params=["local", "sqlite", "redis"])
def host(request: pytest.FixtureRequest, start_host: StartHost, tmp_path: Path) -> Iterator[RunningHost]:
    if request.param == "redis":
        redis = RedisServer(tmp_path)
        yield start_host(MEMORY_TYPE="redis", MEMORY_REDIS_URL=redis.url, **kills.SCRIPT)
        redis.kill()
    else:
        path = str(tmp_path / "sessions.db") if request.param == "sqlite" else ""
        yield start_host(MEMORY_PATH=path, **kills.SCRIPT)


def talk(host: RunningHost, session: str, turns: int, **headers: str) -> None:
    for turn in range(turns):
        status, _, text = kills.call(
            host.url,
            "POST",
            "/v1/chat/completions",
            {"messages": [{"role": "user", "content": f"{session} {turn}"}], "session_id": session},
            {name.replace("_", "-"): value for name, value in headers.items()},
        )
        assert status == 200, text


def get(host: RunningHost, path: str) -> Any:
    status, _, text = kills.call(host.url, "GET", path)
    assert status == 200, text
    return json.loads(text)


def refusal(answer: Any) -> tuple[int, str]:
    status, _, text = answer
    return status, json.loads(text)["error"]["code"]


def pages(host: RunningHost, path: str, name: str) -> Iterator[list[Any]]:
    page = get(host, path)
    yield page[name]
    while "next" in page:
        page = get(host, f"{path}&cursor={quote(page['next'])}")
        yield page[name]


def test_a_session_is_read_in_pages_from_its_end_back(host: RunningHost) -> None:
    talk(host, "monday", 5)
    whole = get(host, "/memory/events?session_id=monday")["events"]

    found = list(pages(host, "/memory/events?session_id=monday&limit=4", "events"))

    assert [len(page) for page in found] == [4, 4, 2]
    assert [event for page in reversed(found) for event in page] == whole
    assert len(whole) == 10


def test_all_sessions_are_read_in_pages_by_time(host: RunningHost) -> None:
    for session in ("monday", "tuesday", "monday"):
        talk(host, session, 2)
    whole = get(host, "/memory/events")["events"]

    found = list(pages(host, "/memory/events?limit=5", "events"))

    assert [event for page in reversed(found) for event in page] == whole
    assert [event["timestamp"] for event in whole] == sorted(event["timestamp"] for event in whole)
    assert len(whole) == 12


def test_pages_hold_only_the_kinds_that_were_asked_for(host: RunningHost) -> None:
    talk(host, "monday", 3)

    found = list(pages(host, "/memory/events?session_id=monday&event_type=user_message&limit=2", "events"))

    assert [[event["content"] for event in page] for page in found] == [["monday 1", "monday 2"], ["monday 0"]]


def test_sessions_are_listed_in_pages(host: RunningHost) -> None:
    names = [f"session-{n}" for n in range(5)]
    for name in names:
        talk(host, name, 1)

    found = list(pages(host, "/memory/sessions?limit=2", "sessions"))

    assert found == [names[:2], names[2:4], names[4:]]
    assert get(host, "/memory/sessions") == {"agent": "mortal", "sessions": names, "total": 5}


@pytest.mark.parametrize(
    "path",
    [
        "/memory/sessions?limit=2&cursor=nonsense",
        "/memory/events?cursor=nonsense",
        "/memory/events?session_id=monday&cursor=nonsense",
        "/memory/events?session_id=monday&cursor=event_1&after=event_2",
    ],
)
def test_a_cursor_that_is_none_is_refused(host: RunningHost, path: str) -> None:
    assert refusal(kills.call(host.url, "GET", path)) == (422, "invalid_query")


def test_a_session_is_exported_as_json_lines(host: RunningHost) -> None:
    talk(host, "été / 1", 2)

    status, headers, text = kills.call(host.url, "GET", f"/memory/sessions/{quote('été / 1', safe='')}")

    assert (status, headers["Content-Type"]) == (200, "application/jsonl")
    assert text.endswith("\n")
    lines = [json.loads(line) for line in text.splitlines()]
    assert lines == get(host, f"/memory/events?session_id={quote('été / 1')}")["events"]
    assert [line["content"] for line in lines[::2]] == ["été / 1 0", "été / 1 1"]


def test_a_deleted_session_is_gone(host: RunningHost) -> None:
    talk(host, "monday", 1)
    talk(host, "tuesday", 1)

    status, _, text = kills.call(host.url, "DELETE", "/memory/sessions/monday")

    assert (status, json.loads(text)) == (200, {"id": "monday", "object": "session.deleted", "deleted": True})
    assert get(host, "/memory/sessions")["sessions"] == ["tuesday"]
    assert get(host, "/memory/events?session_id=monday")["events"] == []
    assert refusal(kills.call(host.url, "DELETE", "/memory/sessions/monday")) == (404, "not_found")
    assert refusal(kills.call(host.url, "GET", "/memory/sessions/monday")) == (404, "not_found")


def test_what_cannot_be_a_session_is_refused(start_host: StartHost) -> None:
    host = start_host(**kills.SCRIPT)

    assert refusal(kills.call(host.url, "DELETE", "/memory/sessions/%00")) == (400, "invalid_session_id")
    assert refusal(kills.call(host.url, "GET", "/memory/sessions/%zz")) == (400, "invalid_session_id")


def test_where_there_are_keys_they_are_asked_for(start_host: StartHost) -> None:
    host = start_host(AGENT_AUTH_REQUIRED="true", AGENT_API_KEY=KEY["X-API-Key"], **kills.SCRIPT)
    talk(host, "monday", 1, **KEY)

    for method, path in (
        ("GET", "/memory/events"),
        ("GET", "/memory/sessions"),
        ("GET", "/memory/sessions/monday"),
        ("DELETE", "/memory/sessions/monday"),
    ):
        assert refusal(kills.call(host.url, method, path)) == (401, "unauthorized"), path
    assert kills.call(host.url, "DELETE", "/memory/sessions/monday", headers=KEY)[0] == 200


def own_address() -> str:
    """An address of this machine that is not loopback. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no address but loopback")
        return str(probe.getsockname()[0])


def seen_from_elsewhere(host: RunningHost) -> str:
    return f"http://{own_address()}:{host.url.rpartition(':')[2]}"


def test_without_keys_only_this_machine_may_delete(start_host: StartHost) -> None:
    host = start_host("--host", "0.0.0.0", **kills.SCRIPT)
    here = f"http://127.0.0.1:{host.url.rpartition(':')[2]}"
    elsewhere = seen_from_elsewhere(host)
    status, _, text = kills.call(
        here, "POST", "/v1/chat/completions", {"messages": [{"role": "user", "content": "hi"}], "session_id": "monday"}
    )
    assert status == 200, text

    assert kills.call(elsewhere, "GET", "/memory/sessions/monday")[0] == 200
    assert refusal(kills.call(elsewhere, "DELETE", "/memory/sessions/monday")) == (401, "unauthorized")
    assert kills.call(here, "DELETE", "/memory/sessions/monday")[0] == 200


def test_a_key_lets_others_delete(start_host: StartHost) -> None:
    host = start_host("--host", "0.0.0.0", AGENT_AUTH_REQUIRED="true", AGENT_API_KEY=KEY["X-API-Key"], **kills.SCRIPT)
    elsewhere = seen_from_elsewhere(host)

    assert refusal(kills.call(elsewhere, "DELETE", "/memory/sessions/monday")) == (401, "unauthorized")
    assert refusal(kills.call(elsewhere, "DELETE", "/memory/sessions/monday", headers=KEY)) == (404, "not_found")


PATHS = [
    ("GET", "/memory/events"),
    ("GET", "/memory/sessions"),
    ("GET", "/memory/sessions/monday"),
    ("DELETE", "/memory/sessions/monday"),
]


def test_the_endpoints_can_be_switched_off(start_host: StartHost) -> None:
    host = start_host(PAIS_MEMORY_ENDPOINTS="off", **kills.SCRIPT)
    talk(host, "monday", 1)

    for method, path in PATHS:
        assert refusal(kills.call(host.url, method, path)) == (404, "not_found"), path


def test_the_endpoints_can_be_for_this_machine_alone(start_host: StartHost) -> None:
    host = start_host("--host", "0.0.0.0", PAIS_MEMORY_ENDPOINTS="loopback", **kills.SCRIPT)
    here, elsewhere = f"http://127.0.0.1:{host.url.rpartition(':')[2]}", seen_from_elsewhere(host)

    for method, path in PATHS:
        assert refusal(kills.call(elsewhere, method, path)) == (404, "not_found"), path
    assert kills.call(here, "GET", "/memory/events")[0] == 200


@pytest.mark.parametrize("sign", ["Forwarded", "X-Forwarded-For", "x-real-ip"])
def test_what_a_proxy_on_this_machine_forwards_is_not_from_this_machine(start_host: StartHost, sign: str) -> None:
    forwarded = {sign: "for=203.0.113.7" if sign == "Forwarded" else "203.0.113.7"}
    host, closed = start_host(**kills.SCRIPT), start_host(PAIS_MEMORY_ENDPOINTS="loopback", **kills.SCRIPT)
    talk(host, "monday", 1)

    assert kills.call(host.url, "GET", "/memory/sessions/monday", headers=forwarded)[0] == 200
    refused = kills.call(host.url, "DELETE", "/memory/sessions/monday", headers=forwarded)
    assert refusal(refused) == (401, "unauthorized")
    for method, path in PATHS:
        assert refusal(kills.call(closed.url, method, path, headers=forwarded)) == (404, "not_found"), path
    assert kills.call(closed.url, "GET", "/memory/events")[0] == 200
    assert kills.call(host.url, "DELETE", "/memory/sessions/monday")[0] == 200
