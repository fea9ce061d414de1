"""One run of a pydantic-ai agent, told to the host as it happens.

pydantic-ai is used through its public names, those that its 1.x and its 2.x have both. Nothing here opens a socket.
"""

from __future__ import annotations

import traceback
from collections.abc import AsyncIterable, Mapping, Sequence
from typing import Any

from pydantic_ai import Agent
from pydantic_ai.exceptions import (
    ModelHTTPError,
    UnexpectedModelBehavior,
    UsageLimitExceeded,
    UserError,
)
from pydantic_ai.messages import (
    FunctionToolCallEvent,
    FunctionToolResultEvent,
    ImageUrl,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    PartDeltaEvent,
    PartStartEvent,
    RetryPromptPart,
    TextPart,
    TextPartDelta,
    ThinkingPart,
    ThinkingPartDelta,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models.function import FunctionModel
from pydantic_ai.usage import RunUsage, UsageLimits
from pydantic_core import to_json

from pais._core import Host, log_error


class Narrator:
    """Tells the host what one run's events mean."""

    def __init__(self, host: Host, run: int, stream: bool) -> None:
        self._host = host
        self._run = run
        self._stream = stream
        self._step = 0
        self._text = ""  # what has been said of the latest model answer that said something
        self._new_answer = False  # the next text is of another one

    async def hear(self, _context: Any, events: AsyncIterable[Any]) -> None:
        """The `event_stream_handler` of a run: called for each model answer, and for each round of tools."""
        self._new_answer = True
        asked = False
        async for event in events:
            if isinstance(event, PartStartEvent):
                self._start(event.part)
            elif isinstance(event, PartDeltaEvent):
                self._continue(event.delta)
            elif isinstance(event, FunctionToolCallEvent):
                if not asked:
                    self._step += 1
                    asked = True
                self._requested(event.part)
            elif isinstance(event, FunctionToolResultEvent):
                self._ended(getattr(event, "part", None) or getattr(event, "result", None))

    def _start(self, part: Any) -> None:
        if isinstance(part, TextPart):
            self._say(part.content)
        elif isinstance(part, ThinkingPart) and part.content:
            self._host.thinking(self._run, part.content)

    def _continue(self, delta: Any) -> None:
        if isinstance(delta, TextPartDelta):
            self._say(delta.content_delta)
        elif isinstance(delta, ThinkingPartDelta) and delta.content_delta:
            self._host.thinking(self._run, delta.content_delta)

    def _say(self, piece: str) -> None:
        if not piece or not self._stream:
            return
        if self._new_answer and self._text:
            self._host.text(self._run, "\n\n")
            self._text = ""
        self._new_answer = False
        self._text += piece
        self._host.text(self._run, piece)

    def say_whole(self, text: str) -> None:
        """An answer that no event told of: the output of a tool, or of a validator."""
        if text != self._text:
            self._new_answer = True
            self._say(text)

    def tell_tools(self, messages: Sequence[ModelMessage]) -> None:
        """The calls of a run that was not streamed, in the order in which they were made."""
        for message in messages:
            calls = [part for part in message.parts if isinstance(part, ToolCallPart) and is_a_tool(part)]
            self._step += 1 if calls else 0
            for call in calls:
                self._requested(call)
            for part in message.parts:
                if isinstance(part, (ToolReturnPart, RetryPromptPart)) and is_a_tool(part):
                    self._ended(part)

    def _requested(self, part: ToolCallPart) -> None:
        arguments = part.args if isinstance(part.args, str) else to_json(part.args or {}).decode()
        self._host.tool_requested(self._run, part.tool_call_id, part.tool_name, arguments, self._step)

    def _ended(self, part: Any) -> None:
        if part is None:
            return
        failed = isinstance(part, RetryPromptPart)
        content = part.content
        is_json = not isinstance(content, str)
        text = to_json(content, fallback=str).decode() if is_json else content
        self._host.tool_ended(self._run, part.tool_call_id, part.tool_name or "", text, is_json, failed)


def is_a_tool(part: ToolCallPart | ToolReturnPart | RetryPromptPart) -> bool:
    """Not the way in which pydantic-ai has a structured output delivered."""
    return part.tool_name is not None and not part.tool_name.startswith("final_result")


def can_stream(agent: Agent[Any, Any]) -> bool:
    """Whether the agent's model can be asked for a stream: a FunctionModel of one function cannot."""
    return not (isinstance(agent.model, FunctionModel) and agent.model.stream_function is None)


def messages_of(history: list[tuple[bool, str]]) -> list[ModelMessage]:
    return [
        ModelRequest(parts=[UserPromptPart(content=text)]) if by_user else ModelResponse(parts=[TextPart(content=text)])
        for by_user, text in history
    ]


def text_of(output: Any) -> str:
    """What a client gets to read: text as it is, nothing for None, everything else as JSON."""
    if output is None:
        return ""
    return output if isinstance(output, str) else to_json(output, fallback=str).decode()


def tool_name_in(failure: BaseException) -> str:
    """The tool an exception of pydantic-ai speaks of, as far as its public text tells."""
    words = str(failure).split("'")
    return words[1] if len(words) > 2 else ""


def code_of(failure: Exception) -> tuple[str, str]:
    """The contract's code for a failed run, and the field at fault."""
    if isinstance(failure, UsageLimitExceeded):
        return "step_limit_exceeded", ""
    if isinstance(failure, ModelHTTPError):
        if failure.status_code == 429:
            return "model_rate_limited", ""
        return ("model_error" if failure.status_code >= 500 else "model_rejected"), ""
    if isinstance(failure, UnexpectedModelBehavior):
        if "exceeded max retries" in str(failure).lower():
            return "tool_retries_exceeded", tool_name_in(failure)
        return "output_invalid", ""
    if isinstance(failure, UserError):
        return "internal", ""
    return "tool_failed", ""


async def run_agent(agent: Agent[Any, Any], host: Host, begin: Mapping[str, Any]) -> None:
    """Runs one turn; whatever happens, the host is told how it ended."""
    run: int = begin["run"]
    narrator = Narrator(host, run, begin["stream"])
    streams = begin["stream"] and can_stream(agent)
    prompt: Any = begin["prompt"]
    if begin["images"]:
        prompt = [prompt, *(ImageUrl(url=url) for url in begin["images"])]
    try:
        result = await agent.run(
            prompt,
            message_history=messages_of(begin["history"]) or None,
            usage_limits=UsageLimits(request_limit=host.max_steps),
            event_stream_handler=narrator.hear if streams else None,
        )
    except Exception as failure:
        log_error(f"the agent failed\n{traceback.format_exc()}")
        code, param = code_of(failure)
        host.failed(run, code, f"{type(failure).__name__}: {failure}", param)
        return
    except BaseException as end:  # cancelled, or the user's code ends the process
        host.failed(run, "cancelled", type(end).__name__, "")
        raise
    if not streams:
        narrator.tell_tools(result.new_messages())
    text = text_of(result.output)
    narrator.say_whole(text)
    usage = result.usage if isinstance(result.usage, RunUsage) else result.usage()
    host.ended(run, text, usage.input_tokens or 0, usage.output_tokens or 0)
