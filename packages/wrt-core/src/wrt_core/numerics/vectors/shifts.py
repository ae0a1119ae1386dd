"""Shifts of integer lanes, by a count taken modulo the lane's width."""

from __future__ import annotations

from collections.abc import Callable

from wrt_core.numerics.vectors.shape import I8X16, I16X8, I32X4, I64X2, INTEGER_SHAPES, Shape

__all__ = ["FUNCTIONS"]

_from_bytes = int.from_bytes
_Shift = Callable[[bytes, int], bytes]


def _shl(shape: Shape) -> _Shift:
    last = shape.bits - 1
    # What of each lane stays in it.
    kept = [shape.units * (shape.mask >> count) for count in range(shape.bits)]

    def shl(a: bytes, count: int) -> bytes:
        count &= last
        return ((_from_bytes(a, "little") & kept[count]) << count).to_bytes(16, "little")

    return shl


def _shr_u(shape: Shape) -> _Shift:
    last = shape.bits - 1
    kept = [shape.units * (shape.mask >> count) for count in range(shape.bits)]

    def shr_u(a: bytes, count: int) -> bytes:
        count &= last
        return (_from_bytes(a, "little") >> count & kept[count]).to_bytes(16, "little")

    return shr_u


def _i16x8_shr_s() -> _Shift:
    kept = [I16X8.units * (I16X8.mask >> count) for count in range(16)]
    high = I16X8.high

    def shr_s(a: bytes, count: int) -> bytes:
        count &= 15
        x = _from_bytes(a, "little")
        # Where the sign is 1, 2**16 - 2**(15-count) in a lane is its top count+1 bits.
        signs = x & high
        return (x >> count & kept[count] | (signs << 1) - (signs >> count)).to_bytes(16, "little")

    return shr_s


def i32x4_shr_s(a: bytes, count: int) -> bytes:
    """Four signed lanes shifted."""
    count &= 31
    x0, x1, x2, x3 = I32X4.signed.unpack(a)
    return I32X4.signed.pack(x0 >> count, x1 >> count, x2 >> count, x3 >> count)


def i64x2_shr_s(a: bytes, count: int) -> bytes:
    """Two signed lanes shifted."""
    count &= 63
    x0, x1 = I64X2.signed.unpack(a)
    return I64X2.signed.pack(x0 >> count, x1 >> count)


def _i8x16(shift: Callable[[int, int], int]) -> _Shift:
    # Bytes have so few values that a shift is a table of them.
    tables = [bytes(shift(byte, count) & 0xFF for byte in range(256)) for count in range(8)]

    def translated(a: bytes, count: int) -> bytes:
        return a.translate(tables[count & 7])

    return translated


FUNCTIONS: dict[str, _Shift] = {
    **{f"{shape.name}.shl": _shl(shape) for shape in INTEGER_SHAPES if shape is not I8X16},
    **{f"{shape.name}.shr_u": _shr_u(shape) for shape in INTEGER_SHAPES if shape is not I8X16},
    "i8x16.shl": _i8x16(lambda byte, count: byte << count),
    "i8x16.shr_u": _i8x16(lambda byte, count: byte >> count),
    "i8x16.shr_s": _i8x16(lambda byte, count: (byte ^ 0x80) - 0x80 >> count),
    "i16x8.shr_s": _i16x8_shr_s(),
    "i32x4.shr_s": i32x4_shr_s,
    "i64x2.shr_s": i64x2_shr_s,
}
"""The functions by instruction name."""
