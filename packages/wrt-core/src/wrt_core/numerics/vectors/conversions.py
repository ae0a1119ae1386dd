"""Lanes of one type made into lanes of another: extend, convert, trunc_sat, promote and demote."""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct

from wrt_core.numerics.conversions import FUNCTIONS as SCALAR
from wrt_core.numerics.vectors.packing import pack_f32x4, pack_f64x2, unpack_f32x4, unpack_f64x2
from wrt_core.numerics.vectors.shape import I8X16, I16X8, I32X4, I64X2, Shape

__all__ = ["FUNCTIONS"]

_Conversion = Callable[[bytes], bytes]

_SIGN_BYTES = b"\0" * 128 + b"\xff" * 128
"""For each byte, the byte that repeats its top bit."""

_REST_OF_ZEROS = bytes(240)
_REST_OF_SIGNS = bytes(224)


def _extensions(wide: Shape, narrow: Shape) -> dict[str, _Conversion]:
    """Extension as one translation: each byte of the result is the index of a byte in a table.

    The table starts with the operand; what follows are zeros, or for signed lanes, at 16 + i, the byte
    that repeats the sign of byte i.
    """
    size = narrow.size

    def extension(first: int, signed: bool) -> _Conversion:
        indices = bytearray()
        for lane in range(first, first + 8, size):
            last = lane + size - 1
            indices += bytes(range(lane, lane + size)) + bytes([16 + last if signed else 16]) * size
        order = bytes(indices)

        def extend_s(a: bytes) -> bytes:
            return order.translate(a + a.translate(_SIGN_BYTES) + _REST_OF_SIGNS)

        def extend_u(a: bytes) -> bytes:
            return order.translate(a + _REST_OF_ZEROS)

        return extend_s if signed else extend_u

    return {
        f"{wide.name}.extend_{half}_{narrow.name}_{sign}": extension(first, sign == "s")
        for half, first in (("low", 0), ("high", 8))
        for sign in "su"
    }


def f32x4_convert_i32x4_s(a: bytes) -> bytes:
    """Four signed integers, each rounded once: all i32 are exact f64s."""
    x0, x1, x2, x3 = I32X4.signed.unpack(a)
    return pack_f32x4(x0, x1, x2, x3)


def f32x4_convert_i32x4_u(a: bytes) -> bytes:
    """Four unsigned integers, each rounded once."""
    x0, x1, x2, x3 = I32X4.unsigned.unpack(a)
    return pack_f32x4(x0, x1, x2, x3)


_unpack_low_i32_s = Struct("<2i8x").unpack
_unpack_low_i32_u = Struct("<2I8x").unpack
_unpack_low_f32 = Struct("<2f8x").unpack
_pack_f64x2 = Struct("<2d").pack


def f64x2_convert_low_i32x4_s(a: bytes) -> bytes:
    """The two low signed integers."""
    return _pack_f64x2(*_unpack_low_i32_s(a))


def f64x2_convert_low_i32x4_u(a: bytes) -> bytes:
    """The two low unsigned integers."""
    return _pack_f64x2(*_unpack_low_i32_u(a))


def f32x4_demote_f64x2_zero(a: bytes) -> bytes:
    """Both lanes as f32, in the low half."""
    x0, x1 = unpack_f64x2(a)
    return pack_f32x4(x0, x1, 0.0, 0.0)


def f64x2_promote_low_f32x4(a: bytes) -> bytes:
    """The two low lanes as f64."""
    x0, x1 = _unpack_low_f32(a)
    return pack_f64x2(x0, x1)


def _truncations(sign: str) -> dict[str, _Conversion]:
    truncate = SCALAR[f"i32.trunc_sat_f64_{sign}"]
    pack_four, pack_two = I32X4.unsigned.pack, Struct("<2I8x").pack

    def trunc_sat_f32x4(a: bytes) -> bytes:
        x0, x1, x2, x3 = unpack_f32x4(a)
        return pack_four(truncate(x0), truncate(x1), truncate(x2), truncate(x3))

    def trunc_sat_f64x2_zero(a: bytes) -> bytes:
        x0, x1 = unpack_f64x2(a)
        return pack_two(truncate(x0), truncate(x1))

    return {
        f"i32x4.trunc_sat_f32x4_{sign}": trunc_sat_f32x4,
        f"i32x4.trunc_sat_f64x2_{sign}_zero": trunc_sat_f64x2_zero,
    }


FUNCTIONS: dict[str, _Conversion] = {
    **_extensions(I16X8, I8X16),
    **_extensions(I32X4, I16X8),
    **_extensions(I64X2, I32X4),
    "f32x4.convert_i32x4_s": f32x4_convert_i32x4_s,
    "f32x4.convert_i32x4_u": f32x4_convert_i32x4_u,
    "f64x2.convert_low_i32x4_s": f64x2_convert_low_i32x4_s,
    "f64x2.convert_low_i32x4_u": f64x2_convert_low_i32x4_u,
    "f32x4.demote_f64x2_zero": f32x4_demote_f64x2_zero,
    "f64x2.promote_low_f32x4": f64x2_promote_low_f32x4,
    **_truncations("s"),
    **_truncations("u"),
}
"""The functions by instruction name."""
