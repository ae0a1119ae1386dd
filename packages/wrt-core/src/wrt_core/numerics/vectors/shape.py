"""Shapes: how the 128 bits of a vector divide into lanes, and the constants for computing on all of them at once.

A vector read as one 128-bit integer can be added, compared or shifted lane by lane with a handful of
integer operations, if the top bits of the lanes are handled apart so that no carry or borrow crosses
over (Lamport, "Multiple byte processing with full-word instructions", 1975; Warren, Hacker's Delight,
chapter 2). For narrow lanes that is several times faster in Python than taking the lanes one by one;
for 32 and 64 bits, unpacking them wins where the operation is long.
"""

from __future__ import annotations

from struct import Struct

__all__ = ["I16X8", "I32X4", "I64X2", "I8X16", "INTEGER_SHAPES", "ONES", "ZERO", "Shape"]

ZERO = bytes(16)
"""The vector of zeros."""

ONES = (1 << 128) - 1
"""The vector of ones, as an integer."""


class Shape:
    """One way to divide a vector into integer lanes, lane 0 at the low end. Immutable."""

    __slots__ = ("bits", "count", "high", "low", "mask", "name", "signed", "size", "units", "unsigned")

    def __init__(self, size: int, letter: str) -> None:
        self.size = size
        """Bytes of a lane."""
        self.bits = 8 * size
        self.count = 16 // size
        self.name = f"i{self.bits}x{self.count}"
        self.mask = (1 << self.bits) - 1
        """All the bits of one lane."""
        self.units = ONES // self.mask
        """1 in every lane; times a number of the lanes' width, it is that number in every lane."""
        self.high = self.units << self.bits - 1
        """The top bit of every lane."""
        self.low = ONES ^ self.high
        """All bits of every lane but the top one."""
        self.unsigned = Struct(f"<{self.count}{letter.upper()}")
        """Packs and unpacks the lanes as unsigned integers."""
        self.signed = Struct(f"<{self.count}{letter.lower()}")
        """Packs and unpacks the lanes as signed integers."""

    def __repr__(self) -> str:
        return f"<{self.name}>"


I8X16 = Shape(1, "b")
I16X8 = Shape(2, "h")
I32X4 = Shape(4, "i")
I64X2 = Shape(8, "q")
INTEGER_SHAPES = (I8X16, I16X8, I32X4, I64X2)
