"""Mappings: the string of base 64 numbers that a source map consists of (ECMA-426, section "Mappings structure").

The generated code of a WebAssembly source map has one line, on which a column is a byte offset of the binary.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from dataclasses import dataclass, field

from wrt_core.debugging.problem import MalformedDebugInfo

__all__ = ["Mapping", "Mappings", "read_mappings"]

_DIGITS = {
    character: value
    for value, character in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
}
_BITS = 32
_NONE = -1
_WHAT = "mappings"


@dataclass(frozen=True, slots=True)
class Mapping:
    """Where a byte came from: indices of the source and, or None, of the name; line and column count from 0."""

    source: int
    line: int
    column: int
    name: int | None


@dataclass(slots=True)
class Mappings:
    """What was mapped, by offset: twenty bytes each."""

    offsets: array[int] = field(default_factory=lambda: array("I"))
    sources: array[int] = field(default_factory=lambda: array("i"))
    lines: array[int] = field(default_factory=lambda: array("I"))
    columns: array[int] = field(default_factory=lambda: array("I"))
    names: array[int] = field(default_factory=lambda: array("i"))

    def at(self, offset: int) -> Mapping | None:
        """Return the mapping that covers an offset."""
        place = bisect_right(self.offsets, offset) - 1
        if place < 0 or self.sources[place] == _NONE:
            return None
        name = self.names[place]
        return Mapping(self.sources[place], self.lines[place], self.columns[place], None if name == _NONE else name)


def read_mappings(text: str, sources: int, names: int) -> Mappings:
    """Read the mappings of the first generated line, for so many sources and names. Raises `MalformedDebugInfo`."""
    found = Mappings()
    offset = source = line = column = name = 0
    line_end = text.find(";")
    for segment in text[: None if line_end < 0 else line_end].split(","):
        if not segment:
            continue
        fields = _numbers(segment)
        if len(fields) not in (1, 4, 5):
            raise MalformedDebugInfo(_WHAT, None, f"a segment of {len(fields)} numbers")
        offset += fields[0]
        if offset < 0 or (found.offsets and offset < found.offsets[-1]):
            raise MalformedDebugInfo(_WHAT, None, "offsets that go down")
        named = _NONE
        if len(fields) > 1:
            source, line, column = source + fields[1], line + fields[2], column + fields[3]
            if not 0 <= source < sources or line < 0 or column < 0:
                raise MalformedDebugInfo(_WHAT, None, "a source, line or column that is none")
        if len(fields) == 5:
            name += fields[4]
            if not 0 <= name < names:
                raise MalformedDebugInfo(_WHAT, None, "a name that is none")
            named = name
        if max(offset, line, column) >> _BITS:
            raise MalformedDebugInfo(_WHAT, None, "a number that is too large")
        found.offsets.append(offset)
        found.sources.append(source if len(fields) > 1 else _NONE)
        found.lines.append(line)
        found.columns.append(column)
        found.names.append(named)
    return found


def _numbers(segment: str) -> list[int]:
    """The variable-length numbers of a segment: five bits a digit, the lowest first, then the sign in the lowest."""
    found = []
    value = shift = 0
    for character in segment:
        digit = _DIGITS.get(character)
        if digit is None or shift > _BITS:
            raise MalformedDebugInfo(_WHAT, None, f"{character!r} where a number is")
        value |= (digit & 31) << shift
        if digit & 32:
            shift += 5
            continue
        found.append(-(value >> 1) if value & 1 else value >> 1)
        value = shift = 0
    if shift:
        raise MalformedDebugInfo(_WHAT, None, "a number without end")
    return found
