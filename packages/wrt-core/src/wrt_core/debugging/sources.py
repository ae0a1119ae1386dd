"""`Sources`: the texts that debug information refers to, as far as they may be shown.

Debug information is written by whoever made the module, so it may name any file, and what it names would be shown in
backtraces and logs: a password file, or a device that never ends. So files are read below given directories only.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from wrt_foundation.positions import Position

__all__ = ["SOURCE_PATH", "Sources"]

SOURCE_PATH = "WRT_SOURCE_PATH"
"""The environment variable with further directories, separated as in PATH."""

_LARGEST = 4 << 20
"""Bytes of a file that is read: generated sources may be large, but nobody reads those in a traceback."""

_LONGEST = 500
"""Characters that are shown of a line."""


class Sources:
    """Lines of source files in directories, and below; those of `WRT_SOURCE_PATH` besides. Thread-safe, and pickles."""

    def __init__(self, directories: Iterable[str] = ()) -> None:
        self.directories = (*directories, *filter(None, os.environ.get(SOURCE_PATH, "").split(os.pathsep)))

    def line(self, position: Position, text: bytes | None = None) -> str | None:
        """Return the line at a position, of the file's text if it is given; None if it is not to be had."""
        lines = self.lines(position.file, text)
        if lines is None or not 0 < position.line <= len(lines):
            return None
        return lines[position.line - 1][:_LONGEST]

    def lines(self, file: str, text: bytes | None = None) -> tuple[str, ...] | None:
        """Return all lines of a file, whose text may be given; None if they are not to be had."""
        if text is not None:
            return _split(text)
        found = self._found(file)
        return None if found is None else found[1]

    def path(self, file: str) -> str | None:
        """Return where a file is that may be shown; None if there is none."""
        found = self._found(file)
        return None if found is None else str(found[0])

    def _found(self, file: str) -> tuple[Path, tuple[str, ...]] | None:
        for directory in self.directories:
            try:
                root = Path(directory).resolve()
                path = (root / file).resolve()  # an absolute name stays as it is
                if not path.is_relative_to(root):
                    continue
                status = path.stat()
                if stat.S_ISREG(status.st_mode) and status.st_size <= _LARGEST:
                    return path, _read(path, status.st_mtime_ns, status.st_size)
            except (OSError, ValueError, RuntimeError):  # the last for links that lead in a circle
                continue
        return None


@lru_cache(8)
def _read(path: Path, _changed: int, size: int) -> tuple[str, ...]:
    with path.open("rb") as file:
        return _split(file.read(size))


@lru_cache(8)
def _split(text: bytes) -> tuple[str, ...]:
    # Only what compilers count as the end of a line: a form feed is none.
    lines = text.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return tuple(lines)
