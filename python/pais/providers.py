"""Where OpenTelemetry's own names lead in a process that serves an agent: to the host."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from opentelemetry import (
    _logs as logs,  # its only home, public in spite of its name
)
from opentelemetry import (
    metrics,
    trace,
)

from pais import telemetry
from pais._core import log_info
from pais.log_lines import configure_logging
from pais.log_records import LoggerProvider
from pais.metering import MeterProvider
from pais.signal_way import THE_WAY
from pais.tracing import TracerProvider

if TYPE_CHECKING:
    from pydantic_ai import Agent
    from pydantic_ai.models import Model

    from pais._core import Host

# The form of what pydantic-ai writes where the host does not: the latest that this pydantic-ai has.
FORMS = (5, 4, 3, 2)


def join_host(host: Host) -> None:
    """Spans, metrics and log records of Python code go where the host's go, from now on.

    Called when the user's code has been imported: a provider that it has set up by then is left alone.
    """
    signals = host.signals
    if signals is None:
        return
    THE_WAY.open(signals)
    install_providers()
    telemetry.take_as_initialized()
    join_logging()


@cache
def install_providers() -> None:
    """Once a process, for OpenTelemetry takes one provider of each kind."""
    install("tracer", trace.get_tracer_provider(), trace.set_tracer_provider, TracerProvider)
    install("meter", metrics.get_meter_provider(), metrics.set_meter_provider, MeterProvider)
    install("logger", logs.get_logger_provider(), logs.set_logger_provider, LoggerProvider)


def install(kind: str, present: Any, put: Callable[[Any], None], make: Callable[[Any], Any]) -> None:
    if is_nobodys(present):
        put(make(THE_WAY))
    else:
        log_info(
            f"this code has an OpenTelemetry {kind} provider of its own ({type(present).__name__}), which is left "
            "alone: what it is told does not go where the host's telemetry goes"
        )


def is_nobodys(provider: Any) -> bool:
    """Those that OpenTelemetry's API stands in with, until somebody sets one."""
    return type(provider).__module__.startswith(("opentelemetry.trace", "opentelemetry.metrics", "opentelemetry._logs"))


def show_logging(*, traced: bool) -> None:
    """What the user's code logs is shown among the host's lines, unless it has set up a place of its own for that."""
    if not logging.getLogger().handlers:
        configure_logging(telemetry.get_log_level(), otel_correlation=traced)


def join_logging() -> None:
    show_logging(traced=True)
    root = logging.getLogger()
    if not isinstance(logs.get_logger_provider(), LoggerProvider):
        return  # what goes to a provider of the user's own is the user's to say
    if not any(isinstance(handler, telemetry.KaosLoggingHandler) for handler in root.handlers):
        root.addHandler(telemetry.KaosLoggingHandler(telemetry.get_log_level_int()))


def traced_by_us() -> bool:
    return isinstance(trace.get_tracer_provider(), TracerProvider)


def instrumented(agent: Agent[Any, Any], model: Model | None) -> tuple[Model | None, dict[str, Any]]:
    """The model and the further options of a run of pydantic-ai that is to open its spans.

    From these we learn when its tools run, and in which of the host's spans the user's code is. Of a run whose trace is
    not kept nobody asks; but what an agent's own model costs is counted all the same, and by nobody else.
    """
    asks_the_host = model is not None
    if not traced_by_us() or (asks_the_host and not is_kept()):
        return model, {}
    settings = instrumentation(THE_WAY.signals is None or THE_WAY.signals.content)
    if takes_capabilities(type(agent)):
        from pydantic_ai.capabilities import Instrumentation

        return model, {"capabilities": [Instrumentation(settings=settings)]}
    from pydantic_ai.models.instrumented import InstrumentedModel

    asked = model if model is not None else agent.model
    return (None if asked is None else InstrumentedModel(asked, settings)), {}


def is_kept() -> bool:
    """The run that this task works for."""
    return trace.get_current_span().get_span_context().trace_flags.sampled


@cache
def takes_capabilities(kind: type[Agent[Any, Any]]) -> bool:
    try:
        from pydantic_ai.capabilities import Instrumentation  # noqa: F401
    except ImportError:  # early 1.x
        return False
    return "capabilities" in inspect.signature(kind.run).parameters


@cache
def instrumentation(content: bool) -> Any:
    from pydantic_ai.models.instrumented import InstrumentationSettings

    providers = {"tracer_provider": TracerProvider(THE_WAY), "meter_provider": MeterProvider(THE_WAY)}
    for form in FORMS:
        try:
            return InstrumentationSettings(**providers, include_content=content, version=form)  # type: ignore[arg-type]
        except ValueError:
            continue
    return InstrumentationSettings(**providers, include_content=content)  # type: ignore[arg-type]
