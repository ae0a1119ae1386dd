"""Results: what a call gives is computed with in the call's own statement, where nobody can tell."""

from __future__ import annotations

import re

__all__ = ["computed"]

_LONGEST = 80
"""Characters of an expression: statements are not to grow without end."""

_CALL = re.compile(r"(s\d+) = (f\d+\(.*\))")
_HARMLESS = re.compile(r"(?:[ls]\d+|% 0x[0-9a-f]+|0x[0-9a-f]+|\d+|[-+*&|^<>() ])+")
"""Arithmetic of locals and slots, which a call does not change, and which can't trap."""


def computed(call: str, text: str) -> str | None:
    """An expression with a call's result in it, as one with the call in it; None if it had better stay two statements.

    `call` is the statement that puts the result in a slot. The slot must not be needed again.
    """
    found = _CALL.fullmatch(call)
    if found is None or len(text) > _LONGEST or not _HARMLESS.fullmatch(text):
        return None
    first, *rest = re.split(rf"\b{found[1]}\b", text)
    return f"{first}{found[2]}{rest[0]}" if len(rest) == 1 else None
