"""Items: what views of memory have at an index, as expressions call it; see `memory` for the views."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

__all__ = ["INTEGER", "ITEM", "NUMBER", "Item"]

NUMBER = r"\d+|0x[0-9a-f]+"
"""A number that is not negative."""

INTEGER = re.compile(rf"-?(?:{NUMBER})")
"""Any number."""

ITEM = re.compile(rf"\b([BbHhIiQFD])(a?)(\d+)(?:_(\d+))?\[(l\d+)(?: \+ (l\d+))?(?: ([+-]) ({NUMBER}))?\]")
"""An item whose index is a local, or the sum of two, and a constant."""

_WIDTH = {"B": 1, "H": 2, "I": 4, "Q": 8, "F": 4, "D": 8}


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a memory, so many bytes from what variables say in sum, which count items if it is `spaced`."""

    letter: str
    spaced: bool
    memory: str
    variables: tuple[str, ...]
    offset: int

    @classmethod
    def of(cls, text: str) -> Item | None:
        """The item that a text is; None if it is none."""
        found = ITEM.fullmatch(text)
        if found is None:
            return None
        letter, spaced, memory, view, one, other, sign, number = found.groups()
        added = int(number or "0", 0) * (_width_of(letter) if spaced else 1)
        variables = (one,) if other is None else (one, other)
        return cls(letter, bool(spaced), memory, variables, int(view or 0) + (-added if sign == "-" else added))

    @property
    def width(self) -> int:
        """Its bytes."""
        return _width_of(self.letter)

    @property
    def unit(self) -> int:
        """The bytes that one in its variables is."""
        return self.width if self.spaced else 1

    @property
    def view(self) -> str:
        """A view that has slices: one item after the other, from the memory's beginning."""
        return f"{self.letter}{'a' if self.width > 1 else ''}{self.memory}"

    def is_like(self, other: Item) -> bool:
        """Whether it is the other but for its offset."""
        return replace(self, offset=other.offset) == other


def _width_of(letter: str) -> int:
    return _WIDTH[letter.upper()]
