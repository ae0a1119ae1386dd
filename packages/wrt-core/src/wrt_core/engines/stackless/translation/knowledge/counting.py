"""Counted loops: those that a local goes through by equal steps up to a bound, which Python's `for … in range` writes.

How often such a loop goes round is known before it is entered, and so how far other locals get that are stepped in it.
So whether anything in it could leave its width is asked once, before it: seldom does anything, and then the function
goes on in the code that is there for what was paused at the loop's head, which takes everything for possible.

That a loop counts is found out by a first reading; what is to be asked, by a second, see `entering`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from wrt_core.engines.stackless.translation.knowledge.alignment import Junction, zeros_of
from wrt_core.engines.stackless.translation.knowledge.progress import Moved, Progress
from wrt_core.engines.stackless.translation.knowledge.relation import Range
from wrt_core.engines.stackless.translation.operand import ADD, NOTHING, SIGN, WIDTH_MASK, Operand, Relation
from wrt_foundation.types import ValueType

__all__ = ["LONGEST", "Counted", "Growth", "Passed", "Step", "counted", "wanted_of"]


@dataclass(frozen=True, slots=True)
class Growth:
    """A step that is not always the same: from nothing up to a number."""

    most: int


Step = int | str | Growth
"""What a local is stepped by: a number, the variable that has it, or something that is not negative."""

LONGEST = 1 << 12
"""Steps longer than that are none of an address."""

_MIRRORED = {"!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}


@dataclass(frozen=True, slots=True)
class Counted:
    """How a loop counts: it goes round as long as `local` is `sign` the `bound`.

    It looks after its `step`, or before anything else if it is to do so at its `front`. The bound is a number, or
    computed of locals that the loop gives nothing; the sign orders numbers as `signed` or not. `others` are locals that
    the loop steps once each time round at most.
    """

    local: int
    step: int | str
    sign: str
    signed: bool
    bound: Operand
    others: dict[int, Step]
    zeros: int
    """How many last bits of the bound are zero in any case."""
    front: bool
    slot: str
    """Where the loop puts the bound, nowhere if that is empty."""
    sure: bool = False
    """Whether the local is known to be stepped each time round, however that is done."""

    @property
    def locals(self) -> set[int]:
        """The locals that have a part in it, which must hold unsigned numbers."""
        steps = {step for step in (self.step, *self.others.values()) if isinstance(step, str)}
        return {
            self.local,
            *self.others,
            *(int(variable[1:]) for variable in steps | self.bound.reads if variable[0] == "l"),
        }


@dataclass(frozen=True, slots=True)
class Passed:
    """A relation that holds somewhere in a loop, and what there is to be said of either number.

    That is which local it was at the head of the loop, how much it is ahead of that, and the variable that has been
    added to it, if any; each number may be seen in several such ways.
    """

    relation: Relation
    seen: tuple[list[tuple[Moved, str | None]], list[tuple[Moved, str | None]]]

    @classmethod
    def of(cls, relation: Relation, progress: Progress) -> Passed:
        """What is to be said of a relation where it holds."""
        return cls(relation, (_seen(relation[1], progress), _seen(relation[2], progress)))


def _seen(operand: Operand, progress: Progress) -> list[tuple[Moved, str | None]]:
    whole = operand.whole or operand
    moved = progress.of(whole)
    if moved is not None:
        return [(moved, None)]
    if whole.parts is None or not isinstance(whole.parts[1], str):
        return []
    a, b = whole.parts[0], whole.parts[1]
    pairs = [(progress.get(int(one[1:])), other) for one, other in ((a, b), (b, a)) if one[0] == other[0] == "l"]
    return [(moved, other) for moved, other in pairs if moved is not None]


def counted(
    back: Passed | None,
    front: Passed | None,
    given: Collection[int],
    steps: Mapping[int, Step | None],
    strides: Mapping[int, int],
    own: int,
    zeros: Mapping[Junction, int],
) -> Counted | None:
    """How a loop counts that goes back in one place, and goes round where a relation holds; None if it does not.

    It looks whether that holds before it goes `back`, or else at its `front`. `given` are the locals that it gives
    something, of the function's `own`; others are of functions that are inlined. `steps` are what is added to them once
    at most, `strides` what is each time round.
    """
    passed = back or front
    if passed is None:
        return None

    def stays(variable: str) -> bool:
        return variable[0] == "@" or (variable[0] == "l" and own > int(variable[1:]) not in given)

    known: dict[int, Step] = {
        local: step
        for local, step in steps.items()
        if local in given and step and (not isinstance(step, str) or stays(step))
    }
    sign, a, b = passed.relation
    signed, sign = sign.endswith("s"), sign.removesuffix("s")
    sides = ((a, b, sign), (b, a, _MIRRORED.get(sign, "")))
    others = {local: each for local, each in {**strides, **known}.items() if not _is_far(each)}

    def counts(local: int, step: int | str, order: str, other: Operand, bound: Operand, sure: bool) -> Counted | None:
        if bound.effects != NOTHING or not all(map(stays, bound.reads)):
            return None
        rest = {each: step for each, step in others.items() if each != local}
        slot = "" if other.origin is None else other.text
        exact = zeros_of(other.alignment, zeros) if bound.text == _plain(other).text else 0
        return Counted(local, step, order, signed, bound, rest, exact, back is None, slot, sure)

    for (_, other, order), seen in zip(sides, passed.seen, strict=True):
        for (local, ahead), added in seen:
            stride = strides.get(local)
            if stride is None or order not in _MIRRORED or (back is None and order != "!=" and ahead):
                continue
            bound = _moved_bound(other, order, ahead - (0 if back is None else stride), added)
            if bound is not None and (found := counts(local, stride, order, other, bound, sure=True)) is not None:
                return found
    for one, other, order in sides:
        step = None if one.local is None else known.get(one.local)
        if one.local is None or order not in _MIRRORED or not isinstance(step, (int, str)):
            continue
        if (found := counts(one.local, step, order, other, _plain(other), sure=False)) is not None:
            return found
    return None


def _plain(other: Operand) -> Operand:
    """What something is compared with, as it was before it was put in a slot."""
    return (other.origin or other).clean()


def _is_far(step: Step) -> bool:
    return isinstance(step, Growth) and step.most > LONGEST


def _moved_bound(other: Operand, order: str, ahead: int, added: str | None) -> Operand | None:
    """What a local is compared with, if it is that plus so much `ahead` plus a variable that is compared with `other`.

    None if that can't be said. Of an order, the sum must not wrap: it does not if it is a bit ahead of what is small.
    """
    bound, half = _plain(other), SIGN[other.type]
    if added is not None:
        if order != "!=" or ahead:
            return None
        less = bound.derive(f"{bound.at(ADD)} - {added}", ADD, bound.low - WIDTH_MASK[bound.type], bound.high)
        less.reads |= {added}
        return less.clean()
    if ahead == 0:
        return bound
    if order != "!=" and (not 0 <= ahead <= LONGEST or (bound.value is not None and not ahead <= bound.value < half)):
        return None
    return bound.plus(-ahead)


def wanted_of(
    loop: Counted, heads: Mapping[int, Range], types: list[ValueType], addressed: Collection[int]
) -> list[int]:
    """The locals besides that which counts whose steps might leave their width, by what is known at the loop's head.

    What gets less is wanted only if it is `addressed`: an address is above zero by more than the loop takes away, but
    what counts how much is left gets to zero, and often below it at the very last.
    """
    wanted: list[int] = []
    for local, step in loop.others.items():
        low, high = heads[local]
        most = step.most if isinstance(step, Growth) else step
        if isinstance(most, str) or (0 < most <= LONGEST and high + most > WIDTH_MASK[types[local]]):
            wanted.append(local)
        elif -LONGEST <= most < 0 and low + most < 0 and local in addressed:
            wanted.append(local)
    return wanted
