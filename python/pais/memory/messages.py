"""Between events of a memory and messages of pydantic-ai; loaded by whoever asks for such a message."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from contextvars import ContextVar
from typing import Any

from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextPart,
    UserPromptPart,
)
from pydantic_core import from_json

DELEGATION_PREFIX = "delegate_to_"
OUTPUT = "final_result"  # how pydantic-ai names the tool that delivers a structured output; several are OUTPUT_kind
# The tools by which the agent answers whose messages are stored; None where only a message is known.
OUTPUTS: ContextVar[Container[str] | None] = ContextVar("pais_outputs", default=None)
CALL, RETURN, RETRY = "tool-call", "tool-return", "retry-prompt"
ERRORS = ("failed", "retried")  # how a return can have come out, where pydantic-ai tells
MOST_PARSED = 64 * 1024  # longer text is cut when it is stored, and stays text


def message_of(by_user: bool, text: str) -> ModelMessage:
    if by_user:
        return ModelRequest(parts=[UserPromptPart(content=text)])
    return ModelResponse(parts=[TextPart(content=text)])


def said_in(messages: Iterable[ModelMessage]) -> Iterator[tuple[bool, str]]:
    """Whether the user said it, and what, for each message that has text; whatever else is in them is left out."""
    for message in messages:
        if isinstance(message, ModelRequest):
            texts: list[object] = [part.content for part in message.parts if isinstance(part, UserPromptPart)]
        else:
            texts = [part.content for part in message.parts if isinstance(part, TextPart)]
        if text := "\n".join(words for words in texts if isinstance(words, str)):
            yield isinstance(message, ModelRequest), text


def events_in(message: ModelMessage) -> Iterator[tuple[str, dict[str, Any]]]:
    """The type and the content of each event that a message is stored as."""
    for part in message.parts:
        # By their public kinds: the class of retries comes and goes with the versions of pydantic-ai.
        if part.part_kind not in (CALL, RETURN, RETRY):
            continue
        stored: Any = part
        tool = stored.tool_name
        if tool is None or delivers_output(tool):
            continue
        if stored.part_kind == CALL:
            yield call_type(tool), {"tool": tool, "arguments": arguments_of(stored.args)}
        else:
            yield result_type(tool), result_of(stored)


def delivers_output(tool: str) -> bool:
    known = OUTPUTS.get()
    return tool == OUTPUT or tool.startswith(f"{OUTPUT}_") if known is None else tool in known


def call_type(tool: str) -> str:
    return "delegation_request" if tool.startswith(DELEGATION_PREFIX) else "tool_call"


def result_type(tool: str) -> str:
    return "delegation_response" if tool.startswith(DELEGATION_PREFIX) else "tool_result"


def result_of(part: Any) -> dict[str, Any]:
    result = {"tool": part.tool_name, "result": parsed(part.content)}
    if part.part_kind == RETRY or getattr(part, "outcome", None) in ERRORS:
        result["is_error"] = True
    return result


def arguments_of(arguments: Any) -> Any:
    """An object when they are one; `{}` for none; else what the model wrote."""
    if not arguments:
        return {}
    value = parsed(arguments)
    return value if isinstance(value, dict) else arguments


def parsed(value: Any) -> Any:
    """What a text says as JSON; everything else as it is."""
    if not isinstance(value, str) or len(value) > MOST_PARSED:
        return value
    try:
        return from_json(value, allow_inf_nan=False)
    except ValueError:
        return value
