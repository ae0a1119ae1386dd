"""Ventures: addresses and sums that are stored are not masked, for hardly any would be changed by it.

A sum that is an address may pass 2**32, and a mask has to bring it back. Almost none does; and one that does is past
where any view ends, so Python raises IndexError. A sum that is stored may be too large for its view, which raises
ValueError. The function then goes on in code that masks everything, from its mark: an instruction before the statement
that failed, since which nothing has been changed that counts. So what is ventured costs nothing as long as it goes
well, and where it often does not, it is not done again; see `detours`.

What has a venture in it is evaluated before any other statement, so that there always is a mark to go back to.
"""

from __future__ import annotations

from dataclasses import dataclass

from wrt_core.engines.stackless.translation.operand import CALLS, VENTURES, Operand
from wrt_core.engines.stackless.translation.stack import WRITES, OperandStack
from wrt_core.engines.stackless.translation.writing.tree import Node
from wrt_foundation.instructions import BY_NAME, Instruction

__all__ = ["EVERYWHERE", "WAITING", "Mark", "Ventures"]

EVERYWHERE = frozenset((-1,))
"""In place of marks after which nothing is to be ventured: that is so after all."""

_NEGATIVE = 0xC000_0000
"""Numbers from there on are negative ones: what they are added to gets less, and wraps."""

_HEIGHT = 48
"""Operands that a mark remembers at most."""

_CALM = ("local", "select", "drop", "global.get", "if", "br_if")
_COMPUTING = (
    *(
        "load",
        "store",
        "const",
        "add",
        "sub",
        "mul",
        "and",
        "or",
        "xor",
        "shl",
        "shr",
        "eq",
        "ne",
        "lt",
        "gt",
        "le",
        "ge",
    ),
    *("convert", "extend", "wrap"),
)


def _is_calm(name: str) -> bool:
    family, _, operation = name.partition(".")
    return name in _CALM or family in _CALM or (family[1:] in ("32", "64") and operation.startswith(_COMPUTING))


WAITING: frozenset[Instruction] = frozenset(each for name, each in BY_NAME.items() if _is_calm(name))
"""The instructions that say of each statement they make what effects it has: ventures may wait while they are read."""


@dataclass(slots=True)
class Mark:
    """An instruction that a function can be gone on with from, instead of a statement that is not far behind it.

    `items` are the operands there; `nodes` and `count` say where in the tree it is, behind the node `last`.
    """

    offset: int
    nodes: list[Node]
    count: int
    last: Node | None
    items: list[Operand]

    def is_behind(self, nodes: list[Node]) -> bool:
        """Say whether it is at the end of what was written."""
        count = self.count
        return nodes is self.nodes and len(nodes) == count and (not count or nodes[-1] is self.last)


class Ventures:
    """What is ventured in one reading of a function. It is not where `wary` says so: after these marks."""

    def __init__(self, wary: frozenset[int]) -> None:
        self.possible = wary != EVERYWHERE
        self.negative: set[int] = set()
        """The locals that were given a negative number."""
        self.broken: set[int] = set()
        """The marks that could not be kept: what was ventured behind them must not be."""
        self._wary = wary
        self.mark: Mark | None = None
        self._before: Mark | None = None
        self._since: list[tuple[int, frozenset[str]]] = []
        self._behind = 0
        self.pending = False

    def begin(self, offset: int, nodes: list[Node], stack: OperandStack) -> None:
        """An instruction is about to be read for which there is no mark, or for which ventures can't wait."""
        if self.pending:
            stack.before(VENTURES)
        self._before = self.mark
        self.forget()
        if len(stack.items) <= _HEIGHT:
            self.mark = Mark(offset, nodes, len(nodes), nodes[-1] if nodes else None, list(stack.items))

    def forget(self) -> None:
        """What was written has been changed: the last mark is none any more."""
        self.mark = None
        self._since.clear()
        self.pending = False

    def take_back(self, nodes: list[Node]) -> None:
        """The last statements have been taken back: the mark that was before them is the last again."""
        self.forget()
        if self._before is not None and self._before.is_behind(nodes):
            self.mark = self._before

    def give(self, local: int, value: Operand) -> None:
        """A local is given a value, which was not masked yet."""
        if value.value is not None:
            if value.value % (1 << 32) >= _NEGATIVE:
                self.negative.add(local)
        elif not value.is_clean and self._is_negative(value):
            self.negative.add(local)

    def _is_negative(self, value: Operand) -> bool:
        """Whether there is in a value what was given a negative number."""
        return any(int(each[1:]) in self.negative for each in value.reads if each[0] == "l")

    def may(self, number: Operand) -> bool:
        """Say whether a number, an address or to be stored, might be ventured here if it were past its width."""
        mark = self.mark
        if not self.possible or mark is None or mark.offset in self._wary or self._since:
            return False
        return number.low >= 0 and not self._is_negative(number)

    def has(self, number: Operand) -> bool:
        """Say whether a number, which may be past its width, is to be ventured; it is then."""
        mark = self.mark
        if mark is None or not self.may(number):
            return False
        self._behind = mark.offset
        self.pending = True
        return True

    def passed(self, effects: int, writes: frozenset[str]) -> Mark | None:
        """A statement has been written; return the mark that it is done again from, if it has a venture in it."""
        if not self.possible:
            return None
        mark = self.mark
        if effects & VENTURES and (mark is None or not all(_is_harmless(*each, mark) for each in self._since)):
            self.broken.add(self._behind)
            mark = None
        self._since.append((effects, writes))
        return mark if effects & VENTURES else None


def _is_harmless(effects: int, writes: frozenset[str], mark: Mark) -> bool:
    """Whether a statement has changed nothing that is needed at a mark."""
    if effects & (WRITES | CALLS) or any(each[0] == "l" for each in writes):
        return False
    return all(writes.isdisjoint(operand.reads) for operand in mark.items)
