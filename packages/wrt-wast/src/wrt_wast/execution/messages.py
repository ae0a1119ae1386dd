"""Comparing what an error says with what a script expects it to say."""

from __future__ import annotations

from wrt_foundation.errors import WrtError
from wrt_foundation.traps import Trap, TrapCode

__all__ = ["message_matches", "trap_matches"]

_SYNONYMS = {
    "descriptor cast failure": TrapCode.CAST_FAILURE,
    "atomic wait on non-shared memory": TrapCode.EXPECTED_SHARED_MEMORY,
}
"""What scripts of other projects call a trap."""


def message_matches(error: WrtError, expected: str) -> bool:
    """Say whether the error's message begins with the expected one, as the specification's interpreter compares."""
    return error.message.startswith(expected)


def trap_matches(trap: Trap, expected: str) -> bool:
    """Say whether a trap is the expected one.

    Traps are told apart by their messages even where messages are compared loosely: one may be shorter
    than the other ("uninitialized element 7"), but not different.
    """
    said = trap.code.value
    return said.startswith(expected) or expected.startswith(said) or _SYNONYMS.get(expected) is trap.code
