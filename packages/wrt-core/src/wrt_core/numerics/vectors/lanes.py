"""Lanes in and out of vectors: splat, extract_lane and replace_lane."""

from __future__ import annotations

from collections.abc import Callable
from operator import getitem
from struct import Struct
from typing import Any

from wrt_core.numerics.vectors.shape import INTEGER_SHAPES, Shape
from wrt_foundation.values import f32_bits, f32_from_bits

__all__ = ["FUNCTIONS"]

_F32 = Struct("<f")
_F64 = Struct("<d")


def _splat(shape: Shape) -> Callable[[int], bytes]:
    mask, size, count = shape.mask, shape.size, shape.count

    def splat(a: int) -> bytes:
        return (a & mask).to_bytes(size, "little") * count

    return splat


def _extract(shape: Shape) -> Callable[[bytes, int], int]:
    size, unpack_from = shape.size, Struct("<" + shape.unsigned.format[-1]).unpack_from

    def extract_lane(v: bytes, lane: int) -> int:
        a: int
        (a,) = unpack_from(v, size * lane)
        return a

    return extract_lane


def _extract_signed(shape: Shape) -> Callable[[bytes, int], int]:
    size, unpack_from = shape.size, Struct("<" + shape.signed.format[-1]).unpack_from

    def extract_lane_s(v: bytes, lane: int) -> int:
        a: int
        (a,) = unpack_from(v, size * lane)
        return a & 0xFFFF_FFFF

    return extract_lane_s


def _replace(shape: Shape) -> Callable[[bytes, int, int], bytes]:
    mask, size = shape.mask, shape.size

    def replace_lane(v: bytes, a: int, lane: int) -> bytes:
        return v[: size * lane] + (a & mask).to_bytes(size, "little") + v[size * lane + size :]

    return replace_lane


def _f32_bytes(a: float) -> bytes:
    return _F32.pack(a) if a == a else f32_bits(a).to_bytes(4, "little")


def f32x4_splat(a: float) -> bytes:
    """The same f32 in four lanes."""
    return _f32_bytes(a) * 4


def f32x4_extract_lane(v: bytes, lane: int) -> float:
    """One lane of four; a NaN keeps its bits."""
    a: float
    (a,) = _F32.unpack_from(v, 4 * lane)
    return a if a == a else f32_from_bits(int.from_bytes(v[4 * lane : 4 * lane + 4], "little"))


def f32x4_replace_lane(v: bytes, a: float, lane: int) -> bytes:
    """The vector with one lane of four replaced."""
    return v[: 4 * lane] + _f32_bytes(a) + v[4 * lane + 4 :]


def f64x2_splat(a: float) -> bytes:
    """The same f64 in two lanes."""
    return _F64.pack(a) * 2


def f64x2_extract_lane(v: bytes, lane: int) -> float:
    """One lane of two."""
    a: float
    (a,) = _F64.unpack_from(v, 8 * lane)
    return a


def f64x2_replace_lane(v: bytes, a: float, lane: int) -> bytes:
    """The vector with one lane of two replaced."""
    return v[:8] + _F64.pack(a) if lane else _F64.pack(a) + v[8:]


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "f32x4.splat": f32x4_splat,
    "f32x4.extract_lane": f32x4_extract_lane,
    "f32x4.replace_lane": f32x4_replace_lane,
    "f64x2.splat": f64x2_splat,
    "f64x2.extract_lane": f64x2_extract_lane,
    "f64x2.replace_lane": f64x2_replace_lane,
}
"""The functions by instruction name."""

for _shape in INTEGER_SHAPES:
    FUNCTIONS[f"{_shape.name}.splat"] = _splat(_shape)
    FUNCTIONS[f"{_shape.name}.replace_lane"] = _replace(_shape)
    if _shape.bits < 32:
        FUNCTIONS[f"{_shape.name}.extract_lane_s"] = _extract_signed(_shape)
        FUNCTIONS[f"{_shape.name}.extract_lane_u"] = _extract(_shape)
    else:
        FUNCTIONS[f"{_shape.name}.extract_lane"] = _extract(_shape)
# A byte of bytes is an unsigned number already.
FUNCTIONS["i8x16.extract_lane_u"] = getitem
