"""Rounding to f32: the one step that separates Python's floats from f32 arithmetic.

An f32 operation is computed in f64 and rounded once more. For + - * / and sqrt that is exactly the
f32 result, because 53 bits are more than twice 24 bits plus one (Figueroa, "When is double rounding
innocuous?", 1995); it holds for results that are f32 subnormals too.
"""

from __future__ import annotations

from math import copysign, inf
from struct import unpack

__all__ = ["CANONICAL_NAN", "to_f32"]

CANONICAL_NAN: float = unpack("<d", b"\0\0\0\0\0\0\xf8\x7f")[0]
"""The positive canonical NaN, of f64 and, in the engines' representation, of f32.

Every NaN that arithmetic makes is this one, as the specification's deterministic profile asks
(appendix "Profiles"): the hardware's own choice depends on operand order and on the machine.
"""


def to_f32(x: float) -> float:
    """The f32 nearest to `x`, ties to even; every NaN becomes the canonical one. Thread-safe."""
    # Veltkamp's splitting: the high 24 of 53 bits, by three roundings of the hardware. It is twice as
    # fast as a round trip through struct, and needs no cell in memory that threads would share. It
    # keeps ties to even: a tie is a multiple of 2**28 units in the last place of f64, so in both
    # intermediate roundings the parity that decides is the quotient's own. The bound is the midpoint
    # between the largest f32 and 2**128, which goes to infinity.
    if 2.0**-126 <= x < 2.0**128 - 2.0**103 or -(2.0**-126) >= x > 2.0**103 - 2.0**128:
        scaled = x * (2.0**29 + 1.0)
        return scaled - (scaled - x)
    if x == 0.0:
        return x
    if -1.0 < x < 1.0:
        # Subnormals are multiples of 2**-149, and the unit in the last place of this sum is just that.
        return copysign((abs(x) + 1.5 * 2.0**-97) - 1.5 * 2.0**-97, x)
    if x != x:
        return CANONICAL_NAN
    return inf if x > 0.0 else -inf
