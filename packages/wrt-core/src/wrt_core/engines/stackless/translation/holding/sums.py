"""Sums: which locals are left to grow past their width.

A number that a loop adds to and does not look at need not be masked each time round: it is right modulo 2**32 however
large it gets, and whoever looks at it then masks it. Nor need a sum that is but an address, which may be ventured, see
`ventures`. What is left unmasked has one such number in it at most, and what is added is none; so with each assignment
they grow by so much and no more, and Python's numbers stay short.

A first reading votes, each use in a loop counting as often as the loop may go round; a second uses the result.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from wrt_core.engines.stackless.translation.knowledge.counting import Counted
from wrt_core.engines.stackless.translation.operand import SUM, WIDTH_MASK, Operand
from wrt_core.engines.stackless.translation.translator import Translator

__all__ = ["SAME", "TAKEN", "given", "held_as_sums", "used", "vote"]

TAKEN = -1
"""A use for which it must be masked, which each use is until something else is known of it."""
SAME = 1
"""A use for which it need not be, or that would be masked in any case."""
_GIVEN = 1
"""Being given what would have to be masked else."""

_MOST = 1 << 64
"""What is added to a sum at most."""

_NEAR = 8
"""Bits past its width that a number may have that is no sum with one that grows: of a few, or shifted a bit."""

_TURNS = 8
"""How often a loop may go round."""
_DEPTH = 4
"""Loops inside one another that matter."""


def vote(t: Translator, local: int, weight: int) -> None:
    """Note how a local is used here."""
    t.votes.sums[local, t.loops[-1] if t.loops else None] += weight * _TURNS ** min(len(t.loops), _DEPTH)


def used(t: Translator, operand: Operand) -> None:
    """Note that an operand is used for what would be masked in any case, or need not be."""
    if t.is_first and operand.local is not None and operand.high == WIDTH_MASK[operand.type]:
        vote(t, operand.local, SAME)


def given(t: Translator, local: int, value: Operand) -> bool:
    """Say whether a value may be left as it is by a local that is left to grow; note what that would save."""
    if value.low < 0:
        return False
    if value.is_clean:
        used(t, value)  # as it is, in another local, which may be left to grow too
        return False
    near = value.high <= WIDTH_MASK[value.type] << _NEAR
    grows = value.grown is not None and value.grown[1] <= _MOST
    if not (near or grows) or value.high > SUM + _MOST:
        return False
    vote(t, local, _GIVEN)
    return True


def held_as_sums(t: Translator, counted: Mapping[int, Counted]) -> frozenset[int]:
    """The locals that are to grow past their width, by the votes of a reading; they do not in loops that count them."""
    total: Counter[int] = Counter()
    for (local, loop), votes in t.votes.sums.items():
        around = () if loop is None else t.around[loop]
        if not any(each in counted and local in counted[each].locals for each in around):
            total[local] += votes
    return frozenset(local for local, votes in total.items() if votes > 0 and local < t.own_locals)
