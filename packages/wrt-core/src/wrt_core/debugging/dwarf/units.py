"""Compilation units: which addresses are of each, and the functions in it (DWARF 5, sections 3.1 and 3.3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from wrt_core.debugging.dwarf.abbreviations import Abbreviation
from wrt_core.debugging.dwarf.cursor import Cursor, Sections
from wrt_core.debugging.dwarf.entries import Attributes, Bases, UnitHeader, read_entry, read_unit_header
from wrt_core.debugging.dwarf.ranges import Ranges, read_ranges
from wrt_core.debugging.problem import MalformedDebugInfo, Problems

__all__ = ["Unit", "read_functions", "read_units"]

_COMPILE_UNIT, _PARTIAL_UNIT, _SKELETON_UNIT, _SUBPROGRAM = 0x11, 0x3C, 0x4A, 0x2E
_NAME, _STMT_LIST, _LOW_PC, _HIGH_PC, _COMP_DIR, _RANGES = 0x03, 0x10, 0x11, 0x12, 0x1B, 0x55
_ABSTRACT_ORIGIN, _SPECIFICATION, _LINKAGE_NAME, _OLD_LINKAGE_NAME = 0x31, 0x47, 0x6E, 0x2007
_STRINGS_BASE, _ADDRESSES_BASE, _RANGES_BASE = 0x72, 0x73, 0x74

_OF_ROOT = frozenset((_STMT_LIST, _LOW_PC, _HIGH_PC, _COMP_DIR, _RANGES, _STRINGS_BASE, _ADDRESSES_BASE, _RANGES_BASE))
_OF_FUNCTION = frozenset(
    (_NAME, _LOW_PC, _HIGH_PC, _RANGES, _ABSTRACT_ORIGIN, _SPECIFICATION, _LINKAGE_NAME, _OLD_LINKAGE_NAME)
)
_REFERENCES = 4
"""How many entries are followed to one that has a name."""


@dataclass(slots=True)
class Unit:
    """A compilation unit: its addresses, where its line number program is, and where it was compiled.

    `ranges` are empty where the unit does not say; `lines` is None where it has no program, `directory` "".
    """

    header: UnitHeader
    base: int
    ranges: Ranges
    lines: int | None
    directory: str


def read_units(sections: Sections, problems: Problems) -> Iterator[Unit]:
    """Read the root entry of each unit; what is malformed is reported and left out."""
    cursor = sections.cursor(".debug_info")
    known: dict[int, dict[int, Abbreviation]] = {}
    while cursor.position < cursor.end:
        start = cursor.position
        try:
            header = read_unit_header(sections, cursor, known)
            if header is None:
                continue
            root = read_entry(sections, header, _entries(sections, header, header.first), _OF_ROOT)
            if root is not None and root[0].tag in (_COMPILE_UNIT, _PARTIAL_UNIT, _SKELETON_UNIT):
                yield _unit(sections, header, root[1])
        except MalformedDebugInfo as error:
            problems.report(error)
            if cursor.position == start:
                return  # nobody knows where the next one begins


def _unit(sections: Sections, header: UnitHeader, attributes: Attributes) -> Unit:
    header.bases = Bases(
        _number(attributes, _STRINGS_BASE) or 0,
        _number(attributes, _ADDRESSES_BASE) or 0,
        _number(attributes, _RANGES_BASE) or 0,
    )
    base = header.address(sections, attributes.get(_LOW_PC)) or 0
    directory = header.string(sections, attributes.get(_COMP_DIR)) or ""
    ranges = _ranges(sections, header, attributes, base)
    return Unit(header, base, ranges, _number(attributes, _STMT_LIST), directory)


def read_functions(sections: Sections, unit: Unit) -> list[tuple[int, int, str]]:
    """Read the functions of a unit that have code: the first address, the one behind the last, and the name of each.

    Sorted by address. Raises `MalformedDebugInfo`.
    """
    cursor = _entries(sections, unit.header, unit.header.first)
    found: list[tuple[int, int, str]] = []
    while cursor.position < cursor.end:
        entry = read_entry(sections, unit.header, cursor, _OF_FUNCTION)
        if entry is None or entry[0].tag != _SUBPROGRAM:
            continue
        ranges = _ranges(sections, unit.header, entry[1], unit.base)
        if ranges and (name := _name(sections, unit.header, entry[1])) is not None:
            found += [(low, high, name) for low, high in ranges]
    found.sort()
    return found


def _entries(sections: Sections, header: UnitHeader, position: int) -> Cursor:
    cursor = sections.cursor(".debug_info", position)
    cursor.end = header.end
    return cursor


def _ranges(sections: Sections, header: UnitHeader, attributes: Attributes, base: int) -> Ranges:
    if (listed := attributes.get(_RANGES)) is not None:
        return read_ranges(sections, header, listed, base)
    low = header.address(sections, attributes.get(_LOW_PC))
    high = attributes.get(_HIGH_PC)
    if low is None or high is None or not isinstance(high[1], int):
        return []
    # As a number of another form, it counts from the first address.
    end = header.address(sections, high)
    end = low + high[1] if end is None else end
    return [(low, end)] if low < end else []


def _name(sections: Sections, header: UnitHeader, attributes: Attributes) -> str | None:
    """What a function is called, by itself or by the declaration that it refers to."""
    for _ in range(_REFERENCES):
        for attribute in (_NAME, _LINKAGE_NAME, _OLD_LINKAGE_NAME):
            if (name := header.string(sections, attributes.get(attribute))) is not None:
                return name
        offset = header.reference(attributes.get(_SPECIFICATION) or attributes.get(_ABSTRACT_ORIGIN))
        if offset is None or not header.first <= offset < header.end:
            return None
        entry = read_entry(sections, header, _entries(sections, header, offset), _OF_FUNCTION)
        if entry is None:
            return None
        attributes = entry[1]
    return None


def _number(attributes: Attributes, attribute: int) -> int | None:
    value = attributes.get(attribute)
    return value[1] if value is not None and isinstance(value[1], int) else None
