"""Safe points: where a function can be left and gone on with, since all that is alive is in variables then.

They are the function's entry, the head of each loop, and each call, which is a statement of its own. For each it is
known which Python expression gives each operand, so that what is in the middle of a function can be read off a
traceback, without any bookkeeping in code that runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from wrt_core.engines.stackless.translation.operand import Operand, is_integer
from wrt_core.engines.stackless.translation.variant import Flavour
from wrt_core.engines.stackless.translation.writing.source import Line
from wrt_core.engines.stackless.translation.writing.tree import Conditional
from wrt_core.execution.activation import ActivationKind
from wrt_foundation.types import ValueType

__all__ = ["Exit", "Meter", "SafePoint", "charge", "checks"]


class Exit(NamedTuple):
    """What is alive where a translation can be left, besides its locals.

    `stack` has, for each operand, the expression of its value; `held` are the offsets of the constructs around it in
    whose handlers it is, and which therefore hold an exception, outermost first.
    """

    kind: ActivationKind
    stack: tuple[str, ...]
    held: tuple[int, ...]


@dataclass(slots=True)
class SafePoint:
    """A call or the head of a loop in one translation.

    `node` is its (first) line. `targets` are the variables that a call's results go to, `results` their types. `slots`
    are the heights of the operands below that live in their slots and whether as a number, the others being computed
    from locals; `stack` and `held` are as in `Exit`.
    """

    kind: ActivationKind
    node: Line
    targets: tuple[str, ...]
    stack: tuple[str, ...]
    slots: tuple[tuple[int, bool], ...]
    held: tuple[int, ...]
    results: tuple[ValueType, ...] = ()
    locals: tuple[tuple[int, int], ...] = ()
    """Where the rest of a function begins, the locals that are in a web other than their first, and its number."""

    @classmethod
    def of(
        cls, kind: ActivationKind, node: Line, targets: list[str], items: Sequence[Operand], held: tuple[int, ...]
    ) -> SafePoint:
        """Describe the operands as they are while `node` runs."""
        texts = tuple(each.clean().text if is_integer(each.type) else each.text for each in items)
        slots = tuple(
            (height, each.number is not None)
            for height, each in enumerate(items)
            if f"s{height}" in (each.text, each.number)
        )
        return cls(kind, node, tuple(targets), texts, slots, held)


class Meter:
    """Counts the instructions that a safe point pays for: those up to the next in any case, inner loops aside.

    The lines that charge are written when the count is known; `offset` is theirs. So are the tests of `others`, which
    pay in their first arms for as much, if they can.
    """

    __slots__ = ("_charge", "_check", "cost", "others")

    def __init__(self, offset: int) -> None:
        self.cost = 0
        self.others: list[Conditional] = []
        self._charge = Line("", offset)
        self._check = Line("", offset)

    @property
    def lines(self) -> list[Line]:
        """The lines that charge."""
        return [self._charge, self._check]

    def write(self) -> None:
        """Write the lines: all is counted."""
        self._charge.text = f"F -= {self.cost}"
        self._check.text = f"if F < P: stop({self.cost})"
        for node in self.others:
            charge(node, self.cost)


def charge(node: Conditional, cost: int) -> None:
    """Have control go a conditional's first way if that can be paid; there, it is."""
    node.test, node.negated = f"(n := F - {cost}) >= P", f"(n := F - {cost}) < P"


def checks(flavour: Flavour, offset: int, meter: Meter | None) -> list[Line]:
    """The lines at a safe point that is no call."""
    if meter is not None:
        return meter.lines
    if flavour is Flavour.POLLED:
        return [Line("if P: stop(0)", offset)]
    return []
