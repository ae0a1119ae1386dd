"""Comparisons of lanes, integer and floating-point: all ones in a lane where true, zeros where false."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wrt_core.numerics.vectors.packing import unpack_f32x4, unpack_f64x2
from wrt_core.numerics.vectors.shape import I8X16, I16X8, I32X4, I64X2, Shape

__all__ = ["FUNCTIONS"]

_from_bytes = int.from_bytes
_Comparison = Callable[[bytes, bytes], bytes]
_Unpack = Callable[[bytes], Sequence[float]]


def _comparisons_at_once(shape: Shape) -> dict[str, _Comparison]:
    """The comparisons of narrow lanes, by one addition or subtraction of the whole vector.

    An order follows from the top bits of `t`, which say whether the rest of x is at least the rest of y.
    They decide where the top bits of x and y agree; elsewhere the top bit of x does (unsigned) or that
    of y (signed). With d = x ^ y both are one expression: x >= y is y ^ (d | y ^ t), and if signed
    x ^ (d | y ^ t).
    """
    high, low, last = shape.high, shape.low, shape.bits - 1

    def eq(a: bytes, b: bytes) -> bytes:
        d = _from_bytes(a, "little") ^ _from_bytes(b, "little")
        # Adding all ones carries into the top bit unless the rest of the lane is zero.
        true = ((d & low) + low | d) & high ^ high
        return (true - (true >> last) | true).to_bytes(16, "little")

    def ne(a: bytes, b: bytes) -> bytes:
        d = _from_bytes(a, "little") ^ _from_bytes(b, "little")
        true = ((d & low) + low | d) & high
        return (true - (true >> last) | true).to_bytes(16, "little")

    def ge_u(a: bytes, b: bytes) -> bytes:
        x, y = _from_bytes(a, "little"), _from_bytes(b, "little")
        true = (y ^ (x ^ y | y ^ (x | high) - (y & low))) & high
        return (true - (true >> last) | true).to_bytes(16, "little")

    def ge_s(a: bytes, b: bytes) -> bytes:
        x, y = _from_bytes(a, "little"), _from_bytes(b, "little")
        true = (x ^ (x ^ y | y ^ (x | high) - (y & low))) & high
        return (true - (true >> last) | true).to_bytes(16, "little")

    def lt_u(a: bytes, b: bytes) -> bytes:
        x, y = _from_bytes(a, "little"), _from_bytes(b, "little")
        true = (y ^ (x ^ y | y ^ (x | high) - (y & low))) & high ^ high
        return (true - (true >> last) | true).to_bytes(16, "little")

    def lt_s(a: bytes, b: bytes) -> bytes:
        x, y = _from_bytes(a, "little"), _from_bytes(b, "little")
        true = (x ^ (x ^ y | y ^ (x | high) - (y & low))) & high ^ high
        return (true - (true >> last) | true).to_bytes(16, "little")

    return {
        f"{shape.name}.eq": eq,
        f"{shape.name}.ne": ne,
        f"{shape.name}.lt_s": lt_s,
        f"{shape.name}.lt_u": lt_u,
        f"{shape.name}.gt_s": lambda a, b: lt_s(b, a),
        f"{shape.name}.gt_u": lambda a, b: lt_u(b, a),
        f"{shape.name}.le_s": lambda a, b: ge_s(b, a),
        f"{shape.name}.le_u": lambda a, b: ge_u(b, a),
        f"{shape.name}.ge_s": ge_s,
        f"{shape.name}.ge_u": ge_u,
    }


_EQUAL = b"\xff" + b"\0" * 255
_DIFFERENT = b"\0" + b"\xff" * 255


def i8x16_eq(a: bytes, b: bytes) -> bytes:
    """The bytes that are equal."""
    return (_from_bytes(a, "little") ^ _from_bytes(b, "little")).to_bytes(16, "little").translate(_EQUAL)


def i8x16_ne(a: bytes, b: bytes) -> bytes:
    """The bytes that are not equal."""
    return (_from_bytes(a, "little") ^ _from_bytes(b, "little")).to_bytes(16, "little").translate(_DIFFERENT)


def _masks(count: int) -> tuple[bytes, ...]:
    """The vectors with all ones in some of `count` lanes; bit i of an index into them chooses lane i."""
    lane = 16 // count
    return tuple(
        b"".join((b"\xff" if chosen >> i & 1 else b"\0") * lane for i in range(count)) for chosen in range(1 << count)
    )


_OF_FOUR = _masks(4)
_OF_TWO = _masks(2)


def _comparisons_of_four(shape: str, sign: str, unpack: _Unpack) -> dict[str, _Comparison]:
    def eq(a: bytes, b: bytes) -> bytes:
        x0, x1, x2, x3 = unpack(a)
        y0, y1, y2, y3 = unpack(b)
        return _OF_FOUR[
            (1 if x0 == y0 else 0) + (2 if x1 == y1 else 0) + (4 if x2 == y2 else 0) + (8 if x3 == y3 else 0)
        ]

    def ne(a: bytes, b: bytes) -> bytes:
        x0, x1, x2, x3 = unpack(a)
        y0, y1, y2, y3 = unpack(b)
        return _OF_FOUR[
            (1 if x0 != y0 else 0) + (2 if x1 != y1 else 0) + (4 if x2 != y2 else 0) + (8 if x3 != y3 else 0)
        ]

    def lt(a: bytes, b: bytes) -> bytes:
        x0, x1, x2, x3 = unpack(a)
        y0, y1, y2, y3 = unpack(b)
        return _OF_FOUR[(1 if x0 < y0 else 0) + (2 if x1 < y1 else 0) + (4 if x2 < y2 else 0) + (8 if x3 < y3 else 0)]

    def le(a: bytes, b: bytes) -> bytes:
        x0, x1, x2, x3 = unpack(a)
        y0, y1, y2, y3 = unpack(b)
        return _OF_FOUR[
            (1 if x0 <= y0 else 0) + (2 if x1 <= y1 else 0) + (4 if x2 <= y2 else 0) + (8 if x3 <= y3 else 0)
        ]

    return {
        f"{shape}.eq": eq,
        f"{shape}.ne": ne,
        f"{shape}.lt{sign}": lt,
        f"{shape}.gt{sign}": lambda a, b: lt(b, a),
        f"{shape}.le{sign}": le,
        f"{shape}.ge{sign}": lambda a, b: le(b, a),
    }


def _comparisons_of_two(shape: str, sign: str, unpack: _Unpack) -> dict[str, _Comparison]:
    def eq(a: bytes, b: bytes) -> bytes:
        x0, x1 = unpack(a)
        y0, y1 = unpack(b)
        return _OF_TWO[(1 if x0 == y0 else 0) + (2 if x1 == y1 else 0)]

    def ne(a: bytes, b: bytes) -> bytes:
        x0, x1 = unpack(a)
        y0, y1 = unpack(b)
        return _OF_TWO[(1 if x0 != y0 else 0) + (2 if x1 != y1 else 0)]

    def lt(a: bytes, b: bytes) -> bytes:
        x0, x1 = unpack(a)
        y0, y1 = unpack(b)
        return _OF_TWO[(1 if x0 < y0 else 0) + (2 if x1 < y1 else 0)]

    def le(a: bytes, b: bytes) -> bytes:
        x0, x1 = unpack(a)
        y0, y1 = unpack(b)
        return _OF_TWO[(1 if x0 <= y0 else 0) + (2 if x1 <= y1 else 0)]

    return {
        f"{shape}.eq": eq,
        f"{shape}.ne": ne,
        f"{shape}.lt{sign}": lt,
        f"{shape}.gt{sign}": lambda a, b: lt(b, a),
        f"{shape}.le{sign}": le,
        f"{shape}.ge{sign}": lambda a, b: le(b, a),
    }


FUNCTIONS: dict[str, _Comparison] = {
    **_comparisons_at_once(I8X16),
    "i8x16.eq": i8x16_eq,
    "i8x16.ne": i8x16_ne,
    **_comparisons_at_once(I16X8),
    **_comparisons_of_four("i32x4", "_s", I32X4.signed.unpack),
    **_comparisons_of_four("i32x4", "_u", I32X4.unsigned.unpack),
    **_comparisons_of_two("i64x2", "_s", I64X2.signed.unpack),
    **_comparisons_of_four("f32x4", "", unpack_f32x4),
    **_comparisons_of_two("f64x2", "", unpack_f64x2),
}
"""The functions by instruction name."""
