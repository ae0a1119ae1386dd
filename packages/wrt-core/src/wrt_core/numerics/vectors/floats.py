"""Arithmetic of floating-point lanes: what the scalar instructions do, four or two at a time, and pmin and pmax."""

from __future__ import annotations

from collections.abc import Callable

from wrt_core.numerics.floats import ceil, divide, floor, max_, min_, nearest, square_root, trunc
from wrt_core.numerics.vectors.packing import pack_f32x4, pack_f64x2, unpack_f32x4, unpack_f64x2
from wrt_core.numerics.vectors.shape import I32X4, I64X2, Shape

__all__ = ["FUNCTIONS"]

_from_bytes = int.from_bytes
_Unary = Callable[[bytes], bytes]


def f32x4_add(a: bytes, b: bytes) -> bytes:
    """Four sums."""
    x0, x1, x2, x3 = unpack_f32x4(a)
    y0, y1, y2, y3 = unpack_f32x4(b)
    return pack_f32x4(x0 + y0, x1 + y1, x2 + y2, x3 + y3)


def f32x4_sub(a: bytes, b: bytes) -> bytes:
    """Four differences."""
    x0, x1, x2, x3 = unpack_f32x4(a)
    y0, y1, y2, y3 = unpack_f32x4(b)
    return pack_f32x4(x0 - y0, x1 - y1, x2 - y2, x3 - y3)


def f32x4_mul(a: bytes, b: bytes) -> bytes:
    """Four products."""
    x0, x1, x2, x3 = unpack_f32x4(a)
    y0, y1, y2, y3 = unpack_f32x4(b)
    return pack_f32x4(x0 * y0, x1 * y1, x2 * y2, x3 * y3)


def f32x4_div(a: bytes, b: bytes) -> bytes:
    """Four quotients."""
    x0, x1, x2, x3 = unpack_f32x4(a)
    y0, y1, y2, y3 = unpack_f32x4(b)
    if y0 and y1 and y2 and y3:
        return pack_f32x4(x0 / y0, x1 / y1, x2 / y2, x3 / y3)
    return pack_f32x4(divide(x0, y0), divide(x1, y1), divide(x2, y2), divide(x3, y3))


def f64x2_add(a: bytes, b: bytes) -> bytes:
    """Two sums."""
    x0, x1 = unpack_f64x2(a)
    y0, y1 = unpack_f64x2(b)
    return pack_f64x2(x0 + y0, x1 + y1)


def f64x2_sub(a: bytes, b: bytes) -> bytes:
    """Two differences."""
    x0, x1 = unpack_f64x2(a)
    y0, y1 = unpack_f64x2(b)
    return pack_f64x2(x0 - y0, x1 - y1)


def f64x2_mul(a: bytes, b: bytes) -> bytes:
    """Two products."""
    x0, x1 = unpack_f64x2(a)
    y0, y1 = unpack_f64x2(b)
    return pack_f64x2(x0 * y0, x1 * y1)


def f64x2_div(a: bytes, b: bytes) -> bytes:
    """Two quotients."""
    x0, x1 = unpack_f64x2(a)
    y0, y1 = unpack_f64x2(b)
    return pack_f64x2(divide(x0, y0), divide(x1, y1))


def _unary(name: str, operation: Callable[[float], float]) -> dict[str, _Unary]:
    def four(a: bytes) -> bytes:
        x0, x1, x2, x3 = unpack_f32x4(a)
        return pack_f32x4(operation(x0), operation(x1), operation(x2), operation(x3))

    def two(a: bytes) -> bytes:
        x0, x1 = unpack_f64x2(a)
        return pack_f64x2(operation(x0), operation(x1))

    return {f"f32x4.{name}": four, f"f64x2.{name}": two}


# Numbers that differ are the common case; the scalar function knows about zeros and NaNs.


def f32x4_min(a: bytes, b: bytes) -> bytes:
    """Four minima."""
    x0, x1, x2, x3 = unpack_f32x4(a)
    y0, y1, y2, y3 = unpack_f32x4(b)
    return pack_f32x4(
        x0 if x0 < y0 else y0 if y0 < x0 else min_(x0, y0),
        x1 if x1 < y1 else y1 if y1 < x1 else min_(x1, y1),
        x2 if x2 < y2 else y2 if y2 < x2 else min_(x2, y2),
        x3 if x3 < y3 else y3 if y3 < x3 else min_(x3, y3),
    )


def f32x4_max(a: bytes, b: bytes) -> bytes:
    """Four maxima."""
    x0, x1, x2, x3 = unpack_f32x4(a)
    y0, y1, y2, y3 = unpack_f32x4(b)
    return pack_f32x4(
        x0 if x0 > y0 else y0 if y0 > x0 else max_(x0, y0),
        x1 if x1 > y1 else y1 if y1 > x1 else max_(x1, y1),
        x2 if x2 > y2 else y2 if y2 > x2 else max_(x2, y2),
        x3 if x3 > y3 else y3 if y3 > x3 else max_(x3, y3),
    )


def f64x2_min(a: bytes, b: bytes) -> bytes:
    """Two minima."""
    x0, x1 = unpack_f64x2(a)
    y0, y1 = unpack_f64x2(b)
    return pack_f64x2(
        x0 if x0 < y0 else y0 if y0 < x0 else min_(x0, y0),
        x1 if x1 < y1 else y1 if y1 < x1 else min_(x1, y1),
    )


def f64x2_max(a: bytes, b: bytes) -> bytes:
    """Two maxima."""
    x0, x1 = unpack_f64x2(a)
    y0, y1 = unpack_f64x2(b)
    return pack_f64x2(
        x0 if x0 > y0 else y0 if y0 > x0 else max_(x0, y0),
        x1 if x1 > y1 else y1 if y1 > x1 else max_(x1, y1),
    )


# The rest touches bits alone, of NaNs as of numbers.


def _signs(name: str, shape: Shape) -> dict[str, _Unary]:
    high, low = shape.high, shape.low

    def abs_(a: bytes) -> bytes:
        return (_from_bytes(a, "little") & low).to_bytes(16, "little")

    def neg(a: bytes) -> bytes:
        return (_from_bytes(a, "little") ^ high).to_bytes(16, "little")

    return {f"{name}.abs": abs_, f"{name}.neg": neg}


def f32x4_pmin(a: bytes, b: bytes) -> bytes:
    """Lanes of the second operand where they are less, else of the first."""
    x0, x1, x2, x3 = unpack_f32x4(a)
    y0, y1, y2, y3 = unpack_f32x4(b)
    low = (b if y0 < x0 else a)[:4] + (b if y1 < x1 else a)[4:8]
    return low + (b if y2 < x2 else a)[8:12] + (b if y3 < x3 else a)[12:]


def f32x4_pmax(a: bytes, b: bytes) -> bytes:
    """Lanes of the second operand where they are greater, else of the first."""
    x0, x1, x2, x3 = unpack_f32x4(a)
    y0, y1, y2, y3 = unpack_f32x4(b)
    low = (b if y0 > x0 else a)[:4] + (b if y1 > x1 else a)[4:8]
    return low + (b if y2 > x2 else a)[8:12] + (b if y3 > x3 else a)[12:]


def f64x2_pmin(a: bytes, b: bytes) -> bytes:
    """Lanes of the second operand where they are less, else of the first."""
    x0, x1 = unpack_f64x2(a)
    y0, y1 = unpack_f64x2(b)
    return (b if y0 < x0 else a)[:8] + (b if y1 < x1 else a)[8:]


def f64x2_pmax(a: bytes, b: bytes) -> bytes:
    """Lanes of the second operand where they are greater, else of the first."""
    x0, x1 = unpack_f64x2(a)
    y0, y1 = unpack_f64x2(b)
    return (b if y0 > x0 else a)[:8] + (b if y1 > x1 else a)[8:]


FUNCTIONS: dict[str, Callable[..., bytes]] = {
    "f32x4.add": f32x4_add,
    "f32x4.sub": f32x4_sub,
    "f32x4.mul": f32x4_mul,
    "f32x4.div": f32x4_div,
    "f64x2.add": f64x2_add,
    "f64x2.sub": f64x2_sub,
    "f64x2.mul": f64x2_mul,
    "f64x2.div": f64x2_div,
    "f32x4.min": f32x4_min,
    "f32x4.max": f32x4_max,
    "f64x2.min": f64x2_min,
    "f64x2.max": f64x2_max,
    "f32x4.pmin": f32x4_pmin,
    "f32x4.pmax": f32x4_pmax,
    "f64x2.pmin": f64x2_pmin,
    "f64x2.pmax": f64x2_pmax,
    **_signs("f32x4", I32X4),
    **_signs("f64x2", I64X2),
    **_unary("ceil", ceil),
    **_unary("floor", floor),
    **_unary("trunc", trunc),
    **_unary("nearest", nearest),
    **_unary("sqrt", square_root),
}
"""The functions by instruction name."""
