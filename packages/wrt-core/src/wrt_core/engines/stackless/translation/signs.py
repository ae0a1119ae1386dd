"""Signs: which locals hold signed numbers.

A local of type i32 holds an unsigned number, which addresses, masks and stores want. What is loaded from memory only to
be ordered, as when something is sorted, is better held as a signed one: then two of them are compared as they are.
Loading and storing a signed number costs the same, by another view. A first reading votes, a second uses the result.
"""

from __future__ import annotations

from wrt_core.engines.stackless.translation.operand import SIGN, Operand
from wrt_core.engines.stackless.translation.translator import Translator
from wrt_foundation.types import I32

__all__ = ["GIVEN", "ORDERED", "SAME", "TAKEN", "held_signed", "is_free", "vote"]

TAKEN = -1
"""A use as an unsigned number, which each use is until something else is known of it."""
SAME = 1
"""A use that costs the same: none the less, none the more."""
ORDERED = 3
"""A signed comparison with a number that might be negative."""
GIVEN = -1000
"""Being given what has no signed form at no cost."""


def is_free(operand: Operand) -> bool:
    """Whether an integer has a signed form that costs nothing."""
    sign = SIGN[operand.type]
    return (
        operand.value is not None or operand.signed_text is not None or (-sign <= operand.low and operand.high < sign)
    )


def vote(t: Translator, operand: Operand, weight: int) -> None:
    """Note how an operand is used, if it is a local."""
    if operand.local is not None and operand.type is I32:
        t.signs[operand.local] += weight


def held_signed(t: Translator) -> frozenset[int]:
    """The locals that are to hold signed numbers, parameters not among them, by the votes of a reading."""
    own = range(len(t.type.params), t.own_locals)
    return frozenset(local for local, votes in t.signs.items() if votes > 0 and local in own)
