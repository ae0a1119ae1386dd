"""Frames: the control constructs that are open while a function is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from wrt_core.engines.stackless.translation.operand import Operand
from wrt_core.engines.stackless.translation.safe_points import Meter
from wrt_core.engines.stackless.translation.writing.tree import Label, Node, Sequence, Turns
from wrt_foundation.types import ValueType

__all__ = ["Frame"]


@dataclass(slots=True)
class Frame:
    """A control construct that is open: its label, where its values go, and the sequence around it."""

    kind: str
    label: Label
    params: tuple[ValueType, ...]
    results: tuple[ValueType, ...]
    height: int
    outer: Sequence
    offset: int
    operands: list[Operand] = field(default_factory=list)
    """The parameters, for the other arm of an `if`."""
    condition: tuple[str, str] = ("", "")
    fault: int | None = None
    """Where the condition may trap, as far as it is known."""
    retry: int | None = None
    """As in a line."""
    then: Sequence | None = None
    escapes: set[Label] = field(default_factory=set)
    around: Frame | None = None
    """The construct whose handlers take what this one does not; None is the function's caller."""
    landing: Label | None = None
    """Where the handlers of this construct begin, for what is delegated to them."""
    meter: Meter | None = None
    """What pays for a turn of a loop."""
    heads: int = 0
    """How many lines are at the head of a loop."""
    firm: frozenset[int] = frozenset()
    """The locals that do not grow past their width in a loop that counts."""
    turns: Callable[[Sequence, int], Turns | None] | None = None
    """What a loop that counts may be written as, by what it does and the lines at its head."""
    entry: list[Node] = field(default_factory=list)
    """What is done before the loop."""
    finish: Callable[[Sequence], Sequence] | None = None
    """What becomes of the construct's (last) sequence, where a kind has a file of its own."""

    @property
    def handling(self) -> Frame | None:
        """The construct whose handlers take what is thrown directly inside this one."""
        return self if self.kind in ("try", "try_table") else self.around

    @property
    def branch_types(self) -> tuple[ValueType, ...]:
        """What a branch to the label takes."""
        return self.params if self.label.loop else self.results
