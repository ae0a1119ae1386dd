"""Tables: growable vectors of references (specification, section 4.2.7)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from wrt_core.runtime.conversion import from_host, to_host
from wrt_core.runtime.to_host import Converter
from wrt_foundation.errors import BudgetExceeded, WrtError
from wrt_foundation.limits import DEFAULT_LIMITS, ImplementationLimits
from wrt_foundation.memory import AllocationFailed, Budget
from wrt_foundation.traps import Trap, TrapCode
from wrt_foundation.types import Limits, TableType

__all__ = ["Table"]


class Table:
    """A table instance; `table[i]` reads and writes elements as Python values, None being null.

    `elements` is the list of references itself, which engines work on: its identity never changes. Sizes are in
    elements. Not thread-safe beyond what a Python list is. An index outside raises `Trap` with "out of
    bounds table access".
    """

    __slots__ = ("__weakref__", "_charge", "_from", "_most", "_to", "_type", "elements", "refused")

    def __init__(
        self,
        type_: TableType,
        init: object = None,
        *,
        limits: ImplementationLimits = DEFAULT_LIMITS,
        budget: Budget | None = None,
    ) -> None:
        """Make a table of the type's minimum size, each element `init`, a reference in the engines' representation.

        Raises `AllocationFailed` for more elements than `limits` allow; growth past them fails. With a `budget`, its
        elements are charged to that: `BudgetExceeded` if it refuses the first of them, and growth that it refuses
        fails.
        """
        minimum, most = type_.limits.minimum, limits.table_elements
        if minimum > most:
            message = f"a table of {minimum} elements is past the limit of {most}"
            raise AllocationFailed(message, owner="table", requested=8 * minimum)
        self._most = most if type_.limits.maximum is None else min(most, type_.limits.maximum)
        self._type = type_
        self._from = from_host(type_.element)
        self._to = to_host(type_.element)
        self._charge = None if budget is None else budget.hold(minimum)
        self.refused: Callable[[WrtError], object] | None = None
        """Called with what a budget refused a growth for, before that fails; what it raises, `grow` raises."""
        self.elements: list[Any] = [init] * type_.limits.minimum

    @property
    def type(self) -> TableType:
        """The type as of now: its minimum is the present size."""
        return TableType(self._type.element, Limits(len(self.elements), self._type.limits.maximum), self._type.address)

    @property
    def size(self) -> int:
        """The number of elements."""
        return len(self.elements)

    def __len__(self) -> int:
        return len(self.elements)

    def get(self, index: int) -> Any:
        """Return an element."""
        self._check(index, 1)
        return self._to(self.elements[index])

    def set(self, index: int, value: object) -> None:
        """Set an element. Raises `TypeError` if `value` is not of the element type."""
        self._check(index, 1)
        self.elements[index] = self._from(value)

    def __getitem__(self, index: int) -> Any:
        return self.get(index)

    def __setitem__(self, index: int, value: object) -> None:
        self.set(index, value)

    def grow(self, count: int, value: object = None) -> int:
        """Add `count` elements and return the size before, or -1 if the table may not grow so far."""
        if count < 0:
            raise ValueError(f"a table does not shrink: {count} elements")
        return self.grow_with(self._from(value), count)

    def grow_with(self, value: Any, count: int) -> int:
        """`grow` for engines: the value is of the right type."""
        before = len(self.elements)
        if count > self._most - before:
            return -1
        try:
            if self._charge is not None:
                self._charge.resize(before + count)
            self.elements.extend([value] * count)
        except MemoryError:
            if self._charge is not None:
                self._charge.resize(before)
            return -1
        except BudgetExceeded as error:
            if self.refused is not None:
                self.refused(error)
            return -1
        return before

    def fill(self, index: int, value: Any, count: int) -> None:
        """Set `count` elements from `index` on, as `table.fill` does."""
        self._check(index, count)
        self.elements[index : index + count] = [value] * count

    def copy(self, source: Table, to: int, from_: int, count: int) -> None:
        """Copy `count` elements of `source`, as `table.copy` does; the ranges may overlap."""
        source._check(from_, count)
        self._check(to, count)
        self.elements[to : to + count] = source.elements[from_ : from_ + count]

    def init(self, segment: Sequence[Any], to: int, from_: int, count: int) -> None:
        """Copy `count` references of an element segment, as `table.init` does."""
        if from_ + count > len(segment):
            raise Trap(TrapCode.TABLE_OUT_OF_BOUNDS)
        self._check(to, count)
        self.elements[to : to + count] = segment[from_ : from_ + count]

    def pass_through(self, inward: Converter, outward: Converter) -> None:
        """Have what the host sets pass `inward`, and what it gets pass `outward`; for whoever keeps guests apart."""
        take, give = self._from, self._to
        self._from = lambda value: inward(take(value))
        self._to = lambda value: outward(give(value))

    def _check(self, index: int, count: int) -> None:
        if index < 0 or index + count > len(self.elements):
            raise Trap(TrapCode.TABLE_OUT_OF_BOUNDS)

    def __repr__(self) -> str:
        return f"<Table of {len(self.elements)} {self._type.element}>"
