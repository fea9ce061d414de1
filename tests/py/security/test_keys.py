"""Where keys are asked for, they are asked for everywhere but where nothing is to be had."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from fake_model import says
from security.conftest import StartWorld
from security.world import KEY, WITH_KEY, World, ask, raw

ROOT = Path(__file__).parents[3]
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"]
CARDS = {f"/.well-known/{name}" for name in ("agent.json", "agent-card.json", "agent-configuration")}
OPEN = {"/health", "/ready", "/docs", "/ui", *CARDS}
PREFLIGHT = {"Origin": "http://localhost", "Access-Control-Request-Method": "POST"}


@pytest.fixture(scope="module")
def locked(start_world: StartWorld) -> World:
    return start_world(AGENT_AUTH_REQUIRED="true", AGENT_API_KEY=f"{KEY},second", PAIS_METRICS="true")


def test_no_route_is_answered_without_a_key_but_those_that_hold_no_data(locked: World) -> None:
    """Of the description that the host itself gives, so that a route that is new to it is asked as well."""
    described = locked.get("/openapi.json", WITH_KEY).json["paths"]
    paths = {re.sub(r"{.*}", "some", path) for path in described} | {
        "/metrics",
        "/nothing",
        "/v1",
        "/memory",
        "/ui/../v1",
    }
    assert len(paths) > 15

    let_in = {path for path in paths for method in METHODS if ask(locked.url, method, path)[0] != 401}

    assert let_in == OPEN


def test_only_these_routes_are_open_and_a_new_one_is_not() -> None:
    """A route asks for a key unless its declaration says otherwise, and these are all the places that do."""
    declared = (ROOT / "cpp/http/server.h").read_text()
    sources = {file.name: file.read_text().count("Access::open") for file in (ROOT / "cpp/server").glob("*.cpp")}

    assert "Access access = Access::key;" in declared
    assert {name: count for name, count in sources.items() if count} == {
        "card_routes.cpp": 1,
        "pages.cpp": 1,
        "plain_routes.cpp": 2,
        "ui_routes.cpp": 1,
    }


@pytest.mark.parametrize(
    "headers",
    [
        {"X-API-Key": ""},
        {"X-API-Key": KEY[:-1]},
        {"X-API-Key": KEY + "x"},
        {"X-API-Key": KEY.upper()},
        {"X-API-Key": f"{KEY},second"},
        {"X-API-Key": "*"},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": KEY},
        {"Authorization": f"Basic {KEY}"},
        {"Authorization": f"Bearer  {KEY}"},
        {"Cookie": f"X-API-Key={KEY}"},
        {"Proxy-Authorization": f"Bearer {KEY}"},
        {"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1"},
    ],
    ids=str,
)
def test_nothing_but_a_whole_key_opens(locked: World, headers: dict[str, str]) -> None:
    assert locked.get("/v1/models", headers).refusal == (401, "unauthorized")


def test_a_key_in_the_address_opens_nothing(locked: World) -> None:
    for query in (f"api_key={KEY}", f"X-API-Key={KEY}", f"access_token={KEY}"):
        assert locked.get(f"/v1/models?{query}").refusal == (401, "unauthorized")


def test_what_looks_like_a_preflight_gets_nothing_but_its_answer(locked: World) -> None:
    asking = locked.send("OPTIONS", "/v1/chat/completions", {"messages": [{"role": "user", "content": "x"}]}, PREFLIGHT)
    preflight = asking.answer()
    real = locked.send("POST", "/v1/chat/completions", {"messages": []}, PREFLIGHT).answer()

    assert (preflight.status, preflight.body) == (204, b"")
    assert real.refusal == (401, "unauthorized")
    assert locked.model.asked == []


def test_a_second_request_of_a_connection_needs_a_key_of_its_own(locked: World) -> None:
    first = f"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {KEY}\r\n\r\n"
    second = "GET /v1/models HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

    answered = raw(locked.url, (first + second).encode())

    assert re.findall(rb"HTTP/1.1 (\d+) ", answered) == [b"200", b"401"]


def test_a_body_is_not_read_before_its_sender_has_a_key(locked: World) -> None:
    head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"

    answered = raw(locked.url, head + b"Content-Length: 9000000\r\n\r\n")

    assert answered.startswith(b"HTTP/1.1 401 ")
    assert b"100 Continue" not in answered


def test_open_routes_say_nothing_that_was_said(locked: World) -> None:
    """Of a conversation nothing can be seen without a key."""
    locked.model.will(says("the answer is tulip"))
    chat = {"messages": [{"role": "user", "content": "say tulip"}], "session_id": "tulip-session"}
    assert locked.post(chat, headers=WITH_KEY).text == "the answer is tulip"

    seen = [ask(locked.url, "GET", path)[1] for path in sorted(OPEN)]

    assert not any("tulip" in text for text in seen)
    assert json.loads(locked.get("/memory/sessions", WITH_KEY).body)["sessions"] == ["tulip-session"]
