"""Vector instructions of v128: specification, section 4.3 "Numerics", under "Vector Operations".

A vector is sixteen bytes, lane 0 first, every lane little-endian.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wrt_core.numerics.vectors import (
    bitwise,
    comparison,
    conversions,
    floats,
    integer_arithmetic,
    lanes,
    relaxed,
    saturating,
    shifts,
    shuffles,
)

__all__ = ["FUNCTIONS"]

FUNCTIONS: dict[str, Callable[..., Any]] = {
    **lanes.FUNCTIONS,
    **bitwise.FUNCTIONS,
    **shuffles.FUNCTIONS,
    **comparison.FUNCTIONS,
    **shifts.FUNCTIONS,
    **integer_arithmetic.FUNCTIONS,
    **saturating.FUNCTIONS,
    **floats.FUNCTIONS,
    **conversions.FUNCTIONS,
    **relaxed.FUNCTIONS,
}
"""The functions by instruction name."""
