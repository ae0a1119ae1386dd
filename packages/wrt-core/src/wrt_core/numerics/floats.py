"""Floating-point instructions of f32 and f64: specification, section 4.3.3 "Floating-Point Operations".

Both types are Python floats, and most operations serve both. f32 operands are f32 values already, so
only arithmetic that leaves the type (`+ - * / sqrt`) rounds. `neg`, `abs` and `copysign` touch the
sign bit alone, of NaNs too; every other NaN that comes out is the canonical one.
"""

from __future__ import annotations

from collections.abc import Callable
from math import copysign, inf
from math import sqrt as root

from wrt_core.numerics.rounding import CANONICAL_NAN, to_f32

__all__ = ["FUNCTIONS", "ceil", "divide", "floor", "max_", "min_", "nearest", "square_root", "trunc"]


def eq(a: float, b: float) -> int:
    """1 if equal; NaNs equal nothing."""
    return 1 if a == b else 0


def ne(a: float, b: float) -> int:
    """1 if not equal."""
    return 1 if a != b else 0


def lt(a: float, b: float) -> int:
    """1 if less."""
    return 1 if a < b else 0


def gt(a: float, b: float) -> int:
    """1 if greater."""
    return 1 if a > b else 0


def le(a: float, b: float) -> int:
    """1 if less or equal."""
    return 1 if a <= b else 0


def ge(a: float, b: float) -> int:
    """1 if greater or equal."""
    return 1 if a >= b else 0


def neg(a: float) -> float:
    """The other sign."""
    return -a


# From 2**52 on, floats are integers; below, adding 2**52 leaves no room for a fraction, so the hardware
# rounds it off, ties to even. `or -0.0` keeps the sign of a negative number that rounds to zero.


def nearest(a: float) -> float:
    """The nearest integer, ties to even."""
    if 0.0 < a < 2.0**52:
        return (a + 2.0**52) - 2.0**52
    if -(2.0**52) < a < 0.0:
        return (a - 2.0**52) + 2.0**52 or -0.0
    return a if a == a else CANONICAL_NAN


def floor(a: float) -> float:
    """The greatest integer not above."""
    if 0.0 < a < 2.0**52:
        whole = (a + 2.0**52) - 2.0**52
        return whole if whole <= a else whole - 1.0
    if -(2.0**52) < a < 0.0:
        whole = (a - 2.0**52) + 2.0**52
        return whole if whole <= a else whole - 1.0
    return a if a == a else CANONICAL_NAN


def ceil(a: float) -> float:
    """The least integer not below."""
    if 0.0 < a < 2.0**52:
        whole = (a + 2.0**52) - 2.0**52
        return whole if whole >= a else whole + 1.0
    if -(2.0**52) < a < 0.0:
        whole = (a - 2.0**52) + 2.0**52
        return (whole if whole >= a else whole + 1.0) or -0.0
    return a if a == a else CANONICAL_NAN


def trunc(a: float) -> float:
    """The integer part."""
    return floor(a) if a > 0.0 else ceil(a)


def divide(a: float, b: float) -> float:
    """The quotient as an f64; Python's own division raises where the divisor is zero."""
    if b:
        return a / b
    if a and a == a:
        return inf if copysign(1.0, a) == copysign(1.0, b) else -inf
    return CANONICAL_NAN


def square_root(a: float) -> float:
    """The square root as an f64; Python's own raises below zero."""
    return root(a) if a >= 0.0 else CANONICAL_NAN


def min_(a: float, b: float) -> float:
    """The lesser, a NaN if either is one; -0.0 is less than 0.0."""
    if a < b:
        return a
    if b < a:
        return b
    if a == b:
        return a or -(-a - b)
    return CANONICAL_NAN


def max_(a: float, b: float) -> float:
    """The greater, a NaN if either is one; 0.0 is greater than -0.0."""
    if a > b:
        return a
    if b > a:
        return b
    if a == b:
        return a or a + b
    return CANONICAL_NAN


def _f64_add(a: float, b: float) -> float:
    x = a + b
    return x if x == x else CANONICAL_NAN


def _f64_sub(a: float, b: float) -> float:
    x = a - b
    return x if x == x else CANONICAL_NAN


def _f64_mul(a: float, b: float) -> float:
    x = a * b
    return x if x == x else CANONICAL_NAN


def _f64_div(a: float, b: float) -> float:
    x = divide(a, b)
    return x if x == x else CANONICAL_NAN


def _f32_add(a: float, b: float) -> float:
    return to_f32(a + b)


def _f32_sub(a: float, b: float) -> float:
    return to_f32(a - b)


def _f32_mul(a: float, b: float) -> float:
    return to_f32(a * b)


def _f32_div(a: float, b: float) -> float:
    return to_f32(divide(a, b))


def _f32_sqrt(a: float) -> float:
    return to_f32(square_root(a))


_SHARED: dict[str, Callable[..., float]] = {
    "eq": eq,
    "ne": ne,
    "lt": lt,
    "gt": gt,
    "le": le,
    "ge": ge,
    "abs": abs,
    "neg": neg,
    "ceil": ceil,
    "floor": floor,
    "trunc": trunc,
    "nearest": nearest,
    "min": min_,
    "max": max_,
    "copysign": copysign,
}

FUNCTIONS: dict[str, Callable[..., float]] = {
    **{f"f32.{name}": function for name, function in _SHARED.items()},
    **{f"f64.{name}": function for name, function in _SHARED.items()},
    "f32.add": _f32_add,
    "f32.sub": _f32_sub,
    "f32.mul": _f32_mul,
    "f32.div": _f32_div,
    "f32.sqrt": _f32_sqrt,
    "f64.add": _f64_add,
    "f64.sub": _f64_sub,
    "f64.mul": _f64_mul,
    "f64.div": _f64_div,
    "f64.sqrt": square_root,
}
"""The functions by instruction name."""
