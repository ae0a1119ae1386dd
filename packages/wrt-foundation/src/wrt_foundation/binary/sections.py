"""The sections of a binary module: their ids, their names and the order they must come in (section 5.5)."""

from __future__ import annotations

from enum import Enum

__all__ = ["ORDER", "Section"]


class Section(Enum):
    """A kind of section; the value is its id."""

    CUSTOM = 0
    TYPE = 1
    IMPORT = 2
    FUNCTION = 3
    TABLE = 4
    MEMORY = 5
    GLOBAL = 6
    EXPORT = 7
    START = 8
    ELEMENT = 9
    CODE = 10
    DATA = 11
    DATA_COUNT = 12
    TAG = 13

    def __str__(self) -> str:
        return self.name.lower().replace("_", " ")


ORDER = (
    Section.TYPE,
    Section.IMPORT,
    Section.FUNCTION,
    Section.TABLE,
    Section.MEMORY,
    Section.TAG,
    Section.GLOBAL,
    Section.EXPORT,
    Section.START,
    Section.ELEMENT,
    Section.DATA_COUNT,
    Section.CODE,
    Section.DATA,
)
"""The order that sections come in, each at most once; custom sections may stand between any two."""
