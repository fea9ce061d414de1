"""Lengths in other units."""

from typing import Literal

Unit = Literal["m", "km", "ft", "mi"]

METRES: dict[Unit, float] = {"m": 1.0, "km": 1000.0, "ft": 0.3048, "mi": 1609.344}


def convert(amount: float, unit: Unit, into: Unit) -> float:
    return amount * METRES[unit] / METRES[into]
