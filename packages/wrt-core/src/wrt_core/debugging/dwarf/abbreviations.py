"""Abbreviations: which attributes the entries of `.debug_info` have, and in which forms (DWARF 5, section 7.5.3)."""

from __future__ import annotations

from dataclasses import dataclass

from wrt_core.debugging.dwarf.cursor import Sections

__all__ = ["Abbreviation", "read_abbreviations"]

_IMPLICIT_CONST = 0x21

_COST = 4
"""Steps that an attribute takes, of two or three numbers."""


@dataclass(frozen=True, slots=True)
class Abbreviation:
    """The shape of an entry: its tag, whether entries follow that are inside it, and its attributes.

    An attribute is its code, its form, and the value of an implicit constant (0 of other forms).
    """

    tag: int
    has_children: bool
    attributes: tuple[tuple[int, int, int], ...]


def read_abbreviations(sections: Sections, offset: int) -> dict[int, Abbreviation]:
    """Read the abbreviations at an offset of `.debug_abbrev`, by their codes. Raises `MalformedDebugInfo`."""
    cursor = sections.cursor(".debug_abbrev", offset)
    found: dict[int, Abbreviation] = {}
    while code := cursor.unsigned():
        tag, has_children = cursor.unsigned(), cursor.fixed(1) != 0
        attributes = []
        while True:
            sections.budget.spend(_COST, cursor.section)
            attribute, form = cursor.unsigned(), cursor.unsigned()
            if not attribute and not form:
                break
            attributes.append((attribute, form, cursor.signed() if form == _IMPLICIT_CONST else 0))
        found[code] = Abbreviation(tag, has_children, tuple(attributes))
    return found
