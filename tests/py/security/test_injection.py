"""What strangers write stays a value: it starts no header, no line of the log, and commands no terminal."""

from __future__ import annotations

import json
import re

import pytest

from fake_model import Call, answers, calls, fails, says
from fake_model.replies import http
from security.conftest import StartWorld
from security.world import World, delegate, look, post_raw, raw

FORGED = "2026-11-22 00:00:00 - pais.server - CRITICAL - forged"
# Line ends of every kind, a terminal's commands in seven and in eight bits, and what turns the order of letters round.
NASTY = f"\r\n{FORGED}\n\x1b[2J\x1b]0;title\x07\x08\x7f\u0085{FORGED}\u2028{FORGED}\u2029\u009b31m\u202edlrow\u2066"
UNSEEN = re.compile("[\\x00-\\x1f\\x7f-\\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
LINE = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d - [\w.]+ - [A-Z]+ - \S.*|(?:INFO:     |Listening on http)\S.*|\{.*\}"
)
INJECTED = "x\r\nX-Injected: yes\r\n\r\n<html>"
CHAT = b'{"messages":[{"role":"user","content":"hi"}]}'


@pytest.fixture(scope="module", params=["text", "json"])
def talkative(request: pytest.FixtureRequest, start_world: StartWorld) -> World:
    return start_world(PAIS_LOG_FORMAT=request.param, LOG_LEVEL="TRACE", AGENT_ACCESS_LOG="true")


def let_those_who_are_asked_write(world: World) -> None:
    """The model, the MCP server and the agent, in answers and in refusals."""
    nasty = {"messages": [{"role": "user", "content": NASTY}], "tools": [NASTY], "model": NASTY, "user": NASTY}
    world.mcp.result = json.dumps({"isError": True, "content": [{"type": "text", "text": NASTY}]})
    world.worker.reply = fails(500, NASTY)
    world.model.will(calls(Call(NASTY, "{}", id=NASTY), Call("look", NASTY, id="c1"), delegate(NASTY)), says("over"))
    world.post(nasty)
    for answer in (
        fails(400, NASTY),
        answers(503, NASTY.encode()),
        says("x", more={"model": NASTY}, finish=NASTY),
        answers(200, {"error": {"message": NASTY, "code": NASTY}}),
        answers(200, NASTY.encode(), Content_Type="text/html"),
    ):
        world.model.will(answer)
        world.post(nasty)
    world.mcp.result = lambda asked: [http(500, NASTY.encode())]
    world.model.will(calls(look(), delegate()), says("over"))
    world.post(nasty)


def let_clients_write(world: World) -> None:
    """In headers, where all but the first 32 characters are let through, and in request lines."""
    beyond_ascii = re.sub("[\x00-\x1f\x7f]", "", NASTY).encode()
    for name in (b"X-Session-ID", b"X-Request-ID", b"User-Agent", b"traceparent", b"baggage", b"Origin", b"X-API-Key"):
        world.model.will(fails(400))
        post_raw(world.url, CHAT, name + b": " + beyond_ascii)
        world.model.forget()
    world.model.will(calls(delegate()), says("over"))
    path = {"X-PAIS-Delegation-Path": f"a%0A%1b%C2%9b{FORGED},vault", "X-PAIS-Delegation-Depth": "99"}
    world.post(json.loads(CHAT), headers=path)
    for target in (re.sub(rb"[^\x21-\x7e]", b"", beyond_ascii), beyond_ascii):
        raw(world.url, b"GET /" + target + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")


def test_a_line_of_the_log_is_ours_from_its_first_letter_to_its_last(talkative: World) -> None:
    let_those_who_are_asked_write(talkative)
    let_clients_write(talkative)
    talkative.running.ask_to_end()
    talkative.running.wait()

    assert sum("forged" in line for line in talkative.running.output) > 5  # it was written of
    for line in talkative.running.output:
        assert LINE.fullmatch(line), line
        assert not UNSEEN.search(line), line
        if line.startswith("{"):
            assert json.loads(line)["logger"].startswith("pais")


def head_of(answer: bytes) -> bytes:
    return answer.partition(b"\r\n\r\n")[0].lower()


@pytest.mark.parametrize("name", ["session_id", "model", "user", "stream", "temperature"])
def test_no_member_of_a_body_starts_a_header(world: World, name: str) -> None:
    world.model.always(says("hello"))
    body = {"messages": [{"role": "user", "content": INJECTED}], name: INJECTED}

    answer = post_raw(world.url, json.dumps(body).encode())

    assert b"x-injected" not in head_of(answer)
    assert answer.count(b"\r\n\r\n") == 1


@pytest.mark.parametrize("ending", [b"\r", b"\n", b"\0", b"\r\n ", b"\x0b", b"\x7f"])
@pytest.mark.parametrize("name", [b"X-Session-ID", b"X-Request-ID", b"Access-Control-Request-Headers"])
def test_no_header_of_a_request_starts_one_of_the_answer(world: World, name: bytes, ending: bytes) -> None:
    answer = post_raw(world.url, CHAT, name + b": x" + ending + b"X-Injected: yes")

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"x-injected" not in answer.lower()


@pytest.mark.parametrize("offered", [b"a b", b"\xc3\xa9", b"x" * 129, b"a\tb", b""])
def test_a_request_id_that_is_not_plain_is_replaced(world: World, offered: bytes) -> None:
    world.model.will(says("hello"))

    answer = head_of(post_raw(world.url, CHAT, b"X-Request-ID: " + offered))

    assert re.search(rb"\r\nx-request-id: [0-9a-f]{32}\r\n", answer)


def test_no_answer_of_a_model_starts_a_header(world: World) -> None:
    for wait in ("1\r\nX-Injected: yes", "1\tX-Injected: yes", "1, X-Injected", "-1", "9" * 400, "1e3"):
        world.model.will(answers(429, INJECTED.encode(), Retry_After=wait))

        answer = head_of(post_raw(world.url, CHAT))

        assert b"x-injected" not in answer, answer
        assert re.search(rb"\r\nretry-after: \d{1,10}(\r\n|$)", answer + b"\r\nretry-after: 0"), answer
    world.model.will(says("x", more={"id": INJECTED, "model": INJECTED}, finish=INJECTED))
    assert b"x-injected" not in head_of(post_raw(world.url, CHAT))


def test_no_session_of_an_mcp_server_starts_a_header_of_ours(start_world: StartWorld) -> None:
    """Header values of its own are sent back to it, and arguments that it wants to see in headers."""
    world = start_world()
    world.mcp.result = json.dumps({"content": [{"type": "text", "text": INJECTED}], "nextCursor": INJECTED})

    assert world.told_of(look(path=INJECTED)) == [INJECTED]
    assert not any("x-injected" in asked.headers for asked in world.mcp.asked)


@pytest.mark.parametrize("name", ["Host", "X-Forwarded-Host", "X-Forwarded-Prefix", "X-Forwarded-Proto", "Forwarded"])
def test_no_header_puts_words_of_its_own_into_the_card(world: World, name: str) -> None:
    for value in ('127.0.0.1/"><script>', "127.0.0.1@elsewhere", "//elsewhere/", "javascript:alert(1)", "/../..//x"):
        given = f'host="{value}"' if name == "Forwarded" else value
        headers = {"Host": "localhost", name: given}
        answer = world.get("/.well-known/agent.json", headers)

        if answer.status == 200:
            assert re.fullmatch(r"http://localhost(:\d+)?", answer.json["url"]), answer.json["url"]
        else:
            assert answer.status in (400, 421)
