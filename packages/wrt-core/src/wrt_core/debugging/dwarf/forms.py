"""Forms: how the values of attributes are written (DWARF 5, section 7.5.6).

A value is an int or bytes, as its form says; an index or an offset stays one, and its form says of what.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from wrt_core.debugging.dwarf.cursor import Cursor

__all__ = [
    "ADDRESS",
    "ADDRESS_INDICES",
    "DEBUG_STRING",
    "LINE_STRING",
    "OFFSET_REFERENCES",
    "RANGE_LIST_INDEX",
    "REFERENCE",
    "STRING",
    "STRING_INDICES",
    "Encoding",
    "read_form",
]


@dataclass(frozen=True, slots=True)
class Encoding:
    """What the header of a unit says about the sizes in it, in bytes."""

    version: int
    address_size: int
    offset_size: int

    @property
    def reference_size(self) -> int:
        """The size of a reference to an entry of another unit."""
        return self.address_size if self.version <= 2 else self.offset_size


ADDRESS = 0x01
STRING, LINE_STRING, DEBUG_STRING = 0x08, 0x1F, 0x0E
ADDRESS_INDICES = frozenset((0x1B, 0x29, 0x2A, 0x2B, 0x2C, 0x1F01))
STRING_INDICES = frozenset((0x1A, 0x25, 0x26, 0x27, 0x28, 0x1F02))
OFFSET_REFERENCES = frozenset((0x11, 0x12, 0x13, 0x14, 0x15))
"""References to an entry of the same unit, as the offset from the unit's first byte."""

RANGE_LIST_INDEX = 0x23
REFERENCE = 0x10
"""A reference to an entry of any unit, as the offset in `.debug_info`."""

_SIZES = {
    **dict.fromkeys((0x0B, 0x0C, 0x11, 0x25, 0x29), 1),
    **dict.fromkeys((0x05, 0x12, 0x26, 0x2A), 2),
    **dict.fromkeys((0x27, 0x2B), 3),
    **dict.fromkeys((0x06, 0x13, 0x1C, 0x28, 0x2C), 4),
    **dict.fromkeys((0x07, 0x14, 0x20, 0x24), 8),
}
"""The size of numbers of fixed size."""

_UNSIGNED = frozenset((0x0F, 0x15, 0x1A, 0x1B, 0x22, 0x23, 0x1F01, 0x1F02))
_OFFSETS = frozenset((0x0E, 0x17, 0x1D, 0x1F, 0x1F20, 0x1F21))

_OTHER: dict[int, Callable[[Cursor, Encoding], int | bytes]] = {
    0x01: lambda cursor, encoding: cursor.fixed(encoding.address_size),
    0x03: lambda cursor, _: cursor.take(cursor.fixed(2)),
    0x04: lambda cursor, _: cursor.take(cursor.fixed(4)),
    0x08: lambda cursor, _: cursor.string(),
    0x09: lambda cursor, _: cursor.take(cursor.unsigned()),
    0x0A: lambda cursor, _: cursor.take(cursor.fixed(1)),
    0x0D: lambda cursor, _: cursor.signed(),
    0x10: lambda cursor, encoding: cursor.fixed(encoding.reference_size),
    0x18: lambda cursor, _: cursor.take(cursor.unsigned()),
    0x19: lambda _, __: 1,
    0x1E: lambda cursor, _: cursor.take(16),
}

_INDIRECT, _IMPLICIT_CONST = 0x16, 0x21


def read_form(cursor: Cursor, form: int, encoding: Encoding, implicit: int = 0) -> tuple[int, int | bytes]:
    """Read a value; return its form, which may be written with it, and itself. Raises `MalformedDebugInfo`."""
    if form == _INDIRECT:
        form = cursor.unsigned()
    if (size := _SIZES.get(form)) is not None:
        return form, cursor.fixed(size)
    if form in _UNSIGNED:
        return form, cursor.unsigned()
    if form in _OFFSETS:
        return form, cursor.fixed(encoding.offset_size)
    if form == _IMPLICIT_CONST:
        return form, implicit
    read = _OTHER.get(form)
    if read is None:
        raise cursor.malformed(f"unknown form 0x{form:x}")
    return form, read(cursor, encoding)
