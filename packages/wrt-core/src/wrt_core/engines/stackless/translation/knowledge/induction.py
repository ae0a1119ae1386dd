"""Induction: what a local can be at the head of a loop that adds the same to it each time round, until it ends.

No single time round tells: a number that is less than another by one step or more has that step left, and if they are a
whole number of steps apart it can't get past.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from wrt_core.engines.stackless.translation.knowledge.alignment import Alignment, Junction, zeros_of
from wrt_core.engines.stackless.translation.knowledge.relation import Range, ordered
from wrt_core.engines.stackless.translation.operand import SIGN, Operand, Relation

__all__ = ["End", "ends_of", "induced"]


@dataclass(frozen=True, slots=True)
class End:
    """Where the loop ends, so that a way back is taken only before it.

    `exact` if it ends where the local is that number, which is the same each time.
    Else it ends, of signed numbers, where the local is greater than the greatest that the number can be.
    """

    number: Range
    exact: bool
    half: int
    alignment: Alignment | None = None


def ends_of(relation: Relation | None, given: Collection[int]) -> list[tuple[int, End]]:
    """The ends of locals that a loop gives something, on a way back that is taken where a relation holds."""
    if relation is None:
        return []
    sign, a, b = relation
    half = SIGN[a.type]
    if sign == "!=":
        return [
            (one.local, End((other.low, other.high), True, half, other.alignment))
            for one, other in ((a, b), (b, a))
            if one.local in given and one.local is not None and _stays(other, given)
        ]
    if not sign.endswith("s"):
        return []
    less, more, strictly = ordered(relation)
    if less.local is None or less.local not in given:
        return []
    most = (more.high if more.low >= 0 and more.high < half else half - 1) - strictly
    return [(less.local, End((0, most), False, half))]


def _stays(operand: Operand, given: Collection[int]) -> bool:
    if operand.local is not None:
        return operand.local not in given
    return operand.value is not None and operand.low >= 0


def induced(found: Range, entering: Range, step: int, ends: list[End], zeros: Mapping[Junction, int]) -> Range:
    """Within `found`, what a local can be that comes as one of `entering` and goes by `step`."""
    low, high = found
    for end in ends:
        if end.exact != ends[0].exact:
            return found
    if not ends:
        return found
    half = ends[0].half
    least, most = min(end.number[0] for end in ends), max(end.number[1] for end in ends)
    if not ends[0].exact:
        if step > 0 and entering[1] <= most < half - step:
            return max(low, entering[0]), min(high, most)
        return found
    if step > 0:
        if least == most == 0:  # it wraps, and that is the end
            least = most = 2 * half
        if entering[1] < least and all(_reaches(entering, step, end, zeros) for end in ends):
            return max(low, entering[0]), min(high, max(entering[1], most - step))
    elif step < 0 and entering[0] > most and all(_reaches(entering, step, end, zeros) for end in ends):
        return max(low, min(entering[0], least - step)), min(high, entering[1])
    return found


def _reaches(entering: Range, step: int, end: End, zeros: Mapping[Junction, int]) -> bool:
    """Whether a local gets to the very number, and not past it."""
    step = abs(step)
    if step == 1:
        return True
    if entering[0] != entering[1]:
        return False
    if end.number[0] == end.number[1]:
        return (end.number[0] - entering[0]) % step == 0 and 2 * end.half % step == 0
    return step <= 1 << zeros_of(end.alignment, zeros) and step & step - 1 == 0 and entering[0] % step == 0
