"""Arithmetic of integer lanes that wraps around: add, sub, mul, neg, abs, min, max, averages and extended products."""

from __future__ import annotations

from collections.abc import Callable
from operator import mul
from struct import Struct

from wrt_core.numerics.vectors.shape import I8X16, I16X8, I32X4, I64X2, INTEGER_SHAPES, Shape

__all__ = ["FUNCTIONS"]

_from_bytes = int.from_bytes
_Unary = Callable[[bytes], bytes]
_Binary = Callable[[bytes, bytes], bytes]


def _sums(shape: Shape) -> dict[str, Callable[..., bytes]]:
    high, low = shape.high, shape.low

    def add(a: bytes, b: bytes) -> bytes:
        x, y = _from_bytes(a, "little"), _from_bytes(b, "little")
        # The top bits are added without their carries, by exclusive or.
        return ((x & low) + (y & low) ^ (x ^ y) & high).to_bytes(16, "little")

    def sub(a: bytes, b: bytes) -> bytes:
        x, y = _from_bytes(a, "little"), _from_bytes(b, "little")
        # A top bit set beforehand is there to borrow from.
        return ((x | high) - (y & low) ^ (x ^ ~y) & high).to_bytes(16, "little")

    def neg(a: bytes) -> bytes:
        x = _from_bytes(a, "little")
        return (high - (x & low) ^ ~x & high).to_bytes(16, "little")

    return {f"{shape.name}.add": add, f"{shape.name}.sub": sub, f"{shape.name}.neg": neg}


def _abs(shape: Shape) -> _Unary:
    high, last = shape.high, shape.bits - 1

    def abs_(a: bytes) -> bytes:
        x = _from_bytes(a, "little")
        signs = x & high
        units = signs >> last
        # Negative lanes are flipped, and one added.
        return ((x ^ (signs - units | signs)) + units).to_bytes(16, "little")

    return abs_


def _extrema_at_once(shape: Shape) -> dict[str, _Binary]:
    """Minima and maxima of narrow lanes: the order, as in `comparison`, chooses which bits of x ^ y to flip."""
    high, low, last = shape.high, shape.low, shape.bits - 1

    def min_u(a: bytes, b: bytes) -> bytes:
        x, y = _from_bytes(a, "little"), _from_bytes(b, "little")
        d = x ^ y
        greater = (y ^ (d | y ^ (x | high) - (y & low))) & high
        return (x ^ d & (greater - (greater >> last) | greater)).to_bytes(16, "little")

    def min_s(a: bytes, b: bytes) -> bytes:
        x, y = _from_bytes(a, "little"), _from_bytes(b, "little")
        d = x ^ y
        greater = (x ^ (d | y ^ (x | high) - (y & low))) & high
        return (x ^ d & (greater - (greater >> last) | greater)).to_bytes(16, "little")

    def max_u(a: bytes, b: bytes) -> bytes:
        x, y = _from_bytes(a, "little"), _from_bytes(b, "little")
        d = x ^ y
        greater = (y ^ (d | y ^ (x | high) - (y & low))) & high
        return (y ^ d & (greater - (greater >> last) | greater)).to_bytes(16, "little")

    def max_s(a: bytes, b: bytes) -> bytes:
        x, y = _from_bytes(a, "little"), _from_bytes(b, "little")
        d = x ^ y
        greater = (x ^ (d | y ^ (x | high) - (y & low))) & high
        return (y ^ d & (greater - (greater >> last) | greater)).to_bytes(16, "little")

    functions = {"min_u": min_u, "min_s": min_s, "max_u": max_u, "max_s": max_s}
    return {f"{shape.name}.{name}": function for name, function in functions.items()}


def _extrema_of_i32x4(sign: str, lanes: Struct) -> dict[str, _Binary]:
    unpack, pack = lanes.unpack, lanes.pack
    # Calling min and max would take three times as long.

    def min_(a: bytes, b: bytes) -> bytes:
        x0, x1, x2, x3 = unpack(a)
        y0, y1, y2, y3 = unpack(b)
        return pack(x0 if x0 < y0 else y0, x1 if x1 < y1 else y1, x2 if x2 < y2 else y2, x3 if x3 < y3 else y3)  # noqa: FURB136

    def max_(a: bytes, b: bytes) -> bytes:
        x0, x1, x2, x3 = unpack(a)
        y0, y1, y2, y3 = unpack(b)
        return pack(x0 if x0 > y0 else y0, x1 if x1 > y1 else y1, x2 if x2 > y2 else y2, x3 if x3 > y3 else y3)  # noqa: FURB136

    return {f"i32x4.min_{sign}": min_, f"i32x4.max_{sign}": max_}


def _average(shape: Shape) -> _Binary:
    low = shape.low

    def avgr_u(a: bytes, b: bytes) -> bytes:
        x, y = _from_bytes(a, "little"), _from_bytes(b, "little")
        # x + y is 2 * (x | y) - (x ^ y), so the rounded half never leaves the lane.
        return ((x | y) - ((x ^ y) >> 1 & low)).to_bytes(16, "little")

    return avgr_u


def i16x8_mul(a: bytes, b: bytes) -> bytes:
    """The low halves of eight products."""
    x0, x1, x2, x3, x4, x5, x6, x7 = I16X8.unsigned.unpack(a)
    y0, y1, y2, y3, y4, y5, y6, y7 = I16X8.unsigned.unpack(b)
    return I16X8.unsigned.pack(
        x0 * y0 & 0xFFFF,
        x1 * y1 & 0xFFFF,
        x2 * y2 & 0xFFFF,
        x3 * y3 & 0xFFFF,
        x4 * y4 & 0xFFFF,
        x5 * y5 & 0xFFFF,
        x6 * y6 & 0xFFFF,
        x7 * y7 & 0xFFFF,
    )


def i32x4_mul(a: bytes, b: bytes) -> bytes:
    """The low halves of four products."""
    x0, x1, x2, x3 = I32X4.unsigned.unpack(a)
    y0, y1, y2, y3 = I32X4.unsigned.unpack(b)
    mask = 0xFFFF_FFFF
    return I32X4.unsigned.pack(x0 * y0 & mask, x1 * y1 & mask, x2 * y2 & mask, x3 * y3 & mask)


def i64x2_mul(a: bytes, b: bytes) -> bytes:
    """The low halves of two products."""
    x0, x1 = I64X2.unsigned.unpack(a)
    y0, y1 = I64X2.unsigned.unpack(b)
    return I64X2.unsigned.pack(x0 * y0 & 0xFFFF_FFFF_FFFF_FFFF, x1 * y1 & 0xFFFF_FFFF_FFFF_FFFF)


def i32x4_dot_i16x8_s(a: bytes, b: bytes) -> bytes:
    """Sums of the products of neighbours; the least by the least, twice, wraps around."""
    x0, x1, x2, x3, x4, x5, x6, x7 = I16X8.signed.unpack(a)
    y0, y1, y2, y3, y4, y5, y6, y7 = I16X8.signed.unpack(b)
    return I32X4.unsigned.pack(
        x0 * y0 + x1 * y1 & 0xFFFF_FFFF,
        x2 * y2 + x3 * y3 & 0xFFFF_FFFF,
        x4 * y4 + x5 * y5 & 0xFFFF_FFFF,
        x6 * y6 + x7 * y7 & 0xFFFF_FFFF,
    )


def _extended_products(wide: Shape, narrow: Shape) -> dict[str, _Binary]:
    def product(lanes: Struct, pack: Callable[..., bytes]) -> _Binary:
        unpack = lanes.unpack

        def extmul(a: bytes, b: bytes) -> bytes:
            return pack(*map(mul, unpack(a), unpack(b)))

        return extmul

    functions = {}
    for sign, packing in (("s", wide.signed), ("u", wide.unsigned)):
        # struct skips the half that is not wanted.
        letter = (narrow.signed if sign == "s" else narrow.unsigned).format[-1]
        low, high = Struct(f"<{wide.count}{letter}8x"), Struct(f"<8x{wide.count}{letter}")
        functions[f"{wide.name}.extmul_low_{narrow.name}_{sign}"] = product(low, packing.pack)
        functions[f"{wide.name}.extmul_high_{narrow.name}_{sign}"] = product(high, packing.pack)
    return functions


def _pairwise_sums(wide: Shape, narrow: Shape) -> dict[str, _Unary]:
    bits, even = narrow.bits, wide.units * narrow.mask
    signs, high = narrow.high, wide.high
    # Flipping the sign bit adds half the narrow range to each number, hence the whole to a sum of two.
    # It is taken off again by adding its complement to the wide top bit, and flipping that.
    correction = high - (wide.units << bits)

    def extadd_pairwise_u(a: bytes) -> bytes:
        x = _from_bytes(a, "little")
        return ((x & even) + (x >> bits & even)).to_bytes(16, "little")

    def extadd_pairwise_s(a: bytes) -> bytes:
        x = _from_bytes(a, "little") ^ signs
        return ((x & even) + (x >> bits & even) + correction ^ high).to_bytes(16, "little")

    return {
        f"{wide.name}.extadd_pairwise_{narrow.name}_u": extadd_pairwise_u,
        f"{wide.name}.extadd_pairwise_{narrow.name}_s": extadd_pairwise_s,
    }


def _i8x16_table(function: Callable[[int], int]) -> _Unary:
    table = bytes(function(byte) & 0xFF for byte in range(256))

    def translated(a: bytes) -> bytes:
        return a.translate(table)

    return translated


FUNCTIONS: dict[str, Callable[..., bytes]] = {
    "i16x8.mul": i16x8_mul,
    "i32x4.mul": i32x4_mul,
    "i64x2.mul": i64x2_mul,
    "i32x4.dot_i16x8_s": i32x4_dot_i16x8_s,
    **_extrema_at_once(I8X16),
    **_extrema_at_once(I16X8),
    **_extrema_of_i32x4("s", I32X4.signed),
    **_extrema_of_i32x4("u", I32X4.unsigned),
    **_extended_products(I16X8, I8X16),
    **_extended_products(I32X4, I16X8),
    **_extended_products(I64X2, I32X4),
    **_pairwise_sums(I16X8, I8X16),
    **_pairwise_sums(I32X4, I16X8),
    "i8x16.avgr_u": _average(I8X16),
    "i16x8.avgr_u": _average(I16X8),
}
"""The functions by instruction name."""

for _shape in INTEGER_SHAPES:
    FUNCTIONS |= _sums(_shape)
    FUNCTIONS[f"{_shape.name}.abs"] = _abs(_shape)
# What takes one byte to one byte is a table.
FUNCTIONS["i8x16.neg"] = _i8x16_table(lambda byte: -byte)
FUNCTIONS["i8x16.abs"] = _i8x16_table(lambda byte: min(byte, 256 - byte))
FUNCTIONS["i8x16.popcnt"] = _i8x16_table(int.bit_count)
