"""Files that commands read and write, by name; "-" is the standard input or output."""

from __future__ import annotations

import sys
from pathlib import Path

__all__ = ["beside", "read", "write"]


def read(name: str) -> bytes:
    """Return what is in a file. Raises `OSError`."""
    return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()


def write(name: str, data: bytes) -> None:
    """Write a file. Raises `OSError`."""
    if name == "-":
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    else:
        Path(name).write_bytes(data)


def beside(name: str, suffix: str) -> str:
    """Return the name of the file beside `name` with another suffix; for the standard input, the standard output."""
    return "-" if name == "-" else str(Path(name).with_suffix(suffix))
