"""Counted loops: those that a local goes through by equal steps up to a bound, which Python's `for … in range` writes.

How often such a loop goes round is known before it is entered, and so how far other locals get that are stepped in it.
So whether anything in it could leave its width is asked once, before it: seldom does anything, and then the function
goes on in the code that is there for what was paused at the loop's head, which takes everything for possible.

That a loop counts is found out by a first reading; what is to be asked, by a second, see `entering`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from wrt_core.engines.stackless.translation.alignment import Junction, zeros_of
from wrt_core.engines.stackless.translation.operand import NOTHING, WIDTH_MASK, Operand, Relation
from wrt_core.engines.stackless.translation.relation import Range
from wrt_foundation.types import ValueType

__all__ = ["LONGEST", "Counted", "Growth", "Step", "counted", "wanted_of"]


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

    @property
    def locals(self) -> set[int]:
        """The locals that have a part in it, which must hold unsigned numbers."""
        steps = {step for step in (self.step, *self.others.values()) if isinstance(step, str)}
        return {self.local, *self.others, *(int(variable[1:]) for variable in steps | self.bound.reads)}


def counted(
    back: Relation | None,
    front: Relation | None,
    given: Collection[int],
    steps: Mapping[int, Step | None],
    own: int,
    zeros: Mapping[Junction, int],
) -> Counted | None:
    """How a loop counts that goes back in one place, and goes round where a relation holds; None if it does not.

    It looks whether that holds before it goes `back`, or else at its `front`. `given` are the locals that it gives
    something, of the function's `own`; others are of functions that are inlined.
    """
    relation = back or front
    if relation is None:
        return None

    def stays(variable: str) -> bool:
        return variable[0] == "l" and int(variable[1:]) < own and int(variable[1:]) not in given

    known: dict[int, Step] = {
        local: step
        for local, step in steps.items()
        if local in given and step and (not isinstance(step, str) or stays(step))
    }
    sign, a, b = relation
    signed, sign = sign.endswith("s"), sign.removesuffix("s")
    for one, other, order in ((a, b, sign), (b, a, _MIRRORED.get(sign, ""))):
        step = None if one.local is None else known.get(one.local)
        bound = (other.origin or other).clean()
        if one.local is None or order not in _MIRRORED or not isinstance(step, (int, str)):
            continue
        if bound.effects == NOTHING and all(map(stays, bound.reads)):
            others = {
                local: each
                for local, each in known.items()
                if local != one.local and not (isinstance(each, Growth) and each.most > LONGEST)
            }
            found = zeros_of(other.alignment, zeros)
            slot = "" if other.origin is None else other.text
            return Counted(one.local, step, order, signed, bound, others, found, back is None, slot)
    return None


def wanted_of(loop: Counted, heads: Mapping[int, Range], types: list[ValueType]) -> list[int]:
    """The locals besides that which counts whose steps might leave their width, by what is known at the loop's head."""
    wanted: list[int] = []
    for local, step in loop.others.items():
        low, high = heads[local]
        most = step.most if isinstance(step, Growth) else step
        if isinstance(most, str) or (0 < most <= LONGEST and high + most > WIDTH_MASK[types[local]]):
            wanted.append(local)
        elif -LONGEST <= most < 0 and low + most < 0:
            wanted.append(local)
    return wanted
