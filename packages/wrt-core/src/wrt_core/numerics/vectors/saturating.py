"""Arithmetic of integer lanes that saturates: add_sat, sub_sat, q15mulr_sat and narrow."""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter, mul
from struct import Struct, error

from wrt_core.numerics.vectors.shape import I8X16, I16X8, ONES, Shape

__all__ = ["FUNCTIONS", "q15mulr_sat_s"]

_from_bytes = int.from_bytes
_Binary = Callable[[bytes, bytes], bytes]


def _sums(shape: Shape) -> dict[str, _Binary]:
    high, low, last = shape.high, shape.low, shape.bits - 1

    def sub_sat_u(a: bytes, b: bytes) -> bytes:
        x, y = _from_bytes(a, "little"), _from_bytes(b, "little")
        # The lanes with x >= y, as in `comparison`; zeroing the others on both sides leaves no borrow.
        kept = (y ^ (x ^ y | y ^ (x | high) - (y & low))) & high
        kept = kept - (kept >> last) | kept
        return ((x & kept) - (y & kept)).to_bytes(16, "little")

    def add_sat_u(a: bytes, b: bytes) -> bytes:
        # Complements turn the sum into a difference: min(x + y, max) is max - max((max - x) - y, 0).
        x, y = _from_bytes(a, "little") ^ ONES, _from_bytes(b, "little")
        kept = (y ^ (x ^ y | y ^ (x | high) - (y & low))) & high
        kept = kept - (kept >> last) | kept
        return (ONES - (x & kept) + (y & kept)).to_bytes(16, "little")

    def add_sat_s(a: bytes, b: bytes) -> bytes:
        x, y = _from_bytes(a, "little"), _from_bytes(b, "little")
        d = x ^ y
        total = (x & low) + (y & low) ^ d & high
        # Overflow: operands of one sign, and a sum of the other.
        over = (x ^ total) & ~d & high
        # Adding the sign to the greatest number gives the least one where it is 1.
        limit = low + ((x & high) >> last)
        return (total ^ (total ^ limit) & (over - (over >> last) | over)).to_bytes(16, "little")

    def sub_sat_s(a: bytes, b: bytes) -> bytes:
        x, y = _from_bytes(a, "little"), _from_bytes(b, "little")
        d = x ^ y
        difference = (x | high) - (y & low) ^ ~d & high
        # Overflow: operands of different signs, and a difference with the sign of the second.
        over = (x ^ difference) & d & high
        limit = low + ((x & high) >> last)
        return (difference ^ (difference ^ limit) & (over - (over >> last) | over)).to_bytes(16, "little")

    functions = {"add_sat_u": add_sat_u, "add_sat_s": add_sat_s, "sub_sat_u": sub_sat_u, "sub_sat_s": sub_sat_s}
    return {f"{shape.name}.{name}": function for name, function in functions.items()}


def q15mulr_sat_s(a: bytes, b: bytes) -> bytes:
    """Products of fractions with 15 bits after the point, rounded."""
    x0, x1, x2, x3, x4, x5, x6, x7 = I16X8.signed.unpack(a)
    y0, y1, y2, y3, y4, y5, y6, y7 = I16X8.signed.unpack(b)
    half = 0x4000
    try:
        return I16X8.signed.pack(
            x0 * y0 + half >> 15,
            x1 * y1 + half >> 15,
            x2 * y2 + half >> 15,
            x3 * y3 + half >> 15,
            x4 * y4 + half >> 15,
            x5 * y5 + half >> 15,
            x6 * y6 + half >> 15,
            x7 * y7 + half >> 15,
        )
    except error:
        # Only -1 times -1 is out of range.
        products = map(mul, I16X8.signed.unpack(a), I16X8.signed.unpack(b))
        return I16X8.signed.pack(*[min(product + half >> 15, 0x7FFF) for product in products])


_unpack_16_unsigned = Struct("<16H").unpack
# For every 16-bit pattern, the byte that its signed number saturates to.
_TO_SIGNED_BYTE = bytes(range(0x80)) + b"\x7f" * 0x7F80 + b"\x80" * 0x7F80 + bytes(range(0x80, 0x100))
_TO_UNSIGNED_BYTE = bytes(range(0x100)) + b"\xff" * 0x7F00 + b"\0" * 0x8000


def i8x16_narrow_i16x8_s(a: bytes, b: bytes) -> bytes:
    """The lanes of both operands as signed bytes."""
    return bytes(itemgetter(*_unpack_16_unsigned(a + b))(_TO_SIGNED_BYTE))


def i8x16_narrow_i16x8_u(a: bytes, b: bytes) -> bytes:
    """The lanes of both operands, which are signed, as unsigned bytes."""
    return bytes(itemgetter(*_unpack_16_unsigned(a + b))(_TO_UNSIGNED_BYTE))


_unpack_8_signed = Struct("<8i").unpack


def i16x8_narrow_i32x4_s(a: bytes, b: bytes) -> bytes:
    """The lanes of both operands as signed 16-bit numbers."""
    return I16X8.signed.pack(
        *[x if -0x8000 <= x <= 0x7FFF else 0x7FFF if x > 0 else -0x8000 for x in _unpack_8_signed(a + b)]
    )


def i16x8_narrow_i32x4_u(a: bytes, b: bytes) -> bytes:
    """The lanes of both operands, which are signed, as unsigned 16-bit numbers."""
    return I16X8.unsigned.pack(*[x if 0 <= x <= 0xFFFF else 0xFFFF if x > 0 else 0 for x in _unpack_8_signed(a + b)])


FUNCTIONS: dict[str, _Binary] = {
    **_sums(I8X16),
    **_sums(I16X8),
    "i16x8.q15mulr_sat_s": q15mulr_sat_s,
    "i8x16.narrow_i16x8_s": i8x16_narrow_i16x8_s,
    "i8x16.narrow_i16x8_u": i8x16_narrow_i16x8_u,
    "i16x8.narrow_i32x4_s": i16x8_narrow_i32x4_s,
    "i16x8.narrow_i32x4_u": i16x8_narrow_i32x4_u,
}
"""The functions by instruction name."""
