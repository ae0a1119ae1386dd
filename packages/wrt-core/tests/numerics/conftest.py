"""The reference for rounding: exact rational arithmetic, rounded once, by definition and slowly."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import inf

import pytest


def _rounded(exact: Fraction, digits: int, least: int, limit: int) -> float:
    if not exact:
        return 0.0
    magnitude = abs(exact)
    exponent = magnitude.numerator.bit_length() - magnitude.denominator.bit_length()
    if Fraction(2) ** exponent > magnitude:
        exponent -= 1
    unit = Fraction(2) ** max(exponent - digits + 1, least)
    # Fraction rounds half to even.
    result = round(magnitude / unit) * unit
    value = inf if result >= Fraction(2) ** limit else float(result)
    return value if exact > 0 else -value


@pytest.fixture(scope="session")
def nearest_f32() -> Callable[[Fraction], float]:
    """The f32 nearest to a rational number, ties to even; the sign of zero is not its business."""
    return lambda exact: _rounded(exact, 24, -149, 128)


@pytest.fixture(scope="session")
def nearest_f64() -> Callable[[Fraction], float]:
    """The f64 nearest to a rational number, ties to even; the sign of zero is not its business."""
    return lambda exact: _rounded(exact, 53, -1074, 1024)
