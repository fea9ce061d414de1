"""What every Memory of Python does: those that PAIS brings, one that a user wrote, and that one asked by the host."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from own_memory import OwnMemory
from pais.memory import LocalMemory, Memory, MemoryEvent, NullMemory, RedisMemory, SessionMemory
from pais.memory.stores import StoredMemory
from pais.user_memory import UserMemory
from redis_server import RedisServer

pytestmark = pytest.mark.anyio

MakeMemory = Callable[[], Memory]

ROUND_TRIPS = [
    pytest.param("text", id="a text"),
    pytest.param("3", id="a text that is a number"),
    pytest.param("", id="an empty text"),
    pytest.param("naïve 日本語 \x00 🎉", id="any character"),
    pytest.param(None, id="nothing"),
    pytest.param(3, id="a number"),
    pytest.param(2.5, id="a fraction"),
    pytest.param(False, id="a boolean"),
    pytest.param([1, "two", None], id="a list"),
    pytest.param({"tool": "add", "arguments": {"a": 1, "b": [True]}}, id="an object"),
]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.kill()


@pytest.fixture(params=["local", "sqlite", "redis", "own", "own asked by the host"])
async def memory(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Memory]:
    kind = request.param
    if kind == "own asked by the host":
        asked = UserMemory(OwnMemory())
        asked.attach(asyncio.get_running_loop())
        yield StoredMemory(asked.store, max_events_per_session=500, waits=True)
        asked.detach()
        return
    made: Memory
    if kind == "local":
        made = LocalMemory()
    elif kind == "sqlite":
        made = LocalMemory(path=tmp_path / "sessions.db")
    elif kind == "redis":
        server: RedisServer = request.getfixturevalue("redis")
        server.tell("flushall")
        made = RedisMemory(server.url)
    else:
        made = OwnMemory()
    yield made
    await made.close()


async def test_a_session_is_what_it_was_created_as(memory: Memory) -> None:
    session_id = await memory.create_session("shop", "ann", "monday")

    session = await memory.get_session("monday")

    assert session_id == "monday"
    assert session is not None
    assert (session.session_id, session.user_id, session.app_name) == ("monday", "ann", "shop")
    assert len(session.events) == 0
    assert session.created_at.utcoffset() == timedelta(0)
    assert session.updated_at.utcoffset() == timedelta(0)


async def test_a_session_without_a_name_gets_one_of_its_own(memory: Memory) -> None:
    first = await memory.create_session("shop", "ann")
    second = await memory.create_session("shop", "ann")

    assert first != second
    assert set(await memory.list_sessions()) == {first, second}


async def test_an_unknown_session_is_none_and_has_no_events(memory: Memory) -> None:
    assert await memory.get_session("nobody") is None
    assert await memory.get_session_events("nobody") == []


async def test_a_session_has_its_newest_events_in_a_bounded_deque(memory: Memory) -> None:
    await memory.create_session("shop", "ann", "monday")
    await memory.add_event("monday", "user_message", "hello")

    session = await memory.get_session("monday")

    assert session is not None
    assert session.events.maxlen == 500
    assert [event.content for event in session.events] == ["hello"]


async def test_creating_a_session_that_is_there_replaces_it(memory: Memory) -> None:
    await memory.create_session("shop", "ann", "monday")
    await memory.add_event("monday", "user_message", "hello")

    await memory.create_session("bank", "bob", "monday")

    session = await memory.get_session("monday")
    assert session is not None
    assert (session.user_id, session.app_name) == ("bob", "bank")
    assert await memory.get_session_events("monday") == []


async def test_get_or_create_leaves_a_session_that_is_there_as_it_is(memory: Memory) -> None:
    assert await memory.get_or_create_session("monday") == "monday"
    await memory.add_event("monday", "user_message", "hello")

    assert await memory.get_or_create_session("monday", "bank", "bob") == "monday"

    session = await memory.get_session("monday")
    assert session is not None
    assert (session.user_id, session.app_name) == ("user", "agent")
    assert len(session.events) == 1


async def test_events_come_back_in_the_order_in_which_they_were_added(memory: Memory) -> None:
    await memory.create_session("shop", "ann", "monday")

    for number in range(20):
        assert await memory.add_event("monday", "user_message", f"message {number}") is True

    events = await memory.get_session_events("monday")
    assert [event.content for event in events] == [f"message {number}" for number in range(20)]


async def test_an_event_comes_back_as_it_was_added(memory: Memory) -> None:
    await memory.create_session("shop", "ann", "monday")
    event = memory.create_event("note", {"a": [1, None]}, {"trace_id": "0af7", "run_id": "run_1", "more": {"b": 2}})

    await memory.add_event("monday", event)

    assert await memory.get_session_events("monday") == [event]


@pytest.mark.parametrize("content", ROUND_TRIPS)
async def test_content_is_any_json(memory: Memory, content: object) -> None:
    await memory.create_session("shop", "ann", "monday")

    await memory.add_event("monday", "note", content)

    [event] = await memory.get_session_events("monday")
    assert event.content == content
    assert type(event.content) is type(content)


async def test_an_event_made_of_a_type_has_an_id_a_time_and_the_metadata(memory: Memory) -> None:
    await memory.create_session("shop", "ann", "monday")

    await memory.add_event("monday", "user_message", "hello", {"channel": "web"})

    [event] = await memory.get_session_events("monday")
    assert re.fullmatch(r"event_[0-9a-f]{16}", event.event_id)
    assert event.timestamp.tzinfo is not None
    assert event.metadata == {"channel": "web"}


async def test_an_event_for_an_unknown_session_is_not_taken(memory: Memory) -> None:
    assert await memory.add_event("nobody", "user_message", "hello") is False
    assert await memory.list_sessions() == []


async def test_events_can_be_asked_for_by_their_types(memory: Memory) -> None:
    await memory.create_session("shop", "ann", "monday")
    for event_type in ("user_message", "tool_call", "tool_result", "agent_response"):
        await memory.add_event("monday", event_type, event_type)

    chosen = await memory.get_session_events("monday", ["user_message", "agent_response"])

    assert [event.content for event in chosen] == ["user_message", "agent_response"]
    assert await memory.get_session_events("monday", []) == []


async def test_sessions_are_listed_all_or_those_of_one_user(memory: Memory) -> None:
    await memory.create_session("shop", "ann", "monday")
    await memory.create_session("shop", "bob", "tuesday")

    assert set(await memory.list_sessions()) == {"monday", "tuesday"}
    assert await memory.list_sessions(user_id="bob") == ["tuesday"]
    assert await memory.list_sessions("eve") == []


async def test_a_deleted_session_is_gone(memory: Memory) -> None:
    await memory.create_session("shop", "ann", "monday")
    await memory.add_event("monday", "user_message", "hello")

    assert await memory.delete_session("monday") is True

    assert await memory.get_session("monday") is None
    assert await memory.get_session_events("monday") == []
    assert await memory.delete_session("monday") is False


async def test_statistics_count_sessions_and_events_and_cut_the_average(memory: Memory) -> None:
    nothing = {"total_sessions": 0, "total_events": 0, "avg_events_per_session": 0}
    assert await memory.get_memory_stats() == nothing
    for session_id, events in (("monday", 3), ("tuesday", 2)):
        await memory.create_session("shop", "ann", session_id)
        for _ in range(events):
            await memory.add_event(session_id, "user_message", "hello")

    stats = await memory.get_memory_stats()

    assert stats == {"total_sessions": 2, "total_events": 5, "avg_events_per_session": 2}


async def test_clean_up_removes_sessions_by_their_age(memory: Memory) -> None:
    await memory.create_session("shop", "ann", "monday")

    assert await memory.cleanup_old_sessions() == 0
    assert await memory.cleanup_old_sessions(max_age_hours=0) == 1
    assert await memory.list_sessions() == []


@pytest.mark.parametrize("kind", [LocalMemory, OwnMemory])
async def test_an_age_below_nothing_removes_nothing(kind: MakeMemory) -> None:
    memory = kind()
    await memory.create_session("shop", "ann", "monday")

    with pytest.raises(ValueError, match="hours"):
        await memory.cleanup_old_sessions(max_age_hours=-1)

    assert await memory.list_sessions() == ["monday"]


async def test_the_context_has_a_line_for_each_message(memory: Memory) -> None:
    await memory.create_session("shop", "ann", "monday")
    await memory.add_event("monday", "user_message", "What is 2+2?")
    await memory.add_event("monday", "tool_call", {"tool": "calc", "arguments": {}})
    await memory.add_event("monday", "task_delegation_received", "a task")
    await memory.add_event("monday", "agent_response", "4")

    assert await memory.build_conversation_context("monday") == "User: What is 2+2?\nAssistant: 4"
    assert await memory.build_conversation_context("monday", max_events=1) == "Assistant: 4"
    assert await memory.build_conversation_context("monday", max_events=0) == ""
    assert await memory.build_conversation_context("nobody") == ""


async def test_many_tasks_at_once_lose_nothing(memory: Memory) -> None:
    session_ids = [f"day-{number}" for number in range(8)]

    async def talk(session_id: str) -> None:
        await memory.get_or_create_session(session_id)
        for number in range(5):
            assert await memory.add_event(session_id, "user_message", number)

    await asyncio.gather(*(talk(session_id) for session_id in session_ids))

    for session_id in session_ids:
        events = await memory.get_session_events(session_id)
        assert [event.content for event in events] == list(range(5))


async def test_it_serves_several_loops_one_after_the_other() -> None:
    memory = LocalMemory()

    def in_a_loop_of_its_own(session_id: str) -> list[MemoryEvent]:
        async def talk() -> list[MemoryEvent]:
            await memory.get_or_create_session(session_id)
            await memory.add_event(session_id, "user_message", "hello")
            return await memory.get_session_events(session_id)

        return asyncio.run(talk())

    for _ in range(2):
        events = await asyncio.to_thread(in_a_loop_of_its_own, "monday")

    assert [event.content for event in events] == ["hello", "hello"]


async def test_null_memory_succeeds_and_keeps_nothing() -> None:
    memory = NullMemory("redis://nowhere", max_sessions=3)

    assert await memory.create_session("shop", "ann") == "null-session"
    assert await memory.create_session("shop", "ann", "monday") == "monday"
    assert await memory.get_or_create_session("tuesday") == "tuesday"
    assert await memory.get_session("monday") is None
    assert await memory.add_event("nobody", "user_message", "not even looked at: \ud800") is True
    assert await memory.get_session_events("monday") == []
    assert await memory.list_sessions() == []
    assert await memory.delete_session("nobody") is True
    assert await memory.build_conversation_context("monday") == ""
    assert await memory.build_message_history("monday") is None
    assert await memory.cleanup_old_sessions() == 0
    assert await memory.get_memory_stats() == {"total_sessions": 0, "total_events": 0, "avg_events_per_session": 0}
    await memory.close()


def test_a_memory_that_lacks_a_method_cannot_be_made() -> None:
    class Half(Memory):
        async def list_sessions(self, user_id: str | None = None) -> list[str]:
            return []

    with pytest.raises(TypeError, match="abstract"):
        Half()  # type: ignore[abstract]


def test_times_are_in_utc() -> None:
    event = MemoryEvent.from_dict(
        {"event_id": "event_1", "timestamp": "2026-11-20T22:27:27.5+02:00", "event_type": "note", "content": 1}
    )

    assert event.timestamp.tzinfo is UTC
    assert event.to_dict()["timestamp"] == "2026-11-20T20:27:27.500000+00:00"


def test_a_time_without_a_zone_is_in_utc_and_has_six_digits_when_written() -> None:
    event = MemoryEvent("event_1", datetime(2026, 11, 20, 20, 27, 27), "note", 1)
    session = SessionMemory("monday", "ann", "shop", created_at=datetime(2026, 11, 20), updated_at=event.timestamp)

    assert event.to_dict()["timestamp"] == "2026-11-20T20:27:27.000000+00:00"
    assert session.to_dict() == {
        "session_id": "monday",
        "user_id": "ann",
        "app_name": "shop",
        "events": [],
        "created_at": "2026-11-20T00:00:00.000000+00:00",
        "updated_at": "2026-11-20T20:27:27.000000+00:00",
    }


async def test_a_store_of_the_users_own_may_keep_times_without_a_zone() -> None:
    memory = OwnMemory()
    await memory.create_session("shop", "ann", "monday")
    memory.sessions["monday"].updated_at = datetime(2020, 1, 1)

    assert memory.sessions["monday"].to_dict()["updated_at"] == "2020-01-01T00:00:00.000000+00:00"
    assert await memory.cleanup_old_sessions() == 1


def test_a_session_made_of_a_list_of_events_keeps_the_newest() -> None:
    events = [NullMemory().create_event("note", number) for number in range(501)]

    session = SessionMemory("monday", "ann", "shop", events)  # type: ignore[arg-type]

    assert [event.content for event in session.events] == list(range(1, 501))
    assert session.to_dict()["events"][0] == events[1].to_dict()


def test_an_event_that_is_created_is_not_stored_and_has_metadata_of_its_own() -> None:
    memory = LocalMemory()
    metadata = {"channel": "web"}

    event = memory.create_event("note", 1, metadata)
    metadata["channel"] = "phone"

    assert event.metadata == {"channel": "web"}
    assert asyncio.run(memory.get_memory_stats())["total_events"] == 0
    assert MemoryEvent.from_dict(event.to_dict()) == event
