"""Metrics that Python code makes, among the host's own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from opentelemetry import metrics
from opentelemetry.context import Context
from opentelemetry.metrics import CallbackOptions, CallbackT, Observation
from opentelemetry.util.types import Attributes

from pais._core import log_warning
from pais.tracing import LIBRARY, host_was_asked

if TYPE_CHECKING:
    from pais._core import Instrument, Signals
    from pais.signal_way import SignalWay

LOOK_EVERY = 5.0  # seconds between calls of the functions that observe
# What the host measures itself of the requests to its model. It knows no prices.
HOSTS_OWN = frozenset({"gen_ai.client.token.usage", "gen_ai.client.operation.time_to_first_chunk", "operation.cost"})


class Made:
    """One instrument, made anew for each host."""

    def __init__(
        self, meter: Meter, kind: str, name: str, unit: str, description: str, bounds: Sequence[float]
    ) -> None:
        self._meter = meter
        self._facts = (kind, name, unit, description, (meter.name, meter.version or ""), list(bounds))
        self._is_the_hosts = meter.name == LIBRARY and name in HOSTS_OWN
        self._made: tuple[Signals, Instrument] | None = None

    def record(self, value: float, attributes: Attributes) -> None:
        if self._is_the_hosts and host_was_asked():
            return
        self._tell(lambda instrument: instrument.record(value, dict(attributes or {})))

    def observe(self, total: float, attributes: Attributes) -> None:
        self._tell(lambda instrument: instrument.observe(total, dict(attributes or {})))

    def _tell(self, how: Callable[[Instrument], None]) -> None:
        try:
            if instrument := self._instrument():
                how(instrument)
        except Exception as failure:  # of a name or a label that is no text, say: who counts must not be hurt
            log_warning(f"a metric could not be told of: {failure!r}")

    def _instrument(self) -> Instrument | None:
        signals = self._meter.way.signals
        if signals is None:
            return None
        if self._made is None or self._made[0] is not signals:
            self._made = (signals, signals.instrument(*self._facts))
        return self._made[1]


class Adds(metrics.Counter, metrics.UpDownCounter):
    def __init__(self, made: Made) -> None:
        self._made = made

    def add(self, amount: float, attributes: Attributes = None, context: Context | None = None) -> None:
        self._made.record(amount, attributes)


class Records(metrics.Histogram):
    def __init__(self, made: Made) -> None:
        self._made = made

    def record(self, amount: float, attributes: Attributes = None, context: Context | None = None) -> None:
        self._made.record(amount, attributes)


class Sets(metrics._Gauge):
    def __init__(self, made: Made) -> None:
        self._made = made

    def set(self, amount: float, attributes: Attributes = None, context: Context | None = None) -> None:
        self._made.record(amount, attributes)


class Observed(metrics.ObservableCounter, metrics.ObservableUpDownCounter, metrics.ObservableGauge):
    def __init__(self, made: Made, callbacks: Sequence[CallbackT] | None) -> None:
        self._made = made
        self._callbacks = list(callbacks or ())

    def look(self) -> None:
        for callback in self._callbacks:
            try:
                for observation in observations_of(callback):
                    self._made.observe(observation.value, observation.attributes)
            except Exception as failure:  # the others are asked all the same
                log_warning(f"a function that observes a metric failed: {failure!r}")


def observations_of(callback: Any) -> Iterable[Observation]:
    """A callback is a function that gives a list, or a generator that gives one each time."""
    return callback(CallbackOptions()) if callable(callback) else next(callback, ())


class Looker:
    """Asks the observed instruments now and then, on a thread of its own once there is one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._observed: list[Callable[[], None]] = []
        self._thread: threading.Thread | None = None

    def add(self, look: Callable[[], None]) -> None:
        with self._lock:
            self._observed.append(look)
            if self._thread is None:
                self._thread = threading.Thread(target=self._look_for_ever, name="pais-metrics", daemon=True)
                self._thread.start()

    def look(self) -> None:
        with self._lock:
            observed = self._observed[:]
        for look in observed:
            look()

    def _look_for_ever(self) -> None:
        pause = threading.Event()
        while not pause.wait(LOOK_EVERY):
            self.look()


THE_LOOKER = Looker()


class Meter(metrics.Meter):
    def __init__(self, way: SignalWay, name: str, version: str | None, schema_url: str | None) -> None:
        super().__init__(name, version, schema_url)
        self.way = way

    def _made(self, kind: str, name: str, unit: str, description: str, bounds: Sequence[float] | None = None) -> Made:
        return Made(self, kind, name, unit, description, bounds or ())

    def _observed(
        self, kind: str, name: str, callbacks: Sequence[CallbackT] | None, unit: str, description: str
    ) -> Observed:
        observed = Observed(self._made(kind, name, unit, description), callbacks)
        THE_LOOKER.add(observed.look)
        return observed

    def create_counter(self, name: str, unit: str = "", description: str = "") -> metrics.Counter:
        return Adds(self._made("counter", name, unit, description))

    def create_up_down_counter(self, name: str, unit: str = "", description: str = "") -> metrics.UpDownCounter:
        return Adds(self._made("up_down", name, unit, description))

    def create_histogram(
        self,
        name: str,
        unit: str = "",
        description: str = "",
        *,
        explicit_bucket_boundaries_advisory: Sequence[float] | None = None,
    ) -> metrics.Histogram:
        return Records(self._made("histogram", name, unit, description, explicit_bucket_boundaries_advisory))

    def create_gauge(self, name: str, unit: str = "", description: str = "") -> metrics._Gauge:
        return Sets(self._made("gauge", name, unit, description))

    def create_observable_counter(
        self, name: str, callbacks: Sequence[CallbackT] | None = None, unit: str = "", description: str = ""
    ) -> metrics.ObservableCounter:
        return self._observed("counter", name, callbacks, unit, description)

    def create_observable_up_down_counter(
        self, name: str, callbacks: Sequence[CallbackT] | None = None, unit: str = "", description: str = ""
    ) -> metrics.ObservableUpDownCounter:
        return self._observed("up_down", name, callbacks, unit, description)

    def create_observable_gauge(
        self, name: str, callbacks: Sequence[CallbackT] | None = None, unit: str = "", description: str = ""
    ) -> metrics.ObservableGauge:
        return self._observed("gauge", name, callbacks, unit, description)


class MeterProvider(metrics.MeterProvider):
    def __init__(self, way: SignalWay) -> None:
        self._way = way

    def get_meter(
        self,
        name: str,
        version: str | None = None,
        schema_url: str | None = None,
        attributes: Attributes = None,
    ) -> metrics.Meter:
        return Meter(self._way, name, version, schema_url)
