"""Signs: which locals hold signed numbers.

A local of type i32 holds an unsigned number, which addresses, masks and stores want. What is loaded from memory only to
be ordered, as when something is sorted, is better held as a signed one: then two of them are compared as they are.
Loading and storing a signed number costs the same, by another view. A first reading votes, a second uses the result;
locals that are copied to one another vote together, and those that are given one another and a step, or one of several.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from wrt_core.engines.stackless.translation.knowledge.counting import Counted
from wrt_core.engines.stackless.translation.knowledge.relation import Range
from wrt_core.engines.stackless.translation.operand import SIGN, Operand
from wrt_core.engines.stackless.translation.translator import Translator
from wrt_core.engines.stackless.translation.votes import Kin
from wrt_foundation.types import I32

__all__ = ["LIMITED", "ORDERED", "SAME", "TAKEN", "given", "held_signed", "is_free", "is_near", "signed_range", "vote"]

TAKEN = -3
"""A use as an unsigned number, which each use is until something else is known of it."""
SAME = 3
"""A use that costs the same: none the less, none the more."""
ORDERED = 7
"""A signed comparison with a number that might be negative."""
LIMITED = 5
"""A signed comparison with a constant."""
_STEPPED = -4
"""Being given a step up or down: where that is known not to wrap, it is often known of unsigned numbers alone."""
_GIVEN = -1000
"""Being given what has no signed form at no cost."""


def is_free(operand: Operand) -> bool:
    """Whether an integer has a signed form that costs nothing."""
    sign = SIGN[operand.type]
    return (
        operand.value is not None or operand.signed_text is not None or (-sign <= operand.low and operand.high < sign)
    )


def is_near(operand: Operand) -> bool:
    """Whether an integer has a signed form that costs nothing, or less than its unsigned one."""
    return is_free(operand) or operand.is_nearly_signed


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
        t.votes.signs[operand.local] += weight


def given(t: Translator, local: int, value: Operand) -> None:
    """Note what a local is given: where that is made of other locals, they hold the same kind of number."""
    if value.type is not I32 or is_free(value):
        return
    if not value.kin:
        t.votes.signs[local] += _GIVEN
    around = t.around[t.loops[-1]] if t.loops else ()
    for source in value.kin:
        t.votes.signs[source] += SAME
        t.votes.kin.append(Kin(local, source, value.step is not None, around))


def held_signed(t: Translator, counted: Mapping[int, Counted]) -> frozenset[int]:
    """The locals that are to hold signed numbers, by the votes of a reading.

    Parameters are not among them, nor what has a part in the loops that are `counted`, nor their kin. In those loops
    that is small, and one kind of number is the other.
    """
    unsigned = {local for loop in counted.values() for local in loop.locals}
    own = range(len(t.type.params), len(t.local_types))
    same = {local: local for local in t.votes.signs}

    def first(local: int) -> int:
        while same.setdefault(local, local) != local:
            local = same[local]
        return local

    own_votes = Counter(t.votes.signs)
    for a, b, is_stepped, around in t.votes.kin:
        if any(each in counted and not counted[each].locals.isdisjoint((a, b)) for each in around):
            continue
        own_votes[a] += _STEPPED if is_stepped else 0
        one, other = first(a), first(b)
        same[max(one, other)] = min(one, other)
    votes: Counter[int] = Counter()
    for local in same:
        votes[first(local)] += own_votes[local] if local in own and local not in unsigned else _GIVEN
    return frozenset(local for local in same if votes[first(local)] > 0)
