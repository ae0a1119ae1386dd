"""Range lists: addresses of an entry whose code is not in one piece (DWARF 5, section 2.17.3; 4, section 2.17.3)."""

from __future__ import annotations

from wrt_core.debugging.dwarf.cursor import Cursor, Sections
from wrt_core.debugging.dwarf.entries import UnitHeader
from wrt_core.debugging.dwarf.forms import RANGE_LIST_INDEX

__all__ = ["Ranges", "read_ranges"]

Ranges = list[tuple[int, int]]
"""Each the first address, and the one behind the last."""

_COST = 8
"""Steps that a range takes: it is kept, and sorted."""


def read_ranges(sections: Sections, unit: UnitHeader, value: tuple[int, int | bytes], base: int) -> Ranges:
    """Return the ranges that an attribute's value refers to; `base` is the unit's own first address.

    Raises `MalformedDebugInfo`.
    """
    form, offset = value
    if not isinstance(offset, int):
        return []
    if unit.encoding.version < 5:
        return _read_4(sections, unit, offset, base)
    if form == RANGE_LIST_INDEX:
        size = unit.encoding.offset_size
        offset = unit.bases.ranges + sections.cursor(".debug_rnglists", unit.bases.ranges + offset * size).fixed(size)
    return _read_5(sections, unit, sections.cursor(".debug_rnglists", offset), base)


def _read_4(sections: Sections, unit: UnitHeader, offset: int, base: int) -> Ranges:
    cursor = sections.cursor(".debug_ranges", offset)
    size = unit.encoding.address_size
    selects = (1 << 8 * size) - 1
    found: Ranges = []
    while True:
        sections.budget.spend(_COST, cursor.section)
        low, high = cursor.fixed(size), cursor.fixed(size)
        if low == high == 0:
            return found
        if low == selects:
            base = high
        elif low < high:
            found.append((base + low, base + high))


def _read_5(sections: Sections, unit: UnitHeader, cursor: Cursor, base: int) -> Ranges:
    size = unit.encoding.address_size
    found: Ranges = []
    while kind := cursor.fixed(1):
        sections.budget.spend(_COST, cursor.section)
        match kind:
            case 1:  # base_addressx
                base = unit.indexed_address(sections, cursor.unsigned())
                continue
            case 5:  # base_address
                base = cursor.fixed(size)
                continue
            case 2:  # startx_endx
                low = unit.indexed_address(sections, cursor.unsigned())
                high = unit.indexed_address(sections, cursor.unsigned())
            case 3:  # startx_length
                low = unit.indexed_address(sections, cursor.unsigned())
                high = low + cursor.unsigned()
            case 4:  # offset_pair
                low, high = base + cursor.unsigned(), base + cursor.unsigned()
            case 6:  # start_end
                low, high = cursor.fixed(size), cursor.fixed(size)
            case 7:  # start_length
                low = cursor.fixed(size)
                high = low + cursor.unsigned()
            case _:
                raise cursor.malformed(f"unknown kind {kind} of range")
        if low < high:
            found.append((low, high))
    return found
