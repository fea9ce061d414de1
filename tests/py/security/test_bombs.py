"""Bodies that are made to be large, deep or unreadable: to the host, and from those it asks."""

from __future__ import annotations

import gzip
import itertools
import json
import socketserver
import sqlite3
import threading
import zlib
from contextlib import closing, suppress
from pathlib import Path

import pytest

from conftest import StartHost
from fake_model import Call, answers, says, sends, streams
from fake_model.replies import Asked, Reply, http
from redis_server import RedisServer
from security.world import DEEP, World, ask, delegate, look, post_raw
from until import eventually

HUGE = "9" * 5_000
# Small on the wire, and good answers once they are unpacked: who unpacks them is seen to do so.
UNPACKED = b'{"choices":[{"message":{"content":"unpacked"},"finish_reason":"stop"}]}' + b" " * 3_000_000
CHAT = b'{"messages":[{"role":"user","content":"hi"}]}'
PACK = {"gzip": gzip.compress, "deflate": zlib.compress}


def compressed(coding: str) -> Reply:
    return sends(http(200, PACK[coding](UNPACKED), {"Content-Encoding": coding}))


def compressed_result(coding: str) -> Reply:
    def reply(asked: Asked) -> list[bytes]:
        result = {"content": [{"type": "text", "text": "unpacked" + " " * 3_000_000}]}
        body = json.dumps({"jsonrpc": "2.0", "id": asked.body["id"], "result": result})
        return [http(200, PACK[coding](body.encode()), {"Content-Encoding": coding})]

    return reply


def plain(message: str, usage: str = "{}") -> Reply:
    """A model's answer whose JSON is written by hand."""
    text = f'{{"choices":[{{"message":{message},"finish_reason":"stop"}}],"usage":{usage}}}'
    return answers(200, text.encode())


@pytest.mark.parametrize("coding", PACK)
def test_compressed_answers_are_read_from_nobody(world: World, coding: str) -> None:
    world.mcp.result = compressed_result(coding)
    world.worker.reply = compressed(coding)
    told = world.told_of(look(), delegate())
    world.model.will(compressed(coding))
    answer = world.chat("hello")

    assert "gave no answer that could be understood" in told[0]
    assert told[1] == "[Delegation failed: Agent worker sent no usable answer]"
    assert answer.refusal == (502, "model_error")


def test_a_compressed_request_is_not_unpacked(world: World) -> None:
    assert world.post(gzip.compress(CHAT), headers={"Content-Encoding": "gzip"}).refusal == (
        415,
        "unsupported_encoding",
    )


@pytest.mark.parametrize(
    "body",
    [
        DEEP,
        f'{{"messages":{DEEP}}}',
        f'{{"messages":[{{"role":"user","content":"hi"}}],"metadata":{DEEP}}}',
        '{"a":' * 100_000 + "1" + "}" * 100_000,
        '{"messages":[{"role":"user","content":"hi"}],"temperature":1e400}',
        '{"messages":[{"role":"user","content":"hi"}],"temperature":1' + "0" * 400 + "}",
    ],
    ids=["brackets", "messages", "metadata", "braces", "a number without end", "a number that is long"],
)
def test_a_body_that_is_too_deep_or_holds_no_number_is_refused(world: World, body: str) -> None:
    assert world.post(body.encode()).refusal == (400, "bad_json")


def test_what_is_said_again_in_every_chunk_is_short(world: World) -> None:
    prompt = [{"role": "user", "content": "hi"}]

    assert world.chat(prompt, model="m" * 1025).refusal == (400, "invalid_value")
    assert world.chat(prompt, session_id="s" * 257).refusal == (400, "invalid_session_id")
    assert world.model.asked == []


@pytest.mark.parametrize("value", ["18446744073709551615", "-9223372036854775808"])
def test_a_number_at_the_end_of_its_type_is_a_session(world: World, value: str) -> None:
    world.model.will(says("hello"))

    answer = world.post(f'{{"messages":[{{"role":"user","content":"hi"}}],"session_id":{value}}}'.encode())

    assert answer.json["session_id"] == value


def test_of_a_key_that_is_there_twice_the_last_one_counts(world: World) -> None:
    world.model.will(says("hello"))

    answer = world.post(b'{"messages":[],"messages":[{"role":"user","content":"first","content":"last"}]}')

    assert answer.text == "hello"
    assert world.model.last.prompt == "last"


@pytest.mark.parametrize("bad", [b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"a\x00b"])
def test_bytes_that_are_no_text_are_refused(world: World, bad: bytes) -> None:
    in_body = post_raw(world.url, b'{"messages":[{"role":"user","content":"' + bad + b'"}]}')
    in_session = post_raw(world.url, CHAT, b"X-Session-ID: " + bad)
    in_path = post_raw(world.url, CHAT, b"\r\nGET /" + bad + b" HTTP/1.1")

    assert b'"code":"bad_json"' in in_body
    assert in_session.startswith(b"HTTP/1.1 400 ")
    assert in_path.startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("stream", [False, True])
def test_a_model_that_nests_without_end_has_said_nothing(world: World, stream: bool) -> None:
    world.model.will(
        streams(f'{{"choices":[{{"delta":{DEEP}}}]}}') if stream else plain(f'{{"content":"x","extra":{DEEP}}}')
    )

    assert world.ask("hello", stream=stream).answer().refusal == (502, "model_bad_response")


@pytest.mark.parametrize("arguments", [DEEP, '{"a":' + DEEP + "}", f'{{"task":{HUGE}}}', '{"task":1e999}'])
def test_arguments_that_cannot_be_read_are_the_models_mistake(world: World, arguments: str) -> None:
    told = world.told_of(Call("look", arguments, id="c1"), Call("delegate_to_worker", arguments, id="c2"))

    assert all("arguments" in text.lower() or "task" in text for text in told), told


@pytest.mark.parametrize(
    "result",
    [DEEP, f'{{"content":[],"structuredContent":{DEEP}}}', '{"content":[],"structuredContent":1e999}'],
    ids=["deep", "deep inside", "no number"],
)
def test_a_result_that_cannot_be_read_is_told_as_such(world: World, result: str) -> None:
    world.mcp.result = result

    assert "gave no answer that could be understood" in world.told_of(look())[0]


def test_a_text_that_nests_without_end_stays_text(world: World) -> None:
    world.mcp.result = json.dumps({"content": [{"type": "text", "text": DEEP}]})
    world.worker.reply = says(DEEP)

    assert world.told_of(look(), delegate()) == [DEEP, DEEP]


@pytest.mark.parametrize("count", ["-1", "1e300", HUGE, "9223372036854775807", "18446744073709551615", "null", '"7"'])
def test_usage_that_is_no_number_of_tokens_makes_none_of_ours(world: World, count: str) -> None:
    usage = f'{{"prompt_tokens":{count},"completion_tokens":{count},"total_tokens":{count}}}'
    world.model.will(plain('{"content":"fine"}', usage))

    answer = world.chat("hello")

    if answer.status == 200:
        assert all(isinstance(value, int) and 0 <= value < 2**63 for value in answer.json["usage"].values())
    else:
        assert answer.refusal == (502, "model_bad_response")  # no type holds it


def test_what_is_no_text_never_reaches_a_client(world: World) -> None:
    world.model.will(answers(200, b'{"choices":[{"message":{"content":"\xff\xfe"},"finish_reason":"stop"}]}'))
    plain_answer = world.chat("hello")
    world.model.will(streams(b"e\r\ndata: \xff\xfe\xfd...\n\n\r\n"))
    streamed = world.ask("hello", stream=True).answer()

    for answer in (plain_answer, streamed):
        assert answer.refusal == (502, "model_bad_response")


def test_what_is_no_text_is_no_result(world: World) -> None:
    def result(asked: Asked) -> list[bytes]:
        body = b'{"jsonrpc":"2.0","id":%s,"result":{"content":[{"type":"text","text":"\xff"}]}}'
        return [http(200, body % json.dumps(asked.body["id"]).encode())]

    world.mcp.result = result
    world.worker.reply = answers(200, b'{"choices":[{"message":{"content":"\xff"}}]}')

    told = world.told_of(look(), delegate())

    assert "gave no answer that could be understood" in told[0]
    assert told[1] == "[Delegation failed: Agent worker sent no usable answer]"


EVENT = {"event_id": "event_1", "timestamp": "2026-11-20T20:27:27+00:00", "event_type": "user_message"}


def test_events_of_a_redis_that_nest_without_end_are_passed_over(start_host: StartHost, tmp_path: Path) -> None:
    redis = RedisServer(tmp_path)
    try:
        host = start_host("--mock=Hello!", AGENT_NAME="a", MEMORY_TYPE="redis", MEMORY_REDIS_URL=redis.url)
        assert chat(host.url) == "Hello!"
        deep = json.dumps({**EVENT, "content": 0}).replace("0}", "[" * 10_000 + "]" * 10_000 + "}")
        redis.tell("RPUSH", "kaos:memory:events:s1", deep, "\\xff", '{"event_type":"user_message"}', "x" * 100_000)

        assert chat(host.url) == "Hello!"
        assert len(json.loads(ask(host.url, "GET", "/memory/events?session_id=s1")[1])["events"]) == 4
    finally:
        redis.kill()


def test_a_file_of_sessions_may_hold_anything(start_host: StartHost, tmp_path: Path) -> None:
    settings = {"AGENT_NAME": "a", "MEMORY_PATH": str(tmp_path / "sessions"), "DEBUG_MOCK_RESPONSES": "Hello!"}
    before = start_host(**settings)
    assert chat(before.url) == "Hello!"
    assert before.stop() == 0
    with closing(sqlite3.connect(tmp_path / "sessions")) as file, file:
        file.execute("UPDATE events SET content = ?, is_json = 1, metadata = ?, time = ?", (DEEP, DEEP, 2**63 - 1))
        file.execute(
            "INSERT INTO events SELECT session, 99, x'ff', 0, x'ff', x'ff', 1, '', '', '', '{' FROM events LIMIT 1"
        )

    after = start_host(**settings)

    assert chat(after.url) == "Hello!"
    stored = json.loads(ask(after.url, "GET", "/memory/events?session_id=s1")[1])["events"]
    assert stored[0]["content"] == DEEP  # what is no JSON of ours is text
    assert stored[0]["timestamp"].startswith("2262-04-11")


GARBAGE = [
    b"*1\r\n" * 100_000,
    b"*2147483647\r\n" + b":1\r\n" * 1000,
    b"$99999999999999999999\r\n",
    b"*-7\r\n",
    b"HTTP/1.1 200 OK\r\n\r\n",
]


def test_a_redis_that_answers_with_garbage_is_one_that_is_away(start_host: StartHost) -> None:
    garbage = itertools.cycle(GARBAGE)
    answered: list[bytes] = []

    class Answer(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            answer = next(garbage)
            answered.append(answer)
            with suppress(OSError):
                self.request.recv(100_000)
                self.request.sendall(answer)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Answer) as redis:
        threading.Thread(target=redis.serve_forever, args=(0.01,), daemon=True).start()
        address = f"redis://127.0.0.1:{redis.server_address[1]}"
        host = start_host("--mock=Hello!", AGENT_NAME="a", MEMORY_TYPE="redis", MEMORY_REDIS_URL=address)

        eventually(lambda: chat(host.url) == "Hello!" and len({*answered}) >= len(GARBAGE), "all garbage was sent")

        assert json.loads(ask(host.url, "GET", "/ready")[1])["degraded"] == ["memory"]
        redis.shutdown()


def chat(url: str) -> str:
    body = {"messages": [{"role": "user", "content": "hi"}], "session_id": "s1"}
    status, text = ask(url, "POST", "/v1/chat/completions", body=body)
    assert status == 200, text
    return str(json.loads(text)["choices"][0]["message"]["content"])
