"""Telemetry on its way out, told by a driver of our core and taken by real receivers."""
