"""Text for terminals: what a module or a guest named may hold characters that would command one."""

from __future__ import annotations

__all__ = ["printable"]


def printable(text: str) -> str:
    """Return `text` with every character that is not for printing written as an escape, line ends included."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in text)
