from __future__ import annotations

from collections.abc import Callable

from telemetry_driver import TelemetryDriver

# Starts a driver that exports to an endpoint, with these variables.
Start = Callable[..., TelemetryDriver]
