"""Relations between two numbers, which hold where a condition was passed, and what they say of locals."""

from __future__ import annotations

from wrt_core.engines.stackless.translation.operand import SIGN, WIDTH_MASK, Operand, Relation, constant
from wrt_foundation.types import I32, I64

__all__ = ["OPPOSITE", "Range", "Relation", "facts_of", "is_impossible", "opposite", "relation_of"]

Range = tuple[int, int]
"""The least and the greatest number that is possible, in unsigned form."""

OPPOSITE = {
    "==": "!=",
    "!=": "==",
    "<": ">=",
    ">=": "<",
    "<=": ">",
    ">": "<=",
    "<s": ">=s",
    ">=s": "<s",
    "<=s": ">s",
    ">s": "<=s",
}
"""By the sign of a relation, that of the one that holds where it does not."""


def opposite(relation: Relation | None) -> Relation | None:
    """The relation that holds where another does not."""
    return None if relation is None else (OPPOSITE[relation[0]], relation[1], relation[2])


def relation_of(condition: Operand) -> Relation | None:
    """The relation that holds where a condition does, as far as it is known."""
    if condition.relation is None and condition.local is not None and condition.type in (I32, I64):
        return "!=", condition, constant(0, condition.type)
    return condition.relation


def is_impossible(relation: Relation | None) -> bool:
    """Whether a relation can't hold, by what is known of both numbers."""
    if relation is None:
        return False
    sign, a, b = relation
    if sign.endswith("s") and not (a.low >= 0 <= b.low and max(a.high, b.high) < SIGN[a.type]):
        return False
    if sign == "==":
        return a.high < b.low or b.high < a.low
    if sign == "!=":
        return a.low == a.high == b.low == b.high
    less, more, strictly = ordered(relation)
    return less.low + strictly > more.high


def ordered(relation: Relation) -> tuple[Operand, Operand, int]:
    """What is less, what is more, and 1 if they are not equal, of a relation that is an order."""
    sign, a, b = relation
    less, more = (a, b) if sign[0] == "<" else (b, a)
    return less, more, 0 if "=" in sign else 1


def facts_of(relation: Relation | None) -> list[tuple[int, Range]]:
    """What a relation says of the locals that are in it."""
    if relation is None:
        return []
    facts: list[tuple[int, Range]] = []
    sign, a, b = relation
    if sign in ("==", "!="):
        for one, other in ((a, b), (b, a)):
            if one.local is None or other.low < 0:
                continue
            if sign == "==":
                facts.append((one.local, (other.low, other.high)))
            elif other.value is not None and other.value == one.low:
                facts.append((one.local, (one.low + 1, one.high)))
            elif other.value is not None and other.value == one.high:
                facts.append((one.local, (one.low, one.high - 1)))
        return facts
    less, more, strictly = ordered(relation)
    half = SIGN[a.type]
    if not sign.endswith("s"):
        if less.low >= 0 <= more.low:
            least, most = (less.low + strictly, WIDTH_MASK[a.type]), (0, more.high - strictly)
            facts += [(each.local, fact) for each, fact in ((more, least), (less, most)) if each.local is not None]
    elif less.low >= 0 and less.high < half:
        if more.local is not None:
            facts.append((more.local, (less.low + strictly, half - 1)))
        if less.local is not None:
            facts.append((less.local, (less.low, min(more.high, half - 1) - strictly if more.low >= 0 else half - 1)))
    elif more.local is not None and strictly and less.value in (-1, 2 * half - 1):
        facts.append((more.local, (0, half - 1)))
    return facts
