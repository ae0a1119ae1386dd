"""Entries of `.debug_info`: a unit's header, and the values of its entries' attributes (DWARF 5, section 7.5)."""

from __future__ import annotations

from dataclasses import dataclass, field

from wrt_core.debugging.dwarf.abbreviations import Abbreviation, read_abbreviations
from wrt_core.debugging.dwarf.cursor import Cursor, Sections
from wrt_core.debugging.dwarf.forms import (
    ADDRESS,
    ADDRESS_INDICES,
    DEBUG_STRING,
    LINE_STRING,
    OFFSET_REFERENCES,
    REFERENCE,
    STRING_INDICES,
    Encoding,
    read_form,
)

__all__ = ["Attributes", "Bases", "UnitHeader", "read_entry", "read_unit_header"]

_COMPILE, _TYPE, _SKELETON, _SPLIT_COMPILE, _SPLIT_TYPE = 1, 2, 4, 5, 6
"""Kinds of units, as version 5 tells them apart."""

Attributes = dict[int, tuple[int, int | bytes]]
"""The values of an entry by attribute, each with the form it is written in."""


@dataclass(slots=True)
class Bases:
    """Where a unit's indexed values begin in their sections: its root entry says so."""

    strings: int = 0
    addresses: int = 0
    ranges: int = 0


@dataclass(slots=True)
class UnitHeader:
    """A unit of `.debug_info`: where it is, how it is written, and what its entries look like."""

    start: int
    first: int
    end: int
    encoding: Encoding
    abbreviations: dict[int, Abbreviation]
    bases: Bases = field(default_factory=Bases)

    def string(self, sections: Sections, value: tuple[int, int | bytes] | None) -> str | None:
        """Return the string that a value is; None for no value, or one that is none."""
        if value is None:
            return None
        form, text = value
        if isinstance(text, int):
            if form in STRING_INDICES:
                size = self.encoding.offset_size
                text = sections.cursor(".debug_str_offsets", self.bases.strings + text * size).fixed(size)
                form = DEBUG_STRING
            if form not in (DEBUG_STRING, LINE_STRING):
                return None
            text = sections.string(".debug_str" if form == DEBUG_STRING else ".debug_line_str", text)
        return text.decode("utf-8", "replace")

    def address(self, sections: Sections, value: tuple[int, int | bytes] | None) -> int | None:
        """Return the address that a value is; None for no value, or one that is none."""
        if value is None:
            return None
        form, number = value
        if not isinstance(number, int):
            return None
        if form in ADDRESS_INDICES:
            return self.indexed_address(sections, number)
        return number if form == ADDRESS else None

    def indexed_address(self, sections: Sections, index: int) -> int:
        """Return an address of the unit by its index."""
        size = self.encoding.address_size
        return sections.cursor(".debug_addr", self.bases.addresses + index * size).fixed(size)

    def reference(self, value: tuple[int, int | bytes] | None) -> int | None:
        """Return the offset in `.debug_info` that a value refers to; None for another unit's type or another file."""
        if value is None:
            return None
        form, number = value
        if not isinstance(number, int):
            return None
        if form in OFFSET_REFERENCES:
            return self.start + number
        return number if form == REFERENCE else None


def read_unit_header(sections: Sections, units: Cursor, known: dict[int, dict[int, Abbreviation]]) -> UnitHeader | None:
    """Read the header of the unit at a cursor, which moves behind the unit; None if it is about types.

    `known` are abbreviations by their offset, to which this unit's are added. Raises `MalformedDebugInfo`.
    """
    start = units.position
    cursor, offset_size = units.unit()
    version = cursor.fixed(2)
    if not 2 <= version <= 5:
        raise cursor.malformed(f"unknown version {version}")
    kind = _COMPILE
    if version >= 5:
        kind = cursor.fixed(1)
        address_size = cursor.fixed(1)
        offset = cursor.fixed(offset_size)
    else:
        offset = cursor.fixed(offset_size)
        address_size = cursor.fixed(1)
    if address_size not in (4, 8):
        raise cursor.malformed(f"addresses of {address_size} bytes")
    if kind in (_TYPE, _SPLIT_TYPE):
        return None
    if kind in (_SKELETON, _SPLIT_COMPILE):
        cursor.skip(8)
    if offset not in known:
        known[offset] = read_abbreviations(sections, offset)
    return UnitHeader(start, cursor.position, cursor.end, Encoding(version, address_size, offset_size), known[offset])


def read_entry(
    sections: Sections, unit: UnitHeader, cursor: Cursor, wanted: frozenset[int]
) -> tuple[Abbreviation, Attributes] | None:
    """Read the entry at a cursor and those of its attributes that are wanted; None for the end of a list of entries.

    Raises `MalformedDebugInfo`.
    """
    code = cursor.unsigned()
    if not code:
        return None
    abbreviation = unit.abbreviations.get(code)
    if abbreviation is None:
        raise cursor.malformed(f"unknown abbreviation {code}")
    sections.budget.spend(1 + len(abbreviation.attributes), cursor.section)
    found: Attributes = {}
    for attribute, form, implicit in abbreviation.attributes:
        value = read_form(cursor, form, unit.encoding, implicit)
        if attribute in wanted:
            found[attribute] = value
    return abbreviation, found
