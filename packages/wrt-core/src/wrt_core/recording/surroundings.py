"""Surroundings: what a guest shares with its host beside functions and memories, its tables and its variables."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from wrt_core.recording.errors import RecordingError
from wrt_core.recording.events import Element, Event, Lengthened, Variable
from wrt_core.recording.values import References
from wrt_core.runtime.function import Func
from wrt_core.runtime.globals import Global
from wrt_core.runtime.table import Table
from wrt_foundation.types import EXTERNREF, F32, F64, FUNCREF, I32, I64, V128, FuncType, ValueType

__all__ = ["Surroundings", "function_type"]

_TYPES: dict[str, ValueType] = {str(each): each for each in (I32, I64, F32, F64, V128, FUNCREF, EXTERNREF)}


def function_type(params: list[str], results: list[str]) -> FuncType:
    """Return the function type that an `Element` speaks of. Raises `ValueError` if there is none."""
    try:
        return FuncType(tuple(_TYPES[each] for each in params), tuple(_TYPES[each] for each in results))
    except KeyError as error:
        raise ValueError(f"no type that can be here: {error}") from None


class Surroundings:
    """The tables and variables that host and guest share, and how they were when the host's turn began.

    `note` is told what the host has done to them. A function of its own that it puts into a table is replaced by what
    `wrap` makes of it and its index; those begin at `first`.
    """

    def __init__(
        self, references: References, note: Callable[[Event], None], wrap: Callable[[Func, int], Func], first: int
    ) -> None:
        self._references = references
        self._note = note
        self._wrap = wrap
        self._first = first
        self._tables: dict[int, Table] = {}
        self._globals: dict[int, Global] = {}
        self._elements: dict[int, list[Any]] = {}
        self._values: dict[int, Any] = {}
        self._own: dict[int, int] = {}
        self._wrappers: list[tuple[Func, Func]] = []

    def add(self, tables: Iterable[tuple[int, Table]], variables: Iterable[tuple[int, Global]]) -> None:
        """These are shared too, with their indices in the guest."""
        self._tables.update(tables)
        self._globals.update((index, each) for index, each in variables if each.type.mutable)

    def begin(self, *, empty: bool = False) -> None:
        """The host's turn begins. With `empty`, tables count as if all had been null then."""
        self._elements = {i: [None] * len(each) if empty else list(each.elements) for i, each in self._tables.items()}
        self._values = {index: each.raw for index, each in self._globals.items()}

    def end(self) -> None:
        """The host's turn ends: tell what it has changed. Raises `RecordingError` for what can't be recorded."""
        for index, before in self._values.items():
            variable = self._globals[index]
            if variable.raw is not before:
                value = self._references.dump(variable.type.value, variable.raw)
                if value != self._references.dump(variable.type.value, before):
                    self._note(Variable(index, value))
        for index, elements in self._elements.items():
            now = self._tables[index].elements
            if len(now) > len(elements):
                self._note(Lengthened(index, len(now) - len(elements)))
                elements += [None] * (len(now) - len(elements))
            if now != elements:  # two lists of the same objects are soon compared
                for position, (old, new) in enumerate(zip(elements, list(now), strict=True)):
                    if new is not old:
                        self._note(self._element(index, position, new))

    def _element(self, table: int, position: int, value: Any) -> Element:
        if not isinstance(value, Func) or self._references.index(value) is not None:
            value = self._references.dump(self._tables[table].type.element, value)
            return Element(table, position, value, [], [])
        params, results = ([str(each) for each in types] for types in _signature(value))
        if not _TYPES.keys() >= {*params, *results}:
            raise RecordingError(f"{value!r} was put into a table, and a function of its type can't be recorded")
        number = self._own.get(id(value))
        if number is None:
            number = self._own[id(value)] = len(self._wrappers)
            wrapper = self._wrap(value, self._first + number)
            self._own[id(wrapper)] = number
            self._wrappers.append((value, wrapper))
        self._tables[table].elements[position] = self._wrappers[number][1]
        return Element(table, position, {"own": self._first + number}, params, results)


def _signature(func: Func) -> tuple[tuple[ValueType, ...], tuple[ValueType, ...]]:
    return func.function_type.params, func.function_type.results
