"""Bytes rearranged: shuffle and swizzle. Both are one translation of the indices by the bytes as a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable

__all__ = ["FUNCTIONS", "swizzle"]

_AFTER_ONE = bytes(240)
_AFTER_TWO = bytes(224)


def shuffle(a: bytes, b: bytes, lanes: Iterable[int]) -> bytes:
    """The bytes of both operands, end to end, at sixteen indices below 32; fastest if `lanes` is bytes already."""
    return bytes(lanes).translate(a + b + _AFTER_TWO)


def swizzle(a: bytes, indices: bytes) -> bytes:
    """The bytes of `a` at the indices in the second operand, 0 where an index is 16 or more."""
    return indices.translate(a + _AFTER_ONE)


FUNCTIONS: dict[str, Callable[..., bytes]] = {"i8x16.shuffle": shuffle, "i8x16.swizzle": swizzle}
"""The functions by instruction name."""
