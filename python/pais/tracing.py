"""Spans that Python code makes, in the trace of the run it works for, and on the host's own way out.

The host makes the spans of its runs by itself, from what happens in them. pydantic-ai, asked to trace, would make the
same once more: what it opens for them here is a `HostSpan`, which is only where the host's span is, so that spans of
the user's code find their place in it. Everything else is a span of its own, handed over when it ends.
"""

from __future__ import annotations

import functools
import inspect
import secrets
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState
from opentelemetry.util.types import Attributes, AttributeValue

from pais._core import log_warning

if TYPE_CHECKING:
    from pais._core import Host, RunBegins
    from pais.signal_way import SignalWay

LIBRARY = "pydantic-ai"
KINDS = {SpanKind.SERVER: 1, SpanKind.CONSUMER: 1, SpanKind.CLIENT: 2, SpanKind.PRODUCER: 2}
STATUSES = {StatusCode.OK: 1, StatusCode.ERROR: 2}
SAMPLED = TraceFlags(TraceFlags.SAMPLED)
NO_PARENT = bytes(8)
MOST_EVENTS = 128


@dataclass(frozen=True)
class TracedRun:
    """A run of the host's, and by which tools its agent answers: calling one of those is no call to the host."""

    host: Host
    number: int
    outputs: set[str]


class HostSpan(trace.Span):
    """Where a span of the host's is. What is said of it here, the host knows already."""

    def __init__(self, context: SpanContext, run: TracedRun) -> None:
        self._context = context
        self.run = run

    def get_span_context(self) -> SpanContext:
        return self._context

    def is_recording(self) -> bool:
        return False

    def end(self, end_time: int | None = None) -> None: ...
    def set_attributes(self, attributes: Mapping[str, AttributeValue]) -> None: ...
    def set_attribute(self, key: str, value: AttributeValue) -> None: ...
    def add_event(self, name: str, attributes: Attributes = None, timestamp: int | None = None) -> None: ...
    def update_name(self, name: str) -> None: ...
    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None: ...
    def record_exception(
        self,
        exception: BaseException,
        attributes: Attributes = None,
        timestamp: int | None = None,
        escaped: bool = False,
    ) -> None: ...


class AgentSpan(HostSpan):
    """That of a run's agent."""


class ToolSpan(HostSpan):
    """That of one call of a tool. The host hears of a call when its model's answer is looked at, but of its begin and
    its end here."""

    def __init__(self, context: SpanContext, run: TracedRun, call_id: str) -> None:
        super().__init__(context, run)
        self._call_id = call_id
        run.host.entered(run.number, call_id)

    def end(self, end_time: int | None = None) -> None:
        self.run.host.left(self.run.number, self._call_id)


class OwnSpan(trace.Span):
    """A span of Python's own making."""

    def __init__(
        self,
        way: SignalWay,
        scope: tuple[str, str],
        name: str,
        context: SpanContext,
        parent: bytes,
        kind: SpanKind,
        attributes: Attributes,
        links: Sequence[Link] | None,
        start_time: int | None,
    ) -> None:
        self._way = way
        self._scope = scope
        self._name = name
        self._context = context
        self._parent = parent
        self._kind = kind
        self._attributes: dict[str, Any] = dict(attributes or {})
        self._links = list(links or ())
        self._events: list[tuple[str, int, dict[str, Any]]] = []
        self._status = (0, "")
        self._start = time.time_ns() if start_time is None else start_time
        self._ended = False

    @property
    def attributes(self) -> Mapping[str, Any]:
        return self._attributes

    def get_span_context(self) -> SpanContext:
        return self._context

    def is_recording(self) -> bool:
        return not self._ended

    def set_attributes(self, attributes: Mapping[str, AttributeValue]) -> None:
        if not self._ended:
            self._attributes.update(attributes)

    def set_attribute(self, key: str, value: AttributeValue) -> None:
        if not self._ended:
            self._attributes[key] = value

    def add_event(self, name: str, attributes: Attributes = None, timestamp: int | None = None) -> None:
        if not self._ended and len(self._events) < MOST_EVENTS:
            self._events.append((name, timestamp or time.time_ns(), dict(attributes or {})))

    def update_name(self, name: str) -> None:
        self._name = name

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        """As OpenTelemetry wants it: what was said to be well stays so, and unset says nothing."""
        code = status.status_code if isinstance(status, Status) else status
        text = status.description if isinstance(status, Status) else description
        if not self._ended and self._status[0] != STATUSES[StatusCode.OK] and code is not StatusCode.UNSET:
            self._status = (STATUSES[code], (text or "") if code is StatusCode.ERROR else "")

    def record_exception(
        self,
        exception: BaseException,
        attributes: Attributes = None,
        timestamp: int | None = None,
        escaped: bool = False,
    ) -> None:
        kind = type(exception)
        module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
        facts: dict[str, Any] = {
            "exception.type": f"{module}{kind.__qualname__}",
            "exception.message": str(exception),
            "exception.stacktrace": "".join(traceback.format_exception(exception)),
            "exception.escaped": str(escaped),
            **(attributes or {}),
        }
        self.add_event("exception", facts, timestamp)

    def end(self, end_time: int | None = None) -> None:
        if self._ended:
            return
        self._ended = True
        try:
            self._hand_over(time.time_ns() if end_time is None else end_time)
        except Exception as failure:  # of a text that is none, say: who is traced must not be hurt
            log_warning(f"a span could not be told of: {failure!r}")

    def _hand_over(self, end_time: int) -> None:
        signals = self._way.signals
        if signals is None:
            return
        links = [
            (link.context.trace_id.to_bytes(16), link.context.span_id.to_bytes(8), dict(link.attributes or {}))
            for link in self._links
        ]
        signals.span(
            *self._scope,
            self._context.trace_id.to_bytes(16) + self._context.span_id.to_bytes(8) + self._parent,
            self._context.trace_state.to_header(),
            self._name,
            KINDS.get(self._kind, 0),
            (self._start, end_time),
            self._attributes,
            self._events,
            links,
            self._status,
        )


class ChatSpan(OwnSpan):
    """A request to a model. When that is the host's, the host makes the span, at this one's place."""

    is_the_hosts = False

    def is_recording(self) -> bool:
        return not self.is_the_hosts and super().is_recording()

    def place(self) -> bytes:
        """This span's id and its parent's, for the host's."""
        self.is_the_hosts = True
        return self._context.span_id.to_bytes(8) + self._parent

    def _hand_over(self, end_time: int) -> None:
        if not self.is_the_hosts:
            super()._hand_over(end_time)


class Tracer(trace.Tracer):
    """Makes the spans of one scope."""

    def __init__(self, way: SignalWay, name: str, version: str) -> None:
        self._way = way
        self._scope = (name, version)

    def start_span(
        self,
        name: str,
        context: contexts.Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
    ) -> trace.Span:
        parent = trace.get_current_span(context)
        if self._scope[0] == LIBRARY and isinstance(parent, AgentSpan):
            hosts = span_of_host(parent, name, attributes or {})
            if hosts is not None:
                return hosts
        above = parent.get_span_context()
        if above.is_valid and not above.trace_flags.sampled:
            return trace.NonRecordingSpan(above)
        made = self._way.new_context(above)
        if made is None:
            return trace.NonRecordingSpan(trace.INVALID_SPAN_CONTEXT)
        if not made.trace_flags.sampled:
            return trace.NonRecordingSpan(made)
        is_chat = self._scope[0] == LIBRARY and kind is SpanKind.CLIENT
        parent_id = above.span_id.to_bytes(8) if above.is_valid else NO_PARENT
        maker = ChatSpan if is_chat else OwnSpan
        return maker(self._way, self._scope, name, made, parent_id, kind, attributes, links, start_time)

    def start_as_current_span(  # type: ignore[override]  # what the API returns is private there
        self,
        name: str,
        context: contexts.Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
        end_on_exit: bool = True,
    ) -> InSpan:
        def open_span() -> AbstractContextManager[trace.Span]:
            return trace.use_span(
                self.start_span(name, context, kind, attributes, links, start_time),
                end_on_exit=end_on_exit,
                record_exception=record_exception,
                set_status_on_exception=set_status_on_exception,
            )

        return InSpan(open_span)


class InSpan(AbstractContextManager[trace.Span]):
    """`with` it, or put it as a decorator on a function of either kind: each call is then in a span of its own."""

    def __init__(self, open_span: Callable[[], AbstractContextManager[trace.Span]]) -> None:
        self._open_span = open_span
        self._inside: AbstractContextManager[trace.Span] | None = None

    def __enter__(self) -> trace.Span:
        self._inside = self._open_span()
        return self._inside.__enter__()

    def __exit__(self, *failure: Any) -> bool | None:
        assert self._inside is not None
        return self._inside.__exit__(*failure)

    def __call__(self, function: Any) -> Any:
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def in_span_later(*arguments: Any, **named: Any) -> Any:
                with self._open_span():
                    return await function(*arguments, **named)

            return in_span_later

        @functools.wraps(function)
        def in_span(*arguments: Any, **named: Any) -> Any:
            with self._open_span():
                return function(*arguments, **named)

        return in_span


def span_of_host(parent: AgentSpan, name: str, attributes: Mapping[str, Any]) -> trace.Span | None:
    """What pydantic-ai opens for something that the host tells of itself; None for everything else."""
    run = parent.run
    operation = attributes.get("gen_ai.operation.name")
    if operation == "execute_tool" or "gen_ai.tool.call.id" in attributes:
        if str(attributes.get("gen_ai.tool.name", "")) in run.outputs:
            return None
        call_id = str(attributes.get("gen_ai.tool.call.id", ""))
        place = context_of(run.host.inside(run.number, call_id))
        return None if place is None else ToolSpan(place, run, call_id)
    is_the_run = operation == "invoke_agent" or name == "agent run"
    return parent if is_the_run or name.startswith("running ") else None


def context_of(place: tuple[bytes, bytes, int, str] | None) -> SpanContext | None:
    if place is None:
        return None
    trace_id, span_id, flags, state = place
    return SpanContext(
        int.from_bytes(trace_id),
        int.from_bytes(span_id),
        is_remote=False,
        trace_flags=TraceFlags(flags),
        trace_state=TraceState.from_header([state]) if state else TraceState(),
    )


class TracerProvider(trace.TracerProvider):
    def __init__(self, way: SignalWay) -> None:
        self._way = way

    def get_tracer(
        self,
        instrumenting_module_name: str,
        instrumenting_library_version: str | None = None,
        schema_url: str | None = None,
        attributes: Attributes = None,
    ) -> trace.Tracer:
        return Tracer(self._way, instrumenting_module_name, instrumenting_library_version or "")


def new_ids(above: SpanContext) -> tuple[int, int]:
    trace_id = above.trace_id if above.is_valid else int.from_bytes(secrets.token_bytes(16)) or 1
    return trace_id, int.from_bytes(secrets.token_bytes(8)) or 1


def enter_run(host: Host, begins: RunBegins, outputs: set[str]) -> None:
    """From here on, what this task does belongs to the run's trace."""
    if begins.is_traced:
        place = context_of(host.inside(begins.run, ""))
        if place is not None:
            span = AgentSpan(place, TracedRun(host, begins.run, outputs))
            contexts.attach(trace.set_span_in_context(span))
            ASKED.set(Asked())
        return
    parent, state = begins.callers_trace
    if parent:
        headers = {"traceparent": parent, "tracestate": state}
        contexts.attach(propagator().extract(headers))


def propagator() -> Any:
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator()


@dataclass
class Asked:
    """Whether a run's latest request to a model went to the host's, which counts its tokens itself."""

    the_host: bool = False


# Shared by all tasks of a run: a stream is read in another than the one that counts what it cost.
ASKED: ContextVar[Asked | None] = ContextVar("pais_asked", default=None)


def host_was_asked() -> bool:
    asked = ASKED.get()
    return asked is not None and asked.the_host


def note_other_model() -> None:
    """The request that is made now does not go to the host's model."""
    if asked := ASKED.get():
        asked.the_host = False


def place_of_request() -> bytes:
    """Which span the request to the host's model that is made now shall be; nothing for one of the host's choice."""
    if asked := ASKED.get():
        asked.the_host = True
    span = trace.get_current_span()
    return span.place() if isinstance(span, ChatSpan) else b""
