"""Numerics: one pure function a simple instruction, and what it computes is the specification's section 4.3.

Constant folding, engines (where they do not inline an operation) and their tests share these
functions. Operands and results have the engines' representation: i32 and i64 are unsigned ints in
range, f32 and f64 floats (an f32 NaN is the f64 NaN of the same sign and payload), v128 sixteen
little-endian bytes. Lane immediates follow the operands; several results are a tuple.

Where the specification leaves the result open, it is the deterministic profile's: NaNs made by
arithmetic are the positive canonical NaN, and the relaxed vector instructions give that profile's
results.

The functions check nothing about their operands, share no state between threads, and raise `Trap`
where the instruction traps.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wrt_core.numerics import conversions, floats, integers, vectors, wide

__all__ = ["NUMERICS"]

NUMERICS: dict[str, Callable[..., Any]] = {
    **integers.FUNCTIONS,
    **floats.FUNCTIONS,
    **conversions.FUNCTIONS,
    **wide.FUNCTIONS,
    **vectors.FUNCTIONS,
}
"""The function of every instruction that takes and gives only numbers and vectors, by its unique name."""
