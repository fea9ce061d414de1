"""A page in a browser of the host's own machine: what it can reach, it reaches with the machine's own address."""

from __future__ import annotations

import pytest

from fake_model import says
from security.conftest import StartWorld
from security.world import World, ask

REBOUND = {"Host": "rebound.example:8000"}
CHAT = {"messages": [{"role": "user", "content": "hi"}], "session_id": "monday"}


@pytest.fixture(scope="module")
def exposed(start_world: StartWorld) -> World:
    """Reached by everybody, but for what is kept for its own machine."""
    world = start_world(PAIS_HOST="0.0.0.0", PAIS_MEMORY_ENDPOINTS="loopback", PAIS_UI="loopback")
    world.running.url = world.running.url.replace("0.0.0.0", "127.0.0.1")
    return world


@pytest.mark.parametrize(
    "host", ["rebound.example", "127.0.0.1.rebound.example", "localhost.example", "0.0.0.0", "1.2.3.4"]
)
def test_a_name_that_was_given_our_address_is_refused_on_loopback(world: World, host: str) -> None:
    for path in ("/v1/models", "/memory/sessions", "/health", "/ui", "/nothing"):
        assert ask(world.url, "GET", path, {"Host": host})[0] == 421, path
    assert ask(world.url, "POST", "/v1/chat/completions", {"Host": host}, CHAT)[0] == 421
    assert world.model.asked == []


@pytest.mark.parametrize(
    "origin", ["https://elsewhere.example", "null", "http://127.0.0.1.elsewhere.example", "file://", "localhost"]
)
def test_a_page_of_somebody_else_may_ask_nothing_on_loopback(world: World, origin: str) -> None:
    """Not even what a browser sends without asking first: a form, or a text of a plain type."""
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/json"):
        status, text = ask(world.url, "POST", "/v1/chat/completions", {"Origin": origin, "Content-Type": kind}, CHAT)
        assert (status, "origin_refused" in text) == (403, True)
    assert world.model.asked == []


def test_what_is_for_this_machine_is_not_for_a_page_in_its_browser(exposed: World) -> None:
    exposed.model.will(says("hello"))
    assert exposed.post(CHAT).text == "hello"

    assert ask(exposed.url, "GET", "/memory/sessions", REBOUND)[0] == 404
    assert ask(exposed.url, "GET", "/memory/events", REBOUND)[0] == 404
    assert ask(exposed.url, "DELETE", "/memory/sessions/monday", REBOUND)[0] == 404
    assert ask(exposed.url, "GET", "/ui", REBOUND)[0] == 404
    for host in ("localhost", "127.0.0.1:8000", "[::1]:8000"):
        assert ask(exposed.url, "GET", "/memory/sessions/monday", {"Host": host})[0] == 200
        assert ask(exposed.url, "GET", "/ui", {"Host": host})[0] == 200


def test_answers_are_not_for_pages_of_others_to_read(world: World) -> None:
    for path in ("/v1/models", "/memory/sessions", "/health", "/.well-known/agent.json"):
        assert "Access-Control-Allow-Origin" not in world.get(path, {"Origin": "http://localhost:3000"}).headers


def test_the_page_can_be_put_into_no_other_and_loads_nothing_else(world: World) -> None:
    policy = world.get("/ui").headers["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
