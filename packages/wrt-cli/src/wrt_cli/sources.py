"""Sources: what a user names on the command line, a file or "-" for the standard input."""

from __future__ import annotations

import sys
from pathlib import Path

__all__ = ["read"]


def read(name: str) -> tuple[bytes, str | None]:
    """Return the bytes of the file `name`, and its name if it is a file. Raises `OSError`."""
    if name == "-":
        return sys.stdin.buffer.read(), None
    return Path(name).read_bytes(), name
