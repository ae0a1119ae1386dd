"""Heaps: what a guest's structures and arrays take, charged to a budget while they are alive.

Python's own collector is the garbage collector, and asks nobody. Where somebody must answer for what is allocated, an
instance has a heap, and its code makes structures and arrays through it; where nobody must, nothing is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from weakref import ref

from wrt_core.runtime import aggregates
from wrt_core.runtime.aggregates import Array, Struct
from wrt_core.runtime.typed_reference import TypedReference
from wrt_foundation.canonical import DefinedType
from wrt_foundation.errors import BudgetExceeded
from wrt_foundation.memory.budget import Budget
from wrt_foundation.traps import Exhaustion, TrapCode

__all__ = ["Heap"]

_T = TypeVar("_T", bound="Struct | Array")

HEADER, ITEM = 16, 8
"""Bytes that are charged for an object, and for each field or element of it; the host's own take more."""


class _Ticket(ref[TypedReference]):
    """Stands for an object that is alive: what it takes, and of what."""

    __slots__ = ("budget", "size")

    def __init__(self, value: TypedReference, callback: Callable[[_Ticket], None], budget: Budget, size: int) -> None:
        super().__init__(value, callback)  # type: ignore[call-arg]
        self.budget = budget
        self.size = size

    def __new__(cls, value: TypedReference, callback: Callable[[_Ticket], None], budget: Budget, size: int) -> _Ticket:
        return super().__new__(cls, value, callback)


_ALIVE: dict[int, _Ticket] = {}
"""The tickets of all heaps. Not a heap's own: the collector does not call back what is garbage itself, and a heap goes
together with the instance and its objects, while the books may be read on."""


class Heap:
    """Charges `budget` for structures and arrays before they are made, and gives back what is collected. Thread-safe.

    Where the budget refuses, the guest traps with what `refused` makes of the refusal.
    """

    def __init__(self, budget: Budget, refused: Callable[[BudgetExceeded], Exception] = lambda _: _exhausted()) -> None:
        self.budget = budget
        self._refused = refused

    def names(self) -> Mapping[str, Callable[..., Any]]:
        """Return what code is to call in place of what has these names in `aggregates`."""
        return {
            "Struct": self.struct,
            "Array": self.array,
            "array_new": self.array_new,
            "array_new_data": self.array_new_data,
            "array_new_elem": self.array_new_elem,
        }

    def struct(self, type_: DefinedType, fields: list[Any], descriptor: Struct | None = None) -> Struct:
        """Make a structure."""
        size = self._charge(len(fields))
        return self._made(Struct(type_, fields, descriptor), size)

    def array(self, type_: DefinedType, elements: list[Any]) -> Array:
        """Make an array of the elements."""
        size = self._charge(len(elements))
        return self._made(Array(type_, elements), size)

    def array_new(self, type_: DefinedType, value: Any, count: int) -> Array:
        """Make an array of `count` elements, each `value`; see `aggregates.array_new`."""
        return self._array(count, aggregates.array_new, type_, value, count)

    def array_new_data(self, type_: DefinedType, data: bytes, offset: int, count: int) -> Array:
        """Make an array from a data segment."""
        return self._array(count, aggregates.array_new_data, type_, data, offset, count)

    def array_new_elem(self, type_: DefinedType, segment: Sequence[Any], offset: int, count: int) -> Array:
        """Make an array from an element segment."""
        return self._array(count, aggregates.array_new_elem, type_, segment, offset, count)

    def adopt(self, value: Struct | Array) -> None:
        """Count a structure or an array that was made elsewhere, as resuming a snapshot does."""
        self._made(value, self._charge(len(value)))

    def _array(self, count: int, make: Callable[..., Array], *arguments: Any) -> Array:
        size = self._charge(count)
        try:
            array = make(*arguments)
        except BaseException:
            self.budget.release(size)
            raise
        return self._made(array, size)

    def _charge(self, items: int) -> int:
        size = HEADER + ITEM * items
        try:
            self.budget.charge(size)
        except BudgetExceeded as error:
            raise self._refused(error) from None
        return size

    def _made(self, value: _T, size: int) -> _T:
        ticket = _Ticket(value, _gone, self.budget, size)
        _ALIVE[id(ticket)] = ticket
        return value


def _gone(ticket: _Ticket) -> None:
    if _ALIVE.pop(id(ticket), None) is not None and not ticket.budget.closed:
        ticket.budget.release(ticket.size)


def _exhausted() -> Exception:
    return Exhaustion(TrapCode.ALLOCATION_TOO_LARGE)
