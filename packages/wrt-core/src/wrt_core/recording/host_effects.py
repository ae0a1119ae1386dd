"""Host effects: in a replay, what the host did to the guest's memories, globals and tables is done again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from wrt_core.recording.events import Element, Event, Grown, Lengthened, Read, Variable, Written
from wrt_core.recording.surroundings import function_type
from wrt_core.recording.values import References
from wrt_core.runtime.function import Func
from wrt_core.runtime.globals import Global
from wrt_core.runtime.instance import Instance
from wrt_core.runtime.memory import Memory
from wrt_core.runtime.table import Table
from wrt_core.validation import ValidatedModule
from wrt_foundation.canonical import DefinedType, defined_function_type
from wrt_foundation.types import ExternKind

__all__ = ["HostEffects"]


class HostEffects:
    """Applies events of the host's turns to a guest, or to what it will import while there is no `instance`.

    `own` makes the function that stands for one of the host's own, of a type and with an index. Methods raise
    `ValueError`, and `Trap` for what lies outside of a memory or a table, where the journal does not fit the guest.
    """

    def __init__(
        self, module: ValidatedModule, references: References, own: Callable[[DefinedType, int], Func]
    ) -> None:
        self.instance: Instance | None = None
        self._references = references
        self._own = own
        self._imported = [each for each in module.imports if each.kind is ExternKind.FUNC]
        self._functions: dict[int, Func] = {}
        self._given: dict[ExternKind, list[Any]] = {kind: [] for kind in ExternKind}

    def share(self, module: ValidatedModule, given: Mapping[str, Mapping[str, Any]]) -> None:
        """These are the imports."""
        for wanted in module.imports:
            self._given[wanted.kind].append(given[wanted.module][wanted.name])

    def name(self, index: int) -> str:
        """Return what a function of the host's is called."""
        if index < len(self._imported):
            return f"{self._imported[index].module}.{self._imported[index].name}"
        return f"function {index - len(self._imported)} of those that the host put into tables"

    def is_one(self, event: Event) -> bool:
        """Say whether an event is something that the host does in its turn."""
        return isinstance(event, (Read, Written, Grown, Variable, Lengthened, Element))

    def memory(self, index: int) -> Memory:
        """Return a memory."""
        found: Memory = self._at(ExternKind.MEMORY, index)
        return found

    def apply(self, event: Event) -> None:
        """Do what the host did."""
        match event:
            case Written():
                self.memory(event.memory).write(event.address, event.data)
            case Grown():
                if self.memory(event.memory).grow(event.pages) < 0:
                    raise ValueError(f"memory {event.memory} can't grow by {event.pages} pages")
            case Variable():
                variable: Global = self._at(ExternKind.GLOBAL, event.index)
                if not variable.type.mutable:
                    raise ValueError(f"global {event.index} is a constant")
                variable.raw = self._references.load(variable.type.value, event.value)
            case Lengthened():
                table: Table = self._at(ExternKind.TABLE, event.table)
                if table.grow_with(None, event.count) < 0:
                    raise ValueError(f"table {event.table} can't have {event.count} elements more")
            case Element():
                self._set(event)

    def _set(self, event: Element) -> None:
        table: Table = self._at(ExternKind.TABLE, event.table)
        match event.value:
            case {"own": int(index)} if index >= len(self._imported):
                if index not in self._functions:
                    type_ = defined_function_type(function_type(event.params, event.results))
                    self._functions[index] = self._own(type_, index)
                table.set(event.index, self._functions[index])
            case value:
                table.set(event.index, self._references.load(table.type.element, value))

    def _at(self, kind: ExternKind, index: int) -> Any:
        space = self._given[kind] if self.instance is None else self.instance.space(kind)
        if index >= len(space):
            raise ValueError(f"there is no {kind} {index}")
        return space[index]
