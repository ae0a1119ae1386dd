"""Positions: where in a source text the instructions of a module came from.

A module's debug information (`wrt_core.debugging`) or the text it was assembled from says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from wrt_foundation.printable import printable

__all__ = ["FoundPosition", "Position", "Positions"]


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a source text.

    `file` is the name that the debug information gives it, which need not exist on this machine and is as trustworthy
    as the module; `line` and `column` count from 1, `column` None where only the line is known; `function` is what the
    source calls the function around it, None where nothing says so.
    """

    file: str
    line: int
    column: int | None = None
    function: str | None = None

    def __str__(self) -> str:
        file = printable(self.file)
        return f"{file}:{self.line}" if self.column is None else f"{file}:{self.line}:{self.column}"


class Positions(Protocol):
    """What knows the positions of one module's instructions. Thread-safe, and it pickles."""

    def at(self, offset: int) -> Position | None:
        """Return where the instruction at a byte offset of the module's binary came from; never raises."""

    def text(self, position: Position) -> str | None:
        """Return the line of source at a position, as it stands there; None where that is not to be had."""

    def lines(self, file: str) -> Sequence[str] | None:
        """Return all lines of a file that positions name; None where they are not to be had."""

    def path(self, file: str) -> str | None:
        """Return where on this machine such a file is; None for one that is nowhere, or not to be shown."""


@dataclass(frozen=True, slots=True)
class FoundPosition:
    """The `Positions` of one instruction that was looked up: what is left of a module's where that is not at hand."""

    position: Position | None
    line: str | None = None

    def at(self, offset: int) -> Position | None:
        """Return the position, whatever the offset."""
        return self.position

    def text(self, position: Position) -> str | None:
        """Return the line of source."""
        return self.line

    def lines(self, file: str) -> Sequence[str] | None:
        """Return None: there is but one line."""
        return None

    def path(self, file: str) -> str | None:
        """Return None: this may be another machine."""
        return None
