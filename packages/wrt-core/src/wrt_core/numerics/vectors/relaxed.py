"""Relaxed vector instructions: specification, section 4.3 "Numerics", under "Relaxed Operations".

Of the results that the specification allows, these are the deterministic profile's. Most are then another vector
instruction under a second name, and multiply-adds round their products.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import mul
from struct import error

from wrt_core.numerics.vectors import conversions, floats
from wrt_core.numerics.vectors.bitwise import bitselect
from wrt_core.numerics.vectors.saturating import q15mulr_sat_s
from wrt_core.numerics.vectors.shape import I8X16, I16X8, I32X4, INTEGER_SHAPES
from wrt_core.numerics.vectors.shuffles import swizzle

__all__ = ["FUNCTIONS"]


def _madd(shape: str) -> Callable[[bytes, bytes, bytes], bytes]:
    add, mul = floats.FUNCTIONS[f"{shape}.add"], floats.FUNCTIONS[f"{shape}.mul"]

    def madd(a: bytes, b: bytes, c: bytes) -> bytes:
        """The sums a * b + c, the products rounded."""
        return add(mul(a, b), c)

    return madd


def _nmadd(shape: str) -> Callable[[bytes, bytes, bytes], bytes]:
    add, mul, neg = (floats.FUNCTIONS[f"{shape}.{name}"] for name in ("add", "mul", "neg"))

    def nmadd(a: bytes, b: bytes, c: bytes) -> bytes:
        """The sums -a * b + c, the products rounded."""
        return add(mul(neg(a), b), c)

    return nmadd


def dot_i8x16_i7x16_s(a: bytes, b: bytes) -> bytes:
    """Saturated sums of two products each, both operands signed."""
    p0, p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11, p12, p13, p14, p15 = map(
        mul, I8X16.signed.unpack(a), I8X16.signed.unpack(b)
    )
    sums = (p0 + p1, p2 + p3, p4 + p5, p6 + p7, p8 + p9, p10 + p11, p12 + p13, p14 + p15)
    try:
        return I16X8.signed.pack(*sums)
    except error:
        # Only 2 * 128 * 128 is out of range.
        return I16X8.signed.pack(*[min(total, 0x7FFF) for total in sums])


def dot_i8x16_i7x16_add_s(a: bytes, b: bytes, c: bytes) -> bytes:
    """Sums of two such sums each, and of the third operand."""
    t0, t1, t2, t3, t4, t5, t6, t7 = I16X8.signed.unpack(dot_i8x16_i7x16_s(a, b))
    z0, z1, z2, z3 = I32X4.signed.unpack(c)
    mask = 0xFFFF_FFFF
    return I32X4.unsigned.pack(t0 + t1 + z0 & mask, t2 + t3 + z1 & mask, t4 + t5 + z2 & mask, t6 + t7 + z3 & mask)


FUNCTIONS: dict[str, Callable[..., bytes]] = {
    **{f"{shape}.relaxed_madd": _madd(shape) for shape in ("f32x4", "f64x2")},
    **{f"{shape}.relaxed_nmadd": _nmadd(shape) for shape in ("f32x4", "f64x2")},
    "i16x8.relaxed_dot_i8x16_i7x16_s": dot_i8x16_i7x16_s,
    "i32x4.relaxed_dot_i8x16_i7x16_add_s": dot_i8x16_i7x16_add_s,
    "i16x8.relaxed_q15mulr_s": q15mulr_sat_s,
    "i8x16.relaxed_swizzle": swizzle,
    **{f"{shape.name}.relaxed_laneselect": bitselect for shape in INTEGER_SHAPES},
    **{
        f"{shape}.relaxed_{name}": floats.FUNCTIONS[f"{shape}.{name}"]
        for shape in ("f32x4", "f64x2")
        for name in ("min", "max")
    },
    **{
        f"i32x4.relaxed_{name}": conversions.FUNCTIONS[f"i32x4.trunc_sat_{name.removeprefix('trunc_')}"]
        for name in ("trunc_f32x4_s", "trunc_f32x4_u", "trunc_f64x2_s_zero", "trunc_f64x2_u_zero")
    },
}
"""The functions by instruction name."""
