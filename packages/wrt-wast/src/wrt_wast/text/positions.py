"""`TextPositions`: where in its text each instruction of a module stands."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path

from wrt_foundation.module import Module
from wrt_foundation.positions import Position
from wrt_wast.text.lexer import Tokens

__all__ = ["TextPositions"]


class TextPositions:
    """The positions of a module that was assembled from a text, which it keeps.

    `starts` has the offset in the binary of each function's instructions, and `places`, for each function, what
    `Body.places` had.
    """

    def __init__(self, source: str, filename: str | None, starts: Sequence[int], places: list[array[int]]) -> None:
        self._source = Tokens(source, filename)
        self._starts = starts
        self._places = places

    @classmethod
    def of(cls, module: Module, tokens: Tokens, places: list[array[int]]) -> TextPositions:
        """Return those of a module in its binary form, of whose functions the places are known."""
        return cls(tokens.source, tokens.filename, [code.offset for code in module.codes], places)

    def __reduce__(self) -> tuple[object, ...]:
        return TextPositions, (self._source.source, self._source.filename, self._starts, self._places)

    def at(self, offset: int) -> Position | None:
        """Return where the instruction at an offset of the binary stands; never raises."""
        function = bisect_right(self._starts, offset) - 1
        if function < 0:
            return None
        places, inside = self._places[function], offset - self._starts[function]
        instruction = bisect_right(range(len(places) // 2), inside, key=lambda each: places[2 * each]) - 1
        if instruction < 0 or places[2 * instruction] != inside:
            return None  # no instruction begins there
        line, column = self._source.place(places[2 * instruction + 1])
        return Position(self._source.filename or "<text>", line, column)

    def text(self, position: Position) -> str | None:
        """Return the line of the text that a position is in."""
        lines = self.lines(position.file)
        return lines[position.line - 1] if 0 < position.line <= len(lines) else None

    def lines(self, file: str) -> Sequence[str]:
        """Return all lines of the text."""
        return [line.rstrip("\r") for line in self._source.source.split("\n")]

    def path(self, file: str) -> str | None:
        """Return where the file is that the text was read from; None if it was none."""
        filename = self._source.filename
        return str(Path(filename).absolute()) if filename is not None and Path(filename).is_file() else None
