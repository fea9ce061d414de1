"""Memory as messages of pydantic-ai: what the next turn is told, and what of a run is stored."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, get_args

import pytest
from pydantic_ai import Agent, ModelRetry, messages
from pydantic_ai.messages import (
    BinaryContent,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    SystemPromptPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models.function import AgentInfo, FunctionModel

from own_memory import OwnMemory
from pais.memory import LocalMemory, Memory

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=[LocalMemory, OwnMemory])
async def memory(request: pytest.FixtureRequest) -> Memory:
    memory: Memory = request.param()
    await memory.create_session("shop", "ann", "monday")
    return memory


async def add(memory: Memory, *events: tuple[str, Any], run: str | None = None) -> None:
    for event_type, content in events:
        await memory.add_event("monday", event_type, content, {"run_id": run} if run else None)


async def turn(memory: Memory, question: str, answer: str, run: str | None = None) -> None:
    await add(memory, ("user_message", question), ("agent_response", answer), run=run)


async def history(memory: Memory, limit: int = 6) -> list[str]:
    return lines(await memory.build_message_history("monday", limit) or [])


def lines(history: Sequence[ModelMessage]) -> list[str]:
    said = []
    for message in history:
        [part] = message.parts
        assert isinstance(part, UserPromptPart if isinstance(message, ModelRequest) else TextPart)
        said.append(f"{'user' if isinstance(message, ModelRequest) else 'assistant'}: {part.content}")
    return said


async def stored(memory: Memory, message: ModelMessage) -> list[tuple[str, Any]]:
    await memory.store_pydantic_message("monday", message)
    return [(event.event_type, event.content) for event in await memory.get_session_events("monday")]


# --- what the next turn is told ---


async def test_nothing_said_is_no_history(memory: Memory) -> None:
    assert await memory.build_message_history("monday") is None
    assert await memory.build_message_history("nobody") is None


async def test_turns_are_told_as_questions_and_answers(memory: Memory) -> None:
    await turn(memory, "hello", "hi")
    await add(memory, ("task_delegation_received", "count"), ("tool_call", {"tool": "count"}), ("agent_response", "3"))

    assert await history(memory) == ["user: hello", "assistant: hi", "user: count", "assistant: 3"]


async def test_a_prompt_without_an_answer_is_the_one_to_come(memory: Memory) -> None:
    await turn(memory, "hello", "hi")
    await add(memory, ("user_message", "and now?"))

    assert await history(memory) == ["user: hello", "assistant: hi"]


async def test_the_first_prompt_of_a_session_has_no_history(memory: Memory) -> None:
    await add(memory, ("user_message", "hello"))

    assert await memory.build_message_history("monday") is None


async def test_no_more_messages_are_told_than_wanted(memory: Memory) -> None:
    for number in range(5):
        await turn(memory, f"question {number}", f"answer {number}")
    await add(memory, ("user_message", "and now?"))

    assert await history(memory, 2) == ["user: question 4", "assistant: answer 4"]
    assert len(await history(memory, 0)) == 10


async def test_an_answer_whose_question_is_over_the_limit_is_left_out(memory: Memory) -> None:
    await turn(memory, "one", "1")
    await turn(memory, "two", "2")

    assert await history(memory, 3) == ["user: two", "assistant: 2"]
    assert await memory.build_message_history("monday", 1) is None


async def test_tool_calls_take_no_room_in_the_history(memory: Memory) -> None:
    await turn(memory, "one", "1")
    calls = [("tool_call", {"tool": "add"}), ("tool_result", {"tool": "add"})] * 4
    await add(memory, ("user_message", "two"), *calls, ("agent_response", "2"))

    assert await history(memory, 4) == ["user: one", "assistant: 1", "user: two", "assistant: 2"]


@pytest.mark.parametrize("run", ["run_bad", None], ids=["with a run", "without a run"])
async def test_a_failed_turn_is_not_told(memory: Memory, run: str | None) -> None:
    await turn(memory, "hello", "hi")
    await add(memory, ("user_message", "crash"), ("error", "The model failed."), run=run)

    assert await history(memory) == ["user: hello", "assistant: hi"]


async def test_content_that_is_no_text_is_told_as_json(memory: Memory) -> None:
    await turn(memory, "hello", {"greeting": "hi"})  # type: ignore[arg-type]

    assert await history(memory) == ["user: hello", 'assistant: {"greeting":"hi"}']


async def test_a_limit_below_nothing_is_refused(memory: Memory) -> None:
    with pytest.raises(ValueError, match="context_limit"):
        await memory.build_message_history("monday", -1)


# --- what of a run is stored ---


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"a": 1}, {"a": 1}),
        ('{"a": 1}', {"a": 1}),
        (None, {}),
        ("", {}),
        ("{broken", "{broken"),
        ("[1]", "[1]"),
    ],
)
async def test_a_tool_call_is_stored_with_its_arguments(memory: Memory, arguments: Any, expected: object) -> None:
    message = ModelResponse(parts=[TextPart("Let me see."), ToolCallPart("add", arguments)])

    assert await stored(memory, message) == [("tool_call", {"tool": "add", "arguments": expected})]


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ("plain", "plain"),
        ("3", 3),
        ('{"a": [1]}', {"a": [1]}),
        (3, 3),
        (True, True),
        ({"a": 1}, {"a": 1}),
        (["b"], ["b"]),
        (None, None),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00Z"),
    ],
)
async def test_a_tools_return_is_stored_as_json(result: Any, expected: object) -> None:
    memory = LocalMemory()
    await memory.create_session("shop", "ann", "monday")
    message = ModelRequest(parts=[ToolReturnPart("add", result, "call_1")])

    assert await stored(memory, message) == [("tool_result", {"tool": "add", "result": expected})]


def retry(content: str, tool: str | None) -> Any:
    """A retry as this pydantic-ai makes it; the newer ones have two parts where there was one."""
    if not hasattr(messages, "RetryFeedbackPart"):
        return messages.RetryPromptPart(content, tool_name=tool)
    if tool is None:
        return messages.RetryFeedbackPart(content, retry=messages.RetryInfo(cause="model_retry"))
    return ToolReturnPart(tool, content, "call_1", outcome="retried")


async def test_a_retry_is_stored_as_a_result_that_is_an_error(memory: Memory) -> None:
    message = ModelRequest(parts=[retry("No such city.", "weather")])

    assert await stored(memory, message) == [
        ("tool_result", {"tool": "weather", "result": "No such city.", "is_error": True})
    ]


@pytest.mark.filterwarnings("ignore:`RetryPromptPart` is deprecated")
async def test_a_retry_of_the_older_kind_is_stored_the_same(memory: Memory) -> None:
    message = ModelRequest(parts=[messages.RetryPromptPart("No such city.", tool_name="weather")])

    assert await stored(memory, message) == [
        ("tool_result", {"tool": "weather", "result": "No such city.", "is_error": True})
    ]


async def test_a_delegation_has_types_of_its_own(memory: Memory) -> None:
    await stored(memory, ModelResponse(parts=[ToolCallPart("delegate_to_worker", {"task": "count"})]))
    events = await stored(memory, ModelRequest(parts=[ToolReturnPart("delegate_to_worker", "three", "call_1")]))

    assert events == [
        ("delegation_request", {"tool": "delegate_to_worker", "arguments": {"task": "count"}}),
        ("delegation_response", {"tool": "delegate_to_worker", "result": "three"}),
    ]


async def test_texts_thoughts_and_structured_outputs_are_not_stored(memory: Memory) -> None:
    said = ModelResponse(parts=[TextPart("Hi."), ThinkingPart("Hm."), ToolCallPart("final_result", {"a": 1})])
    asked = ModelRequest(
        parts=[
            SystemPromptPart("Be kind."),
            UserPromptPart("Hello!"),
            UserPromptPart(["Look:", BinaryContent(b"\x89PNG", media_type="image/png")]),
            retry("Plain text is not permitted.", None),
        ]
    )

    assert await stored(memory, said) == []
    assert await stored(memory, asked) == []


# What a part has to be given; a field that is not here belongs to a part that is new.
GIVEN: dict[str, Any] = {
    "tool_name": "look",
    "tool_call_id": "call_1",
    "args": {"query": "hats"},
    "content": "found",
    "retry": None,
    "id": "rule",
    "instructions": [],
    "settings": {},
}


def kinds_of_parts(union: Any) -> list[Any]:
    """The classes in pydantic-ai's own list of the parts of a message, of the version that is installed."""
    kinds = (get_args(member)[0] for member in get_args(get_args(union)[0]))
    return sorted(set(kinds), key=lambda kind: kind.__name__)


def some(kind: Any, speaker: str) -> Any:
    needed = [
        field.name
        for field in dataclasses.fields(kind)
        if field.init and field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]
    given = GIVEN | {"speaker": speaker}
    return kind(**{name: given[name] for name in needed})


def expected_of(part: Any) -> list[str]:
    if part.part_kind == "tool-call":
        return ["tool_call"]
    if part.part_kind in ("tool-return", "retry-prompt") and part.tool_name:
        return ["tool_result"]
    return []


@pytest.mark.parametrize("kind", kinds_of_parts(messages.ModelResponsePart))
async def test_every_part_of_a_response_can_be_stored(memory: Memory, kind: Any) -> None:
    part = some(kind, "assistant")

    assert [event_type for event_type, _ in await stored(memory, ModelResponse(parts=[part]))] == expected_of(part)


@pytest.mark.filterwarnings("ignore:`RetryPromptPart` is deprecated")
@pytest.mark.parametrize("kind", kinds_of_parts(messages.ModelRequestPart))
async def test_every_part_of_a_request_can_be_stored(memory: Memory, kind: Any) -> None:
    part = some(kind, "user")

    assert [event_type for event_type, _ in await stored(memory, ModelRequest(parts=[part]))] == expected_of(part)


async def test_all_messages_of_a_run_can_be_stored(memory: Memory) -> None:
    def model(said: list[ModelMessage], _info: AgentInfo) -> ModelResponse:
        if len(said) < 4:
            return ModelResponse(
                parts=[TextPart("Let me see."), ToolCallPart("weather", {"city": f"city {len(said)}"})]
            )
        return ModelResponse(parts=[TextPart("Sunny.")])

    agent = Agent(FunctionModel(model))

    @agent.tool_plain
    def weather(city: str) -> dict[str, int]:
        if city == "city 1":
            raise ModelRetry("No such city.")
        return {"degrees": 21}

    run = await agent.run("How is the weather?")
    for message in run.new_messages():
        await memory.store_pydantic_message("monday", message)

    events = [(event.event_type, event.content) for event in await memory.get_session_events("monday")]
    assert events == [
        ("tool_call", {"tool": "weather", "arguments": {"city": "city 1"}}),
        ("tool_result", {"tool": "weather", "result": "No such city.", "is_error": True}),
        ("tool_call", {"tool": "weather", "arguments": {"city": "city 3"}}),
        ("tool_result", {"tool": "weather", "result": {"degrees": 21}}),
    ]
