"""Floating-point lanes as Python floats, and back."""

from __future__ import annotations

import sys
from struct import Struct

from wrt_core.numerics.rounding import CANONICAL_NAN, to_f32

__all__ = ["pack_f32x4", "pack_f64x2", "unpack_f32x4", "unpack_f64x2"]

unpack_f32x4 = Struct("<4f").unpack
"""The four lanes as floats. That C may quieten signalling NaNs here is no matter to arithmetic; who must keep
them works on the bytes."""

unpack_f64x2 = Struct("<2d").unpack
"""The two lanes as floats."""

_pack_f32x4 = Struct("<4f").pack
_pack_f64x2 = Struct("<2d").pack
# Packing in the machine's own format lets the hardware round to f32; struct's portable formats do so too,
# but refuse what rounds to infinity.
_round_and_pack_f32x4 = Struct("4f").pack


def _pack_f32x4_portably(a: float, b: float, c: float, d: float) -> bytes:
    return _pack_f32x4(to_f32(a), to_f32(b), to_f32(c), to_f32(d))


def _pack_f32x4_natively(a: float, b: float, c: float, d: float) -> bytes:
    # One NaN among the lanes makes the sum one. Opposite infinities do as well; that costs time alone.
    total = a + b + c + d
    if total == total:
        return _round_and_pack_f32x4(a, b, c, d)
    return _pack_f32x4_portably(a, b, c, d)


pack_f32x4 = _pack_f32x4_natively if sys.byteorder == "little" else _pack_f32x4_portably
"""The vector of four f64 results of arithmetic, each rounded to f32 or, if it is a NaN, made canonical."""


def pack_f64x2(a: float, b: float) -> bytes:
    """The vector of two results of arithmetic; NaNs are made canonical."""
    return _pack_f64x2(a if a == a else CANONICAL_NAN, b if b == b else CANONICAL_NAN)
