"""What is special about a memory in this process, in a SQLite file and in a Redis; and how each of them ends."""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from pais.memory import LocalMemory, Memory, MemoryUnavailable, NullMemory, RedisMemory
from redis_server import RedisServer

pytestmark = pytest.mark.anyio

PATIENCE = 20.0
NOWHERE = "redis://ann:s3cret@127.0.0.1:1"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.kill()


async def say(memory: Memory, session_id: str, *texts: str) -> None:
    await memory.get_or_create_session(session_id)
    for text in texts:
        assert await memory.add_event(session_id, "user_message", text)


async def said(memory: Memory, session_id: str) -> list[object]:
    return [event.content for event in await memory.get_session_events(session_id)]


# --- limits ---


async def test_the_oldest_events_of_a_session_make_room() -> None:
    memory = LocalMemory(max_sessions=10, max_events_per_session=5)

    await say(memory, "monday", *(f"message {number}" for number in range(7)))

    assert await said(memory, "monday") == [f"message {number}" for number in range(2, 7)]
    session = await memory.get_session("monday")
    assert session is not None
    assert session.events.maxlen == 5


async def test_the_sessions_that_were_silent_longest_make_room() -> None:
    memory = LocalMemory(max_sessions=2)
    await say(memory, "monday", "hello")
    await say(memory, "tuesday", "hello")
    await say(memory, "monday", "again")

    await say(memory, "wednesday", "hello")

    assert set(await memory.list_sessions()) == {"monday", "wednesday"}


@pytest.mark.parametrize("name", ["max_sessions", "max_events_per_session"])
@pytest.mark.parametrize("kind", [LocalMemory, RedisMemory])
def test_a_limit_of_nothing_is_refused_by_its_name(kind: type[Memory], name: str) -> None:
    with pytest.raises(ValueError, match=name):
        kind(**{name: 0})


async def test_content_over_the_limit_is_cut_and_marked() -> None:
    memory = LocalMemory()

    await say(memory, "monday", "é" * 100_000)

    [event] = await memory.get_session_events("monday")
    assert event.content == "é" * 32768
    assert event.metadata == {"content.length": 200_000, "content.truncated": True}


async def test_content_without_a_json_form_is_kept_as_its_text() -> None:
    memory = LocalMemory()
    await memory.create_session("shop", "ann", "monday")

    await memory.add_event(
        "monday", "note", {"path": Path("/tmp"), "reasons": {1}, "never": float("inf"), 1: b"\xff", "what": 2j}
    )

    [content] = await said(memory, "monday")
    assert content == {"path": "/tmp", "reasons": [1], "never": "Infinity", "1": "_w==", "what": "2j"}


async def test_what_cannot_be_an_event_is_refused_and_nothing_is_added() -> None:
    memory = LocalMemory()
    await memory.create_session("shop", "ann", "monday")
    endless: list[object] = []
    for _ in range(70):
        endless = [endless]

    for event_type, content in (("", "no type"), ("note", endless), ("note", "\ud800")):
        with pytest.raises(ValueError, match=r"\w"):
            await memory.add_event("monday", event_type, content)

    assert await said(memory, "monday") == []


# --- SQLite ---


async def test_a_file_keeps_sessions_over_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "sessions.db"
    memory = LocalMemory(path=path)
    await say(memory, "monday", "hello")
    before = await memory.get_session("monday")
    await memory.close()

    memory = LocalMemory(path=str(path))

    assert await memory.get_session("monday") == before
    await memory.close()


async def test_a_file_belongs_to_one_memory_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "sessions.db"
    memory = LocalMemory(path=path)

    with pytest.raises(MemoryUnavailable, match=r"sessions\.db"):
        LocalMemory(path=path)

    await memory.close()


async def test_a_damaged_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    path = tmp_path / "sessions.db"
    path.write_text("This is no database. " * 500)

    with pytest.raises(RuntimeError, match=r"sessions\.db"):
        LocalMemory(path=path)


def test_a_file_that_was_let_go_of_can_be_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "sessions.db"
    memory = LocalMemory(path=path)
    asyncio.run(say(memory, "monday", "hello"))

    del memory
    gc.collect()

    memory = LocalMemory(path=path)
    assert asyncio.run(said(memory, "monday")) == ["hello"]
    asyncio.run(memory.close())


async def test_what_is_added_after_the_end_is_refused(tmp_path: Path) -> None:
    memory = LocalMemory(path=tmp_path / "sessions.db")
    await say(memory, "monday", "hello")
    await memory.close()

    with pytest.raises(MemoryUnavailable, match="closed"):
        await memory.add_event("monday", "user_message", "too late")
    await memory.close()


# --- Redis ---


async def test_redis_has_the_keys_and_values_of_the_contract(redis: RedisServer) -> None:
    memory = RedisMemory(redis.url, key_prefix="test:memory", session_ttl_hours=2)

    await memory.create_session("shop", "ann", "monday")
    event = memory.create_event("user_message", "hello", {"run_id": "run_1"})
    await memory.add_event("monday", event)

    session = redis.tell("hgetall", "test:memory:session:monday").split("\n")
    fields = dict(zip(session[::2], session[1::2], strict=True))
    assert {"session_id": "monday", "user_id": "ann", "app_name": "shop"}.items() <= fields.items()
    assert fields["created_at"].endswith("+00:00")
    assert json.loads(redis.tell("lrange", "test:memory:events:monday", "0", "-1")) == event.to_dict()
    assert redis.tell("zrange", "test:memory:sessions", "0", "-1") == "monday"
    assert 7100 < int(redis.tell("ttl", "test:memory:session:monday")) <= 7200
    await memory.close()


async def test_two_memories_on_one_redis_see_the_same_sessions(redis: RedisServer) -> None:
    mine, theirs = RedisMemory(redis.url), RedisMemory(redis.url)

    await say(mine, "monday", "hello")

    assert await said(theirs, "monday") == ["hello"]
    await theirs.close()
    await mine.close()


async def test_sessions_of_other_agents_are_not_listed(redis: RedisServer) -> None:
    ann, bob = RedisMemory(redis.url, agent_name="ann"), RedisMemory(redis.url, agent_name="bob")
    await say(ann, "monday", "hello")
    await say(bob, "tuesday", "hello")

    assert await ann.list_sessions() == ["monday"]
    await ann.close()
    await bob.close()


async def test_an_event_somebody_else_wrote_is_read_and_what_is_none_is_skipped(redis: RedisServer) -> None:
    memory = RedisMemory(redis.url)
    await memory.create_session("shop", "ann", "monday")
    older = {"event_id": "event_1", "timestamp": "2026-11-20T20:27:27.98Z", "event_type": "note", "content": [1]}
    redis.tell("rpush", "kaos:memory:events:monday", json.dumps(older), "{broken")

    [event] = await memory.get_session_events("monday")

    assert event.to_dict() == {**older, "timestamp": "2026-11-20T20:27:27.980000+00:00", "metadata": {}}
    await memory.close()


async def test_a_redis_that_is_away_is_said_without_its_password() -> None:
    memory = RedisMemory(NOWHERE)

    with pytest.raises(MemoryUnavailable) as raised:
        await memory.get_or_create_session("monday")

    assert "s3cret" not in str(raised.value)
    assert "s3cret" not in repr(memory)
    await memory.close()


async def test_a_url_that_is_none_is_refused_without_being_quoted() -> None:
    with pytest.raises(ValueError, match=r"\w") as raised:
        RedisMemory("http://ann:s3cret@127.0.0.1")

    assert "s3cret" not in str(raised.value)


async def test_a_redis_that_comes_back_is_used_again(redis: RedisServer) -> None:
    memory = RedisMemory(redis.url)
    await say(memory, "monday", "hello")
    redis.kill()
    with pytest.raises(MemoryUnavailable):
        await memory.add_event("monday", "user_message", "anybody?")

    redis.start()

    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            await say(memory, "tuesday", "here again")
            break
        except MemoryUnavailable:
            assert time.monotonic() < deadline, "the Redis is back, but the memory has not noticed"
    assert await said(memory, "tuesday") == ["here again"]
    await memory.close()


async def test_the_loop_goes_on_while_a_redis_does_not_answer(redis: RedisServer) -> None:
    memory = RedisMemory(redis.url)
    await say(memory, "monday", "hello")
    redis.tell("client", "pause", "60000")

    asked = asyncio.create_task(memory.get_session("monday"))
    ticks = 0
    while not asked.done():
        ticks += 1
        await asyncio.sleep(0)

    assert ticks > 10
    with pytest.raises(MemoryUnavailable):
        await asked
    await memory.close()


# --- what a host serves from ---


def test_the_memories_of_pais_are_served_from_their_stores() -> None:
    assert LocalMemory().store is not None
    assert NullMemory().store is not None


def test_methods_that_a_user_wrote_are_not_passed_by() -> None:
    class Counting(LocalMemory):
        async def delete_session(self, session_id: str) -> bool:
            return await super().delete_session(session_id)

    assert Counting().store is None


# --- threads, loops, the end ---


def test_threads_with_loops_of_their_own_share_a_memory(redis: RedisServer) -> None:
    memory = RedisMemory(redis.url)
    failures: list[BaseException] = []

    def talk(number: int) -> None:
        try:
            asyncio.run(say(memory, f"day-{number}", "one", "two"))
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=talk, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert asyncio.run(memory.get_memory_stats())["total_events"] == 12
    asyncio.run(memory.close())


@pytest.mark.parametrize("make", [LocalMemory, NullMemory, lambda: RedisMemory(NOWHERE)])
def test_a_memory_that_nobody_holds_is_let_go_of(make: type[Memory]) -> None:
    memory = make()
    store = weakref.ref(memory)

    del memory
    gc.collect()

    assert store() is None


def run_script(text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", text], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )


def test_memory_is_there_without_pydantic_ai(tmp_path: Path) -> None:
    script = "import sys, pais.memory; print([name for name in sys.modules if name.startswith('pydantic_ai')])"

    done = run_script(script, tmp_path)

    assert (done.stdout.strip(), done.returncode) == ("[]", 0)


@pytest.mark.parametrize(
    "ending",
    ["", "raise SystemExit(0)", "memory.itself = memory", "import builtins; builtins.kept = memory"],
    ids=["by itself", "by an exit", "in a circle", "held to the very end"],
)
@pytest.mark.parametrize("made", ["LocalMemory(path='sessions.db')", f"RedisMemory({NOWHERE!r})"])
def test_a_program_ends_politely_with_a_memory_still_open(tmp_path: Path, made: str, ending: str) -> None:
    script = f"from pais.memory import LocalMemory, RedisMemory\nmemory = {made}\n{ending}"

    done = run_script(script, tmp_path)

    assert done.returncode == 0, done.stderr


def test_what_was_added_is_there_although_the_program_closed_nothing(tmp_path: Path) -> None:
    script = """
import asyncio, builtins
from pais.memory import LocalMemory
async def main():
    builtins.kept = memory = LocalMemory(path="sessions.db")
    await memory.create_session("shop", "ann", "monday")
    await memory.add_event("monday", "user_message", "hello")
asyncio.run(main())
"""
    done = run_script(script, tmp_path)
    assert done.returncode == 0, done.stderr

    memory = LocalMemory(path=tmp_path / "sessions.db")

    assert asyncio.run(said(memory, "monday")) == ["hello"]
    asyncio.run(memory.close())
