"""The host's model, as pydantic-ai sees it: HTTP, JSON, streaming and retries are done in C++.

What the host's client does not carry (sound, documents, a provider's own settings) goes to pydantic-ai's own client for
the same server.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pydantic_ai.messages
from pydantic_ai.exceptions import AgentRunError
from pydantic_ai.messages import (
    BinaryContent,
    ImageUrl,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    ModelResponsePart,
    ModelResponseStreamEvent,
    PartDeltaEvent,
    PartStartEvent,
    RetryPromptPart,
    SystemPromptPart,
    TextPart,
    TextPartDelta,
    ThinkingPart,
    ThinkingPartDelta,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition
from pydantic_ai.usage import RequestUsage
from pydantic_core import to_json

from pais._core import ModelAnswers, ModelSays, log_info
from pais.tracing import note_other_model, place_of_request

if TYPE_CHECKING:
    from pais.runs import Runs

PlainCall = tuple[str, str, str]
PlainMessage = tuple[str, str, list[str], list[PlainCall], str, str]
PlainTool = tuple[str, str, str, bool]

SYSTEM = "openai"
# Whoever serves the model is not known, nor what it charges: a known name would have each answer looked up in a list of
# prices.
PROVIDER = "pais"
TRY_AGAIN = "\n\nPlease correct this and try again."  # as a native agent says it
TEXT_CONTENT: Any = getattr(pydantic_ai.messages, "TextContent", None)  # not in 1.x
CARRIED_SETTINGS = frozenset(
    {"temperature", "top_p", "presence_penalty", "frequency_penalty", "max_tokens", "seed", "stop_sequences"}
)


class ModelFailed(AgentRunError):
    """The model gave no answer. `code` is the contract's; the rest is for our log."""

    def __init__(self, answer: ModelAnswers) -> None:
        super().__init__(answer.error_cause)
        self.code = answer.error_code
        self.upstream_status = answer.upstream_status
        self.retry_after = answer.retry_after


class EmptyAnswer(AgentRunError):
    """The model said nothing at all, which is an answer where text is wanted."""


class NotCarried(Exception):
    """The host's client has no words for this; the text names it."""


class Reply:
    """An answer of the model on its way. Said by the loop that takes the host's messages, heard on the asker's."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.answer: asyncio.Future[ModelAnswers] = self.loop.create_future()
        self._pieces: deque[ModelSays] = deque()
        self._news: asyncio.Future[None] | None = None

    def hear(self, message: ModelSays | ModelAnswers) -> None:
        if isinstance(message, ModelSays):
            self._pieces.append(message)
        elif not self.answer.done():
            self.answer.set_result(message)
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    async def pieces(self) -> AsyncIterator[ModelSays]:
        """What is said, as it is said, until the answer is whole."""
        while True:
            while self._pieces:
                yield self._pieces.popleft()
            if self.answer.done():
                return
            self._news = self.loop.create_future()
            await self._news


@dataclass
class Asker:
    """The run on whose behalf the model is asked."""

    run: int
    settings: ModelSettings = field(
        default_factory=ModelSettings
    )  # what the client asks for; the host knows it already
    outputs: set[str] = field(default_factory=set)  # the tools by which its agent answers


ASKER: ContextVar[Asker] = ContextVar("pais_asker")


class HostModel(Model):
    """The host's model, one for all runs, so that pydantic-ai derives once what it derives of a model. `ASKER` tells
    the runs apart."""

    def __init__(self, runs: Runs, name: str) -> None:
        super().__init__()
        self._runs = runs
        self._name = name
        self._client: Model | None = None

    @property
    def model_name(self) -> str:
        return self._name

    @property
    def system(self) -> str:
        return SYSTEM

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        settings, parameters = self._prepared(model_settings, model_request_parameters)
        try:
            call, reply = self._ask(messages, settings, parameters, stream=False)
        except NotCarried as what:
            return await self._own_client(what).request(messages, wished(model_settings), model_request_parameters)
        try:
            return something_said(response_of(await reply.answer), parameters)
        finally:
            self._runs.forget(call)

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
        run_context: Any = None,
    ) -> AsyncGenerator[StreamedResponse]:
        settings, parameters = self._prepared(model_settings, model_request_parameters)
        try:
            call, reply = self._ask(messages, settings, parameters, stream=True)
        except NotCarried as what:
            client = self._own_client(what)
            wishes = wished(model_settings)
            async with client.request_stream(messages, wishes, model_request_parameters, run_context) as stream:
                yield stream
            return
        try:
            yield StreamedReply(parameters, reply, self._name)
        finally:
            self._runs.forget(call)

    def _ask(
        self,
        messages: list[ModelMessage],
        settings: ModelSettings | None,
        parameters: ModelRequestParameters,
        *,
        stream: bool,
    ) -> tuple[int, Reply]:
        asker = ASKER.get()
        asker.outputs.update(tool.name for tool in parameters.output_tools)
        given = {name: value for name, value in (settings or {}).items() if value is not None}
        if self._runs.model_server is None:  # a script, which reads nothing of what it is told
            messages, given = [], {}
        else:
            check_carried(given, parameters)
        return self._runs.ask(
            asker.run,
            plain_messages(messages, parameters),
            [
                *(plain_tool(tool, output=False) for tool in parameters.function_tools),
                *(plain_tool(tool, output=True) for tool in parameters.output_tools),
            ],
            bool(parameters.output_tools) and not parameters.allow_text_output,
            given,
            stream,
            place_of_request(),
        )

    def _prepared(
        self, settings: ModelSettings | None, parameters: ModelRequestParameters
    ) -> tuple[ModelSettings | None, ModelRequestParameters]:
        if not settings and is_plain(parameters):
            return settings, parameters
        return self.prepare_request(settings, parameters)

    def _own_client(self, reason: NotCarried) -> Model:
        note_other_model()
        if self._client is not None:
            return self._client
        log_info(f"pydantic-ai's own client asks the model where ours has no words: {reason}")
        try:
            from pydantic_ai.models.openai import OpenAIChatModel
            from pydantic_ai.providers.openai import OpenAIProvider
        except ImportError as absent:
            raise NotCarried(f"{reason}; for that, pip install 'pydantic-ai-slim[openai]'") from absent
        assert self._runs.model_server is not None
        url, key = self._runs.model_server
        self._client = OpenAIChatModel(self._name, provider=OpenAIProvider(base_url=url, api_key=key))
        return self._client


class StreamedReply(StreamedResponse):
    """A streamed answer. Its parts are counted here, not by the base class, whose way to do it is private."""

    def __init__(self, parameters: ModelRequestParameters, reply: Reply, name: str) -> None:
        super().__init__(model_request_parameters=parameters)
        self._reply = reply
        self._name = name
        self._begun = datetime.now(tz=UTC)
        self._so_far = SoFar()
        self._whole: ModelResponse | None = None
        self._events: AsyncIterator[ModelResponseStreamEvent] | None = None

    def __aiter__(self) -> AsyncIterator[ModelResponseStreamEvent]:
        if self._events is None:
            self._events = self._get_event_iterator()
        return self._events

    async def _get_event_iterator(self) -> AsyncIterator[ModelResponseStreamEvent]:
        async for said in self._reply.pieces():
            yield self._so_far.event(said)
        self._whole = something_said(response_of(self._reply.answer.result()), self.model_request_parameters)
        for index, part in enumerate(self._whole.parts):
            if index >= len(self._so_far.parts):
                yield PartStartEvent(index=index, part=part)

    def get(self) -> ModelResponse:
        if self._whole is not None:
            return self._whole
        return ModelResponse(parts=self._so_far.parts, model_name=self._name, timestamp=self._begun)

    async def close_stream(self) -> None:
        """Nothing to do: the call is dropped when the stream's context ends."""

    @property
    def model_name(self) -> str:
        return self._whole.model_name or self._name if self._whole else self._name

    @property
    def provider_name(self) -> str | None:
        return PROVIDER

    @property
    def provider_url(self) -> str | None:
        return None

    @property
    def timestamp(self) -> datetime:
        return self._begun


@dataclass
class SoFar:
    """The thinking and the text of an answer that is still coming; each is one part."""

    parts: list[ModelResponsePart] = field(default_factory=list)

    def event(self, said: ModelSays) -> ModelResponseStreamEvent:
        kind = ThinkingPart if said.thinking else TextPart
        for index, part in enumerate(self.parts):
            if isinstance(part, kind):
                part.content += said.piece
                delta = (
                    ThinkingPartDelta(content_delta=said.piece)
                    if said.thinking
                    else TextPartDelta(content_delta=said.piece)
                )
                return PartDeltaEvent(index=index, delta=delta)
        self.parts.append(kind(content=said.piece))
        return PartStartEvent(index=len(self.parts) - 1, part=self.parts[-1])


def response_of(answer: ModelAnswers) -> ModelResponse:
    if not answer.ok:
        raise ModelFailed(answer)
    parts: list[ModelResponsePart] = []
    if answer.thinking:
        parts.append(ThinkingPart(content=answer.thinking))
    if answer.text:
        parts.append(TextPart(content=answer.text))
    parts += [ToolCallPart(tool, arguments, tool_call_id=call_id) for call_id, tool, arguments in answer.calls]
    tokens_in, tokens_out, cached = answer.usage
    usage = RequestUsage(input_tokens=tokens_in, output_tokens=tokens_out, cache_read_tokens=cached)
    response = ModelResponse(parts=parts, model_name=answer.model, usage=usage, provider_name=PROVIDER)
    if not answer.calls:
        response.finish_reason = answer.finish
    return response


def something_said(response: ModelResponse, parameters: ModelRequestParameters) -> ModelResponse:
    if not response.parts and parameters.output_mode == "text" and not parameters.output_tools:
        raise EmptyAnswer("the model's answer is empty")
    return response


def is_plain(parameters: ModelRequestParameters) -> bool:
    """Text is wanted, and nothing is offered: there is nothing for pydantic-ai to fit to the model."""
    return (
        parameters.output_mode == "text"
        and not parameters.function_tools
        and not parameters.output_tools
        and not parameters.allow_image_output
        and not native_tools(parameters)
    )


def native_tools(parameters: ModelRequestParameters) -> Any:
    """The provider's own."""
    return getattr(parameters, "native_tools" if hasattr(parameters, "native_tools") else "builtin_tools", None)


def wished(settings: ModelSettings | None) -> ModelSettings:
    """The agent's settings, and before them what the client asks for."""
    return {**(settings or {}), **ASKER.get().settings}


def check_carried(settings: dict[str, Any], parameters: ModelRequestParameters) -> None:
    if foreign := sorted(settings.keys() - CARRIED_SETTINGS):
        raise NotCarried(f"model settings {', '.join(foreign)}")
    if native_tools(parameters):
        raise NotCarried("tools of the provider's own")
    if parameters.output_mode == "native":
        raise NotCarried("native structured output")


def plain_tool(tool: ToolDefinition, *, output: bool) -> PlainTool:
    return tool.name, tool.description or "", to_json(tool.parameters_json_schema).decode(), output


def plain_messages(messages: Sequence[ModelMessage], parameters: ModelRequestParameters) -> list[PlainMessage]:
    plain: list[PlainMessage] = []
    for message in messages:
        if isinstance(message, ModelResponse):
            plain.append(plain_response(message))
            continue
        for part in message.parts:
            plain.extend(plain_request_part(part))
    if text := instructions_of(messages, parameters):
        after = next((at for at, said in enumerate(plain) if said[0] != "system"), len(plain))
        plain.insert(after, ("system", text, [], [], "", ""))
    return plain


def instructions_of(messages: Sequence[ModelMessage], parameters: ModelRequestParameters) -> str:
    latest = next((message for message in reversed(messages) if isinstance(message, ModelRequest)), None)
    texts = [latest.instructions if latest is not None else None]
    if parameters.prompted_output_template:
        texts.append(parameters.prompted_output_instructions)
    return "\n\n".join(text for text in texts if text)


def plain_request_part(part: Any) -> list[PlainMessage]:
    if isinstance(part, SystemPromptPart):
        return [("system", part.content, [], [], "", "")]
    if isinstance(part, UserPromptPart):
        return [plain_prompt(part)]
    if isinstance(part, ToolReturnPart):
        check_no_files(part)
        # What is to be called again came as a RetryPromptPart once, which said so itself.
        try_again = TRY_AGAIN if getattr(part, "outcome", "") == "retried" else ""
        return [("tool", part.model_response_str() + try_again, [], [], part.tool_call_id, part.tool_name)]
    if isinstance(part, RetryPromptPart):
        if part.tool_name is None:
            return [("user", part.model_response(), [], [], "", "")]
        return [("tool", part.model_response(), [], [], part.tool_call_id, part.tool_name)]
    raise NotCarried(type(part).__name__)


def check_no_files(part: ToolReturnPart) -> None:
    if part.files:
        raise NotCarried("files that a tool returned")


def plain_prompt(part: UserPromptPart) -> PlainMessage:
    if isinstance(part.content, str):
        return "user", part.content, [], [], "", ""
    texts: list[str] = []
    images: list[str] = []
    for item in part.content:
        if isinstance(item, str):
            texts.append(item)
        elif isinstance(item, ImageUrl):
            images.append(item.url)
        elif isinstance(item, BinaryContent) and item.is_image:
            images.append(f"data:{item.media_type};base64,{b64encode(item.data).decode()}")
        elif TEXT_CONTENT is not None and isinstance(item, TEXT_CONTENT):
            texts.append(item.content)
        else:
            raise NotCarried(f"content of the kind {type(item).__name__}")
    return "user", "\n".join(texts), images, [], "", ""


def plain_response(message: ModelResponse) -> PlainMessage:
    texts: list[str] = []
    calls: list[PlainCall] = []
    for part in message.parts:
        if isinstance(part, TextPart):
            texts.append(part.content)
        elif isinstance(part, ToolCallPart):
            calls.append((part.tool_call_id, part.tool_name, part.args_as_json_str()))
        elif not isinstance(part, ThinkingPart):
            raise NotCarried(type(part).__name__)
    return "assistant", "\n\n".join(texts), [], calls, "", ""
