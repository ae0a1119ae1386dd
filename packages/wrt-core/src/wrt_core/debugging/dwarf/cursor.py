"""`Cursor`: a position in a debug section; and the work that reading a module's may take."""

from __future__ import annotations

from collections.abc import Mapping

from wrt_core.debugging.problem import MalformedDebugInfo

__all__ = ["Budget", "Cursor", "Sections"]

_PASSES = 6
"""Times that each byte may be looked at: what compilers write takes one or two."""

_CHEAP = 3
"""Bytes of a string, as a power of two, that take as long as a step."""

_LONGEST_NUMBER = 10
"""Bytes of a LEB128 number of 64 bits; producers that leave room for relocations write no longer ones either."""


class Budget:
    """Steps left for reading one module's debug information, in proportion to its size.

    What is well-formed is read about once. Entries that refer to one another, or overlap, could make a small section
    take forever, and long names that are put together could fill the memory.
    """

    __slots__ = ("left",)

    def __init__(self, size: int) -> None:
        self.left = _PASSES * size + 10_000

    def spend(self, steps: int, section: str) -> None:
        """Take steps from the budget. Raises `MalformedDebugInfo` when it is used up."""
        self.left -= steps
        if self.left < 0:
            raise MalformedDebugInfo(section, None, "reading it takes far longer than its size warrants")


class Cursor:
    """Reads a section from `position` up to `end`, little-endian. Not to be shared by threads.

    Every method raises `MalformedDebugInfo` where the bytes end too early.
    """

    __slots__ = ("data", "end", "position", "section")

    def __init__(self, data: bytes, section: str, position: int = 0, end: int | None = None) -> None:
        self.data = data
        self.section = section
        self.position = position
        self.end = len(data) if end is None else end
        if not 0 <= position <= self.end <= len(data):
            raise self.malformed("an offset beyond the end of the section")

    def malformed(self, message: str) -> MalformedDebugInfo:
        """Return an error about the bytes at the position."""
        return MalformedDebugInfo(self.section, self.position, message)

    def fixed(self, size: int) -> int:
        """Read an unsigned number of `size` bytes."""
        return int.from_bytes(self.take(size), "little")

    def take(self, size: int) -> bytes:
        """Read `size` bytes."""
        start = self.position
        if size > self.end - start:
            raise self.malformed("unexpected end")
        self.position = start + size
        return self.data[start : start + size]

    def skip(self, size: int) -> None:
        """Move on by `size` bytes."""
        if size > self.end - self.position:
            raise self.malformed("unexpected end")
        self.position += size

    def unsigned(self) -> int:
        """Read an unsigned LEB128 number."""
        return self._leb128()[0]

    def signed(self) -> int:
        """Read a signed LEB128 number."""
        value, bits = self._leb128()
        return value - (1 << bits) if value >> bits - 1 else value

    def _leb128(self) -> tuple[int, int]:
        data, start = self.data, self.position
        value = shift = 0
        for position in range(start, min(self.end, start + _LONGEST_NUMBER)):
            byte = data[position]
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                self.position = position + 1
                return value, shift
        raise self.malformed("unexpected end or number too long")

    def string(self) -> bytes:
        """Read a string that a zero byte ends."""
        end = self.data.find(0, self.position, self.end)
        if end < 0:
            raise self.malformed("a string without end")
        text = self.data[self.position : end]
        self.position = end + 1
        return text

    def unit(self) -> tuple[Cursor, int]:
        """Read the length that begins a unit; return a cursor over its contents, and the size of offsets in it.

        This cursor is behind the unit then.
        """
        start, size, length = self.position, 4, self.fixed(4)
        if length == 0xFFFF_FFFF:
            size, length = 8, self.fixed(8)
        elif length >= 0xFFFF_FFF0:
            raise self.malformed("a reserved length")
        inside = self.position
        if length > self.end - inside:
            self.position = start
            raise self.malformed("a unit longer than what is left")
        self.position = inside + length
        return Cursor(self.data, self.section, inside, inside + length), size


class Sections:
    """A module's debug sections by name; one that is not there is empty."""

    __slots__ = ("budget", "_data")

    def __init__(self, data: Mapping[str, bytes]) -> None:
        self._data = data
        self.budget = Budget(sum(map(len, data.values())))

    def cursor(self, name: str, position: int = 0) -> Cursor:
        """Return a cursor at a position of a section. Raises `MalformedDebugInfo` if it is beyond the section's end."""
        return Cursor(self._data.get(name, b""), name, position)

    def string(self, name: str, position: int) -> bytes:
        """Return the string at a position of a section."""
        text = self.cursor(name, position).string()
        self.budget.spend(len(text) >> _CHEAP, name)  # many may refer to one that is long
        return text
