"""A Redis that is away, comes back, stalls or is full, and a disk that is, as the clients of a host see it."""

from __future__ import annotations

import json
import resource
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import kills
from conftest import StartHost
from host import RunningHost
from redis_server import RedisServer

SLOW = {"DEBUG_MOCK_RESPONSES": '["one two three four five six seven eight"]', "PAIS_MOCK_DELAY_MS": "100"}


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path)
    yield server
    server.resume()
    server.kill()


def over(redis: RedisServer, **more: str) -> dict[str, str]:
    return {**kills.SCRIPT, "MEMORY_TYPE": "redis", "MEMORY_REDIS_URL": redis.url, **more}


def chat(host: RunningHost, prompt: str) -> tuple[int, str | None, str]:
    """Status, what is said of the memory, and the body."""
    body = {"messages": [{"role": "user", "content": prompt}], "session_id": "monday"}
    status, headers, text = kills.call(host.url, "POST", "/v1/chat/completions", body)
    return status, headers["X-PAIS-Memory"], text


def remembered(host: RunningHost) -> list[Any]:
    return [event["content"] for event in kills.stored(host.url, "monday") if event["event_type"] == "user_message"]


def degraded(host: RunningHost) -> list[str]:
    status, _, text = kills.call(host.url, "GET", "/ready")
    assert status == 200, text
    return list(json.loads(text).get("degraded", []))


def wait_until_it_is_back(host: RunningHost) -> None:
    kills.wait_until(lambda: degraded(host) == [])


def let_files_grow_to(host: RunningHost, most: int) -> None:
    resource.prlimit(host.process.pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))


def test_a_disk_is_known_to_be_full_from_the_first_turn_that_finds_it_so(pais_host: Path, tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    command = ["sh", "-c", 'trap "" XFSZ; exec "$0" "$@"', pais_host, "--port", "0"]
    host = RunningHost(command, {**kills.SCRIPT, "MEMORY_PATH": str(files / "sessions.db")}, tmp_path)
    host.wait_until_listening()
    assert chat(host, "small")[:2] == (200, None)
    let_files_grow_to(host, 40_000 + max(each.stat().st_size for each in files.iterdir()))
    large = "x" * 60_000

    told = [chat(host, prompt)[:2] for prompt in (large, "small")]

    assert told == [(200, "unavailable")] * 2
    let_files_grow_to(host, resource.RLIM_INFINITY)
    wait_until_it_is_back(host)
    assert chat(host, "small")[:2] == (200, None)
    assert remembered(host) == ["small", large, "small", "small"]
    assert host.stop() == 0


def lines_about(host: RunningHost, words: str) -> int:
    return sum(words in line for line in host.output)


def test_turns_go_on_without_history_while_it_is_away_and_are_written_when_it_is_back(
    redis: RedisServer, start_host: StartHost
) -> None:
    host = start_host(**over(redis))
    assert chat(host, "before")[:2] == (200, None)
    redis.tell("save")
    redis.kill()

    assert [chat(host, prompt)[:2] for prompt in ("one", "two", "three")] == [(200, "unavailable")] * 3
    assert degraded(host) == ["memory"]
    status, _, text = kills.call(host.url, "GET", "/memory/events")
    assert (status, json.loads(text)["error"]["code"]) == (503, "memory_unavailable")

    redis.start()
    wait_until_it_is_back(host)
    assert remembered(host) == ["before", "one", "two", "three"]
    assert chat(host, "after")[:2] == (200, None)
    assert lines_about(host, "is away, turns go on without history") == 1
    assert lines_about(host, "is back") == 1


def test_a_host_starts_while_it_is_away_and_finds_it_later(redis: RedisServer, start_host: StartHost) -> None:
    redis.kill()
    host = start_host(**over(redis))

    assert chat(host, "one")[:2] == (200, "unavailable")

    redis.start()
    wait_until_it_is_back(host)
    assert remembered(host) == ["one"]


def test_a_turn_in_whose_midst_it_is_killed_and_restarted_is_there_once(
    redis: RedisServer, start_host: StartHost
) -> None:
    host = start_host(**over(redis, **SLOW))

    with kills.begun_turn(host.url, "monday", "hello") as answer:
        redis.kill()
        redis.start()
        assert answer.read().endswith(b"data: [DONE]\n\n")

    wait_until_it_is_back(host)
    kills.wait_until(lambda: len(kills.stored(host.url, "monday")) == 2)
    assert remembered(host) == ["hello"]


def test_turns_go_on_while_it_is_paused_for_five_seconds(redis: RedisServer, start_host: StartHost) -> None:
    host = start_host(**over(redis))
    assert chat(host, "before")[:2] == (200, None)
    redis.pause()

    asked = ["before"]
    until = time.monotonic() + 5
    while time.monotonic() < until:
        asked.append(f"turn {len(asked)}")
        status, memory, _ = chat(host, asked[-1])
        assert (status, memory) == (200, "unavailable")
        if len(asked) > 100:
            time.sleep(0.1)  # so many turns are kept as one would have in five seconds, and no more

    redis.resume()
    wait_until_it_is_back(host)
    kills.wait_until(lambda: len(remembered(host)) >= len(asked))
    assert sorted(remembered(host)) == sorted(asked)


def test_turns_go_on_while_it_is_full_and_are_written_when_there_is_room(
    redis: RedisServer, start_host: StartHost
) -> None:
    host = start_host(**over(redis))
    assert chat(host, "before")[:2] == (200, None)
    redis.tell("config", "set", "maxmemory", "1")

    assert chat(host, "full")[:2] == (200, "unavailable")

    redis.tell("config", "set", "maxmemory", "0")
    wait_until_it_is_back(host)
    assert remembered(host) == ["before", "full"]


def test_a_session_that_was_deleted_before_it_went_remembers_the_turns_that_began_after_that(
    redis: RedisServer, start_host: StartHost
) -> None:
    host = start_host(**over(redis))
    assert chat(host, "before")[:2] == (200, None)
    assert kills.call(host.url, "DELETE", "/memory/sessions/monday")[0] == 200
    redis.tell("save")
    redis.kill()

    assert chat(host, "while it was away")[:2] == (200, "unavailable")

    redis.start()
    wait_until_it_is_back(host)
    assert remembered(host) == ["while it was away"]
    assert lines_about(host, "not kept") == 0


def test_a_turn_is_whole_though_the_redis_lost_its_beginning_and_another_host_is_at_its_session(
    redis: RedisServer, start_host: StartHost
) -> None:
    here, there = start_host(**over(redis, **SLOW)), start_host(**over(redis, **SLOW))

    with kills.begun_turn(here.url, "monday", "lost") as answer:
        redis.kill()
        redis.start()
        wait_until_it_is_back(there)
        with kills.begun_turn(there.url, "monday", "other") as other:
            assert answer.read().endswith(b"data: [DONE]\n\n")
            assert other.read().endswith(b"data: [DONE]\n\n")

    wait_until_it_is_back(here)
    kills.wait_until(lambda: len(kills.stored(there.url, "monday")) == 4)
    assert sorted(remembered(there)) == ["lost", "other"]


def test_strictly_there_is_no_turn_while_it_is_away(redis: RedisServer, start_host: StartHost) -> None:
    host = start_host(**over(redis, PAIS_STRICT="true"))
    assert chat(host, "before")[:2] == (200, None)
    redis.kill()

    body = {"messages": [{"role": "user", "content": "away"}], "session_id": "monday"}
    status, headers, text = kills.call(host.url, "POST", "/v1/chat/completions", body)

    assert (status, json.loads(text)["error"]["code"]) == (503, "memory_unavailable")
    assert int(headers["Retry-After"]) >= 1
    redis.start()
    wait_until_it_is_back(host)
    assert chat(host, "after")[:2] == (200, None)


def test_strictly_there_is_no_start_while_it_is_away(redis: RedisServer, pais_host: Path, tmp_path: Path) -> None:
    redis.kill()
    environment = over(redis, PAIS_STRICT="true")

    ended = subprocess.run(
        [pais_host, "--port", "0"],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert ended.returncode == 2, ended.stderr
    assert "opening the session memory" in ended.stdout + ended.stderr


@pytest.mark.parametrize("password", ["open-sesame", "p@ss/open-sesame"])
def test_a_password_in_its_address_is_in_no_log_and_no_answer(start_host: StartHost, password: str) -> None:
    host = start_host(
        **{**kills.SCRIPT, "MEMORY_TYPE": "redis", "MEMORY_REDIS_URL": f"redis://ada:{password}@127.0.0.1:1/0"}
    )

    answers = [chat(host, "hello")[2], kills.call(host.url, "GET", "/memory/events")[2]]

    kills.wait_until(lambda: lines_about(host, "is away") == 1)
    assert not any("open-sesame" in text for text in [*answers, *host.output])
