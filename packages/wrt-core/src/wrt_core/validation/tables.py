"""Typing rules of table instructions.

Specification, section 3.4.5 "Table Instructions".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wrt_core.validation.body import Body
from wrt_foundation.errors import ValidationError
from wrt_foundation.instructions import Instruction
from wrt_foundation.subtyping import matches
from wrt_foundation.types import I32, RefType, TableType

__all__ = ["SPECIALS", "check_init", "check_storable"]


def check_storable(source: RefType, destination: RefType, what: str) -> None:
    """Check that references of one type may go where another is stored."""
    if source is not destination and not matches(source, destination):
        raise ValidationError(f"type mismatch: {what} of {source} do not fit where {destination} is stored")


def _table_get(body: Body, instruction: Instruction, index: int) -> None:
    table = body.context.table(index)
    body.pop(table.address)
    body.stack.append(table.element)


def _changed(body: Body, index: int) -> TableType:
    """Return the type of a table that code writes to."""
    body.context.changed_tables.add(index)
    return body.context.table(index)


def _table_set(body: Body, instruction: Instruction, index: int) -> None:
    table = _changed(body, index)
    body.pop(table.element)
    body.pop(table.address)


def _table_grow(body: Body, instruction: Instruction, index: int) -> None:
    table = _changed(body, index)
    body.pop(table.address)
    body.pop(table.element)
    body.stack.append(table.address)


def _table_fill(body: Body, instruction: Instruction, index: int) -> None:
    table = _changed(body, index)
    body.pop_all((table.address, table.element, table.address))


def _table_copy(body: Body, instruction: Instruction, immediate: tuple[int, int]) -> None:
    destination, source = _changed(body, immediate[0]), body.context.table(immediate[1])
    check_storable(source.element, destination.element, "a table's elements")
    length = I32 if I32 in (destination.address, source.address) else destination.address
    body.pop_all((destination.address, source.address, length))


def check_init(body: Body, segment: int, index: int) -> None:
    """Check that the references of an element segment may go into a table."""
    check_storable(body.context.element(segment), _changed(body, index).element, "an element segment's references")


SPECIALS: dict[str, Callable[[Body, Instruction, Any], None]] = {
    "table.get": _table_get,
    "table.set": _table_set,
    "table.grow": _table_grow,
    "table.fill": _table_fill,
    "table.copy": _table_copy,
}
"""The instructions that this file types, by name."""
