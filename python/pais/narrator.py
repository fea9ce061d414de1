"""What happens in one run of pydantic-ai, told to the host as it happens."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterable, Sequence
from typing import TYPE_CHECKING, Any

from pydantic_ai.messages import (
    FunctionToolCallEvent,
    FunctionToolResultEvent,
    ModelMessage,
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
)
from pydantic_core import to_json

from pais._core import Host, RunBegins

if TYPE_CHECKING:
    from pydantic_ai.tool_manager import ToolManager

BROKEN_OFF = "The turn ended before this call did."


class Told:
    """How many calls with one id, or results of them, have been told of: a model may use an id again."""

    def __init__(self) -> None:
        self._all: Counter[str] = Counter()
        self._ahead: Counter[str] = Counter()  # of their events

    def __getitem__(self, call_id: str) -> int:
        return self._all[call_id]

    def add(self, call_id: str) -> None:
        self._all[call_id] += 1
        self._ahead[call_id] += 1

    def is_news(self, call_id: str) -> bool:
        """Whether an event brings one that has not been told of; it is now."""
        if self._ahead[call_id]:
            self._ahead[call_id] -= 1
            return False
        self._all[call_id] += 1
        return True


class Narrator:
    """Tells the host what one run's events mean."""

    def __init__(self, host: Host, begins: RunBegins, *, speaks: bool, intermediate: bool) -> None:
        self._host = host
        self._run = begins.run
        self._stream = begins.stream
        self._speaks = speaks  # what the model writes is the answer, and nothing has to look at it first
        self.outputs: set[str] = set()  # the tools by which the agent answers
        self.stopped: set[str] = set()  # calls that took too long: what they returned says so
        self._intermediate = intermediate  # text is passed on before it is known to be of the final answer
        self._step = 0
        self._told_step = 0  # pydantic-ai's count of the latest answer whose calls the host was told of
        self._calls = Told()
        self._results = Told()
        self._thoughts = 0  # that have been told of, where no event told
        self._held: list[str] = []
        self._text = ""  # what has been said of the latest model answer that said something
        self._new_answer = False  # the next text is of another one

    async def hear(self, step: ToolManager[Any] | None, events: AsyncIterable[Any]) -> None:
        """What happens in one step of a run: called for each model answer, and for each round of tools."""
        self.outputs |= output_tools(step)
        self._new_answer = True
        self._held.clear()
        calls = False
        async for event in events:
            if isinstance(event, PartStartEvent):
                calls = calls or isinstance(event.part, ToolCallPart)
                self._start(event.part)
            elif isinstance(event, PartDeltaEvent):
                self._continue(event.delta)
            elif isinstance(event, FunctionToolCallEvent):
                if self._is_a_tool(event.part):
                    if self._calls.is_news(event.part.tool_call_id):
                        self._requested(event.part, first=not calls)
                    calls = True
            elif (
                isinstance(event, FunctionToolResultEvent)
                and self._is_a_tool(event.part)
                and self._results.is_news(event.part.tool_call_id)
            ):
                self._ended(event.part)
        if not calls:
            self._say("".join(self._held))

    def _start(self, part: Any) -> None:
        if isinstance(part, TextPart):
            self._write(part.content)
        elif isinstance(part, ThinkingPart) and part.content:
            self._host.thinking(self._run, part.content)

    def _continue(self, delta: Any) -> None:
        if isinstance(delta, TextPartDelta):
            self._write(delta.content_delta)
        elif isinstance(delta, ThinkingPartDelta) and delta.content_delta:
            self._host.thinking(self._run, delta.content_delta)

    def _write(self, piece: str) -> None:
        if not self._speaks:
            return
        if self._intermediate:
            self._say(piece)
        else:
            self._held.append(piece)

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

    def tell_rest(self, messages: Sequence[ModelMessage]) -> None:
        """What no event told of: in a run that is not streamed, all calls and thoughts, in the order they came."""
        thoughts = 0
        calls: Counter[str] = Counter()
        results: Counter[str] = Counter()
        for message in messages:
            first = True
            for part in message.parts:
                if isinstance(part, ToolCallPart) and self._is_a_tool(part):
                    calls[part.tool_call_id] += 1
                    if calls[part.tool_call_id] > self._calls[part.tool_call_id]:
                        self._calls.add(part.tool_call_id)
                        self._requested(part, first=first)
                    first = False
                elif isinstance(part, (ToolReturnPart, RetryPromptPart)) and self._is_a_tool(part):
                    results[part.tool_call_id] += 1
                    if results[part.tool_call_id] > self._results[part.tool_call_id]:
                        self._results.add(part.tool_call_id)
                        self._ended(part)
                elif isinstance(part, ThinkingPart) and part.content and not self._stream:
                    thoughts += 1
                    if thoughts > self._thoughts:
                        self._host.thinking(self._run, part.content)
        self._thoughts = max(self._thoughts, thoughts)

    def tell_broken_off(self, messages: Sequence[ModelMessage]) -> None:
        """The same of a run that failed; calls that were not answered end with it."""
        self.tell_rest(messages)
        for call in unanswered_calls(messages):
            if self._is_a_tool(call) and self._is_open(call.tool_call_id):
                self._host.tool_ended(self._run, call.tool_call_id, call.tool_name, BROKEN_OFF, False, True)

    def _is_a_tool(self, part: ToolCallPart | ToolReturnPart | RetryPromptPart) -> bool:
        """Not the way in which pydantic-ai has a structured output delivered."""
        name = part.tool_name
        return name is not None and name not in self.outputs

    def _requested(self, part: ToolCallPart, *, first: bool) -> None:
        self._step += 1 if first or not self._step else 0
        arguments = part.args_as_json_str() or "{}"
        self._host.tool_requested(self._run, part.tool_call_id, part.tool_name, arguments, self._step)

    def host_answers(self, call_id: str, tool: str, arguments: str, run_step: int) -> None:
        """The host is about to make this call: it is told of it before, and tells its end unless it is called off."""
        if self._is_open(call_id):
            return
        self._calls.add(call_id)
        self._step += 1 if run_step != self._told_step else 0
        self._told_step = run_step
        self._host.tool_requested(self._run, call_id, tool, arguments, self._step)

    def host_answered(self, call_id: str) -> None:
        """The host has told of this call's end."""
        self._results.add(call_id)

    def _is_open(self, call_id: str) -> bool:
        return self._calls[call_id] > self._results[call_id]

    def _ended(self, part: Any) -> None:
        failed = isinstance(part, RetryPromptPart) or getattr(part, "outcome", "success") != "success"
        if part.tool_call_id in self.stopped:
            self.stopped.discard(part.tool_call_id)  # another call may have the same id
            failed = True
        content = part.model_response() if isinstance(part, RetryPromptPart) else part.content
        text, is_json = (content, False) if isinstance(content, str) else (json_text(content), True)
        self._host.tool_ended(self._run, part.tool_call_id, part.tool_name or "", text, is_json, failed)


def output_tools(step: ToolManager[Any] | None) -> set[str]:
    """Of the tools that there are in a step of a run, those by which its agent answers."""
    tools = step.tools if step is not None else None
    return {name for name, tool in (tools or {}).items() if tool.tool_def.kind == "output"}


def json_text(value: Any) -> str:
    return to_json(value, fallback=str, bytes_mode="base64").decode()


def unanswered_calls(messages: Sequence[ModelMessage]) -> list[ToolCallPart]:
    """Those of the latest model answer whose tools have not answered."""
    answered: set[str] = set()
    for message in reversed(messages):
        if isinstance(message, ModelResponse):
            calls = [part for part in message.parts if isinstance(part, ToolCallPart)]
            return [part for part in calls if part.tool_call_id not in answered]
        answered.update(
            part.tool_call_id for part in message.parts if isinstance(part, (ToolReturnPart, RetryPromptPart))
        )
    return []
