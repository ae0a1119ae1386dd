"""Initial states: what an instance was when it had just been made, for it to be that again for its next user."""

from __future__ import annotations

from typing import Any

from wrt_core.runtime.aggregates import Array, Struct
from wrt_core.runtime.continuation import Continuation
from wrt_core.runtime.instance import Instance
from wrt_core.runtime.memory import Memory
from wrt_foundation.traps import WasmException
from wrt_foundation.types import ExternKind

__all__ = ["InitialState"]

BLOCK = 64 << 10
"""Bytes that are compared at a time."""
_ZEROS = bytes(BLOCK)

_MUTABLE = (Struct, Array, Continuation, WasmException)
"""References to what a guest can change, or use up, beyond the reference itself."""


class InitialState:
    """The memories, tables, globals and segments of an instance as they are now, to go back to.

    Holds the bytes of memories that are not zero, and refers to what tables and globals refer to. Belongs to whoever
    takes it, who sees to it that nobody runs the instance meanwhile.
    """

    def __init__(self, instance: Instance) -> None:
        """Take the state of `instance`. Raises `ValueError` if it is one that can't be put back, see `restorable`."""
        if not restorable(instance):
            raise ValueError(f"{instance!r} shares what it changes, or has what can't be copied")
        self._instance = instance
        definition = instance.module.module
        functions = instance.functions[len(instance.functions) - len(definition.functions) :]
        variables = instance.globals[len(instance.globals) - len(definition.globals) :]
        self._memories = [(memory, memory.byte_length, _content(memory)) for memory in instance.memories]
        self._tables = [(table, list(table.elements)) for table in instance.tables]
        self._globals = [(variable, variable.raw) for variable in variables]
        self._entries = [(func, func.enter) for func in functions]
        self._data = list(instance.data)
        self._elements = list(instance.elements)

    def restore(self) -> bool:
        """Make the instance what it was. False if that can't be: it is of no more use then.

        It can't if a memory was closed, or a memory or a table has grown: neither shrinks. Nothing is restored then.
        """
        if any(memory.closed or memory.byte_length != length for memory, length, _ in self._memories):
            return False
        if any(len(table) != len(elements) for table, elements in self._tables):
            return False
        for memory, length, content in self._memories:
            _put_back(memory, length, content)
        for table, elements in self._tables:
            table.init(elements, 0, 0, len(elements))
        for variable, value in self._globals:
            variable.raw = value
        for func, enter in self._entries:
            func.enter = enter
        self._instance.data[:] = self._data
        self._instance.elements[:] = self._elements
        return True


def restorable(instance: Instance) -> bool:
    """Say whether all that `instance` can change is its own, and nothing that it refers to can be changed.

    It is not if it imports a memory, a table, a variable, or a function of another guest; if a memory is shared between
    threads; or if a table, a global or a segment refers to a structure, an array, an exception or a continuation.
    """
    for wanted in instance.module.imports:
        if wanted.kind is ExternKind.MEMORY or wanted.kind is ExternKind.TABLE:
            return False
    definition = instance.module.module
    functions = instance.functions[: len(instance.functions) - len(definition.functions)]
    variables = instance.globals[: len(instance.globals) - len(definition.globals)]
    if any(func.instance is not None for func in functions) or any(each.type.mutable for each in variables):
        return False
    if any(memory.shared for memory in instance.memories):
        return False
    values: list[Any] = [global_.raw for global_ in instance.globals]
    return not any(
        isinstance(value, _MUTABLE)
        for several in (values, *(table.elements for table in instance.tables), *instance.elements)
        for value in several
    )


def _content(memory: Memory) -> dict[int, bytes]:
    """Return the blocks of a memory that are not all zero, by address."""
    found = {}
    for address in range(0, memory.byte_length, BLOCK):
        block = memory.read(address, min(BLOCK, memory.byte_length - address))
        if block.count(0) != len(block):
            found[address] = block
    return found


def _put_back(memory: Memory, length: int, content: dict[int, bytes]) -> None:
    # Compared first, as writing zeros to a page that nobody touched would have the system provide one.
    for address in range(0, length, BLOCK):
        size = min(BLOCK, length - address)
        block = content.get(address) or _ZEROS[:size]
        if memory.read(address, size) != block:
            memory.write(address, block)
