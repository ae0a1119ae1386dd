"""Sums: which locals are left to grow past their width.

A number that a loop adds to and does not look at need not be masked each time round: it is right modulo 2**32 however
large it gets, and whoever looks at it then masks it. It grows by so much each time and no more, so Python's numbers
stay short. A first reading votes, each use in a loop counting as often as the loop may go round; a second uses the
result.
"""

from __future__ import annotations

from wrt_core.engines.stackless.translation.operand import WIDTH_MASK, Operand
from wrt_core.engines.stackless.translation.translator import Translator

__all__ = ["ADDED", "SUM", "TAKEN", "added_to", "held_as_sums", "vote"]

TAKEN = -1
"""A use for which it must be masked."""
ADDED = 2
"""Something is added, and the sum need not be masked; its use there was counted as taken."""

SUM = (1 << 80) - 1
"""What a sum is taken to be at most, that nothing makes of it what it is not: far more than can be reached."""

_TURNS = 8
"""How often a loop may go round."""
_DEPTH = 4
"""Loops inside one another that matter."""


def vote(t: Translator, local: int, weight: int) -> None:
    """Note how a local is used here."""
    t.sums[local] += weight * _TURNS ** min(t.loops, _DEPTH)


def added_to(value: Operand, variable: str) -> bool:
    """Whether a value is the sum of a variable and what is no sum itself, and would have to be masked."""
    if not WIDTH_MASK[value.type] < value.high <= SUM + (1 << 64):
        return False
    if value.parts is not None and isinstance(value.parts[1], str):
        return variable in value.parts
    return value.grown is not None and value.grown[0] == variable and value.grown[1] <= 1 << 64


def held_as_sums(t: Translator) -> frozenset[int]:
    """The locals that are to grow past their width, by the votes of a reading."""
    return frozenset(local for local, votes in t.sums.items() if votes > 0 and local < t.own_locals)
