"""`printable`: text that a module chose, for people to read."""

from __future__ import annotations

__all__ = ["printable"]


def printable(text: str) -> str:
    """Return `text` with every character that is not for printing, line ends included, written as an escape.

    A name that breaks lines could pass for lines of ours, and one with control characters would command a terminal.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in text)
