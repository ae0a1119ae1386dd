"""Vectors as 128 bits, and tests of them: logic, bitselect, any_true, all_true and bitmask.

Logic does not care for the order of bytes, as long as reading and writing agree on it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wrt_core.numerics.vectors.shape import INTEGER_SHAPES, ONES, ZERO, Shape

__all__ = ["FUNCTIONS", "bitselect"]

_from_bytes = int.from_bytes


def not_(a: bytes) -> bytes:
    """Every bit flipped."""
    return (_from_bytes(a, "little") ^ ONES).to_bytes(16, "little")


def and_(a: bytes, b: bytes) -> bytes:
    """The bits in both."""
    return (_from_bytes(a, "little") & _from_bytes(b, "little")).to_bytes(16, "little")


def andnot(a: bytes, b: bytes) -> bytes:
    """The bits in the first and not in the second."""
    return (_from_bytes(a, "little") & ~_from_bytes(b, "little")).to_bytes(16, "little")


def or_(a: bytes, b: bytes) -> bytes:
    """The bits in either."""
    return (_from_bytes(a, "little") | _from_bytes(b, "little")).to_bytes(16, "little")


def xor(a: bytes, b: bytes) -> bytes:
    """The bits in one of both."""
    return (_from_bytes(a, "little") ^ _from_bytes(b, "little")).to_bytes(16, "little")


def bitselect(a: bytes, b: bytes, chosen: bytes) -> bytes:
    """The bits of the first where `chosen` is 1, of the second elsewhere."""
    y = _from_bytes(b, "little")
    return (y ^ (_from_bytes(a, "little") ^ y) & _from_bytes(chosen, "little")).to_bytes(16, "little")


def any_true(a: bytes) -> int:
    """1 if any bit is."""
    return 1 if a != ZERO else 0


def i8x16_all_true(a: bytes) -> int:
    """1 if no byte is zero."""
    return 0 if 0 in a else 1


def _all_true(shape: Shape) -> Callable[[bytes], int]:
    unpack = shape.unsigned.unpack

    def all_true(a: bytes) -> int:
        return 0 if 0 in unpack(a) else 1

    return all_true


_SIGN_DIGITS = b"0" * 128 + b"1" * 128
"""For each byte, its top bit as a binary digit."""


def _bitmask(shape: Shape) -> Callable[[bytes], int]:
    size = shape.size

    def bitmask(a: bytes) -> int:
        # The top bytes of the lanes, the last lane first, are read as a binary number.
        return int(a[::-size].translate(_SIGN_DIGITS), 2)

    return bitmask


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "v128.not": not_,
    "v128.and": and_,
    "v128.andnot": andnot,
    "v128.or": or_,
    "v128.xor": xor,
    "v128.bitselect": bitselect,
    "v128.any_true": any_true,
    **{f"{shape.name}.all_true": _all_true(shape) for shape in INTEGER_SHAPES},
    "i8x16.all_true": i8x16_all_true,
    **{f"{shape.name}.bitmask": _bitmask(shape) for shape in INTEGER_SHAPES},
}
"""The functions by instruction name."""
