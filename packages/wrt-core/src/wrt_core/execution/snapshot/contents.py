"""What memories, tables and variables have in them, put there again.

Those that the module defines are new and are filled at once. Those that the host gives are filled by what is returned,
once all of the snapshot is known to be good.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wrt_core.execution.snapshot.memory_pages import clear, fill_from, unpacked
from wrt_core.execution.snapshot.model import SavedMemory
from wrt_core.execution.snapshot.values import Referred, pack, unpack, unpack_many
from wrt_core.runtime.globals import Global
from wrt_core.runtime.memory import Memory
from wrt_core.runtime.table import Table
from wrt_foundation.errors import LinkError, SnapshotError
from wrt_foundation.types import RefType

__all__ = ["put_global", "put_memory", "put_table"]

Commit = Callable[[], None]


def put_memory(memory: Memory, saved: SavedMemory, given: bool) -> Commit:
    """Give a memory its size and bytes."""
    if memory.maximum is not None and saved.pages > memory.maximum:
        raise SnapshotError(f"a memory of {saved.pages} pages is past its maximum, {memory.maximum}")
    if saved.pages < memory.size:
        raise _shrunk(given, "memory", saved.pages, memory.size)

    def grow() -> None:
        refusals: list[Exception] = []
        told, memory.refused = memory.refused, refusals.append
        try:
            grown = memory.grow(saved.pages - memory.size)
        finally:
            memory.refused = told
        if grown < 0:
            raise refusals[0] if refusals else SnapshotError(f"a memory of {saved.pages} pages can't be had")

    if not given:
        grow()
        fill_from(memory, saved.content)
        return _nothing
    if isinstance(saved.content, bytes):
        for _ in unpacked(saved.content, saved.pages * memory.page_size):
            pass  # it is good

    def commit() -> None:
        grow()
        clear(memory)
        fill_from(memory, saved.content)

    return commit


def put_table(table: Table, saved: bytes, given: bool, referred: Referred) -> Commit:
    """Give a table its size and elements."""
    elements = unpack_many(table.type.element, saved, None, referred)
    if len(elements) < len(table):
        raise _shrunk(given, "table", len(elements), len(table))

    def commit() -> None:
        _grow(table, len(elements))
        table.elements[:] = elements

    if given:
        return commit
    commit()
    return _nothing


def _grow(table: Table, size: int) -> None:
    refusals: list[Exception] = []
    told, table.refused = table.refused, refusals.append
    try:
        grown = table.grow_with(None, size - len(table))
    finally:
        table.refused = told
    if grown < 0:
        message = f"a table of {size} elements is past its maximum, or past the limit of tables"
        raise refusals[0] if refusals else SnapshotError(message)


def put_global(variable: Global, saved: bytes, given: bool, referred: Referred) -> Commit:
    """Give a variable its value. A constant of the host's must be what it was, if it is a number."""
    type_ = variable.type.value
    (value,) = unpack((type_,), saved, referred)
    if given and not variable.type.mutable:
        if not isinstance(type_, RefType) and pack((type_,), (variable.raw,), _no_word) != saved:
            raise LinkError(
                f"incompatible import: a constant is {variable.value!r}, and it was {value!r} in the snapshot"
            )
        return _nothing

    def commit() -> None:
        variable.raw = value

    if given:
        return commit
    commit()
    return _nothing


def _nothing() -> None:
    pass


def _no_word(_: Any) -> int:
    raise AssertionError("a number is no reference")


def _shrunk(given: bool, what: str, saved: int, now: int) -> Exception:
    message = f"a {what} was of size {saved} in the snapshot, and it is of {now}: none shrinks"
    return LinkError(message) if given else SnapshotError(message)
