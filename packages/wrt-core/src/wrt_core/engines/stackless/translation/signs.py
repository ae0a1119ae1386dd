"""Signs: which locals hold signed numbers.

A local of type i32 holds an unsigned number, which addresses, masks and stores want. What is loaded from memory only to
be ordered, as when something is sorted, is better held as a signed one: then two of them are compared as they are.
Loading and storing a signed number costs the same, by another view. A first reading votes, a second uses the result;
locals that are copied to one another vote together.
"""

from __future__ import annotations

from collections import Counter

from wrt_core.engines.stackless.translation.operand import SIGN, Operand
from wrt_core.engines.stackless.translation.relation import Range
from wrt_core.engines.stackless.translation.translator import Translator
from wrt_foundation.types import I32

__all__ = ["ORDERED", "SAME", "TAKEN", "given", "held_signed", "is_free", "signed_range", "vote"]

TAKEN = -1
"""A use as an unsigned number, which each use is until something else is known of it."""
SAME = 1
"""A use that costs the same: none the less, none the more."""
ORDERED = 3
"""A signed comparison with a number that might be negative."""
_GIVEN = -1000
"""Being given what has no signed form at no cost."""


def is_free(operand: Operand) -> bool:
    """Whether an integer has a signed form that costs nothing."""
    sign = SIGN[operand.type]
    return (
        operand.value is not None or operand.signed_text is not None or (-sign <= operand.low and operand.high < sign)
    )


def signed_range(found: Range) -> Range:
    """Between which signed numbers is what is known to be between two unsigned ones."""
    low, high = found
    sign = SIGN[I32]
    if high < sign:
        return found
    return (low - 2 * sign, high - 2 * sign) if low >= sign else (-sign, sign - 1)


def vote(t: Translator, operand: Operand, weight: int) -> None:
    """Note how an operand is used, if it is a local."""
    if operand.local is not None and operand.type is I32:
        t.signs[operand.local] += weight


def given(t: Translator, local: int, value: Operand) -> None:
    """Note what a local is given: where that is another local, they hold the same kind of number."""
    if value.type is not I32 or is_free(value):
        return
    if value.local is not None:
        t.copies.append((local, value.local))
    else:
        t.signs[local] += _GIVEN


def held_signed(t: Translator, unsigned: frozenset[int]) -> frozenset[int]:
    """The locals that are to hold signed numbers, by the votes of a reading.

    Parameters are not among them, nor what must be `unsigned`, nor what these are copied from or to.
    """
    own = range(len(t.type.params), len(t.local_types))
    same = {local: local for local in t.signs}

    def first(local: int) -> int:
        while same.setdefault(local, local) != local:
            local = same[local]
        return local

    for a, b in t.copies:
        one, other = first(a), first(b)
        same[max(one, other)] = min(one, other)
    votes: Counter[int] = Counter()
    for local in same:
        votes[first(local)] += t.signs[local] if local in own and local not in unsigned else _GIVEN
    return frozenset(local for local in same if votes[first(local)] > 0)
