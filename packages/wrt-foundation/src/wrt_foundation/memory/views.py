"""Views: a memory's bytes as numbers, at any alignment, for engines."""

from __future__ import annotations

from struct import calcsize
from typing import Any

from wrt_foundation.memory.region import Region

__all__ = ["FORMATS", "Views"]

FORMATS = "BbHhIiQqfd"
"""The formats that a memory is viewed in: integers of 1, 2, 4 and 8 bytes, unsigned and signed, f32 and f64."""


class Views(dict[str, "tuple[memoryview[Any], ...]"]):
    """For each format a tuple of views, one for every byte that an item may be off its alignment.

    With `words = memory.views["I"]`, the 32-bit word at address `a`, aligned or not, is
    `words[a & 3][a >> 2]`, and just those accesses raise `IndexError` that reach past the memory's end: the view
    number `k` starts at byte `k` and has as many whole items as follow there. (Addresses are not negative: a
    negative index would count from the end.)

    Made for one size of the memory, and complete as of that size forever; after a growth the memory has new ones,
    see `LinearMemory.attach`. A format's views are made when it is first asked for: few guests use all. An
    unknown format is a `KeyError`.

    An f32 read through "f" comes as a Python float by way of C, which may quieten a signalling NaN; engines that keep
    its bits read "I".
    """

    __slots__ = ("_region", "_size")

    def __init__(self, region: Region) -> None:
        super().__init__()
        self._region = region
        self._size = region.size

    def __missing__(self, format: str) -> tuple[memoryview[Any], ...]:  # noqa: A002 - memoryview's own word
        _check(format)
        width = calcsize(format)
        lend, size = self._region.lend, self._size
        views = tuple(
            # A memory shorter than the shift has no items there, and no such address either.
            lend(shift, shift + (size - shift) // width * width, format) if shift < size else lend(0, 0, format)
            for shift in range(width)
        )
        self[format] = views
        return views

    def beginning(self, format: str, start: int) -> memoryview[Any]:  # noqa: A002 - memoryview's own word
        """Return a new view that begins at a byte and has as many whole items as follow; none if it is past the end."""
        start = min(start, self._size)
        width = calcsize(format)
        return self._region.lend(start, start + (self._size - start) // width * width, format)

    def overlapping(self, format: str, start: int = 0) -> memoryview[Any]:  # noqa: A002 - memoryview's own word
        """Return a new view with an item at every byte from `start` on; none if it is past the end.

        With `words = memory.views.overlapping("I")`, the 32-bit word at address `a`, aligned or not, is `words[a]`.
        It is for engines: nobody may make a slice or an array of it, see `Region.lend_overlapping`.
        """
        _check(format)
        return self._region.lend_overlapping(min(start, self._size), self._size, format)


def _check(format: str) -> None:  # noqa: A002 - memoryview's own word
    if format not in FORMATS or len(format) != 1:
        raise KeyError(format)
