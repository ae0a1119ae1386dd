"""Variants of one function: it is translated to a Python function for each way in which it is entered."""

from __future__ import annotations

from enum import Enum

__all__ = ["STRIDE", "Variant"]

STRIDE = 16
"""Calls inside one another that are nested generators in a continuation; what would go deeper starts over on its own.

On Python 3.11, each takes some 400 bytes of the host's stack while it runs.
"""


class Variant(Enum):
    """How a function's translation is entered; each is made when it is first needed."""

    CODE = "code"
    """By a call: the result is the function's. It makes its own tail calls before it returns."""
    TAIL = "tail"
    """By a tail call: it leaves tail calls of its own to whoever made this one, and returns what to call."""
    COROUTINE = "coroutine"
    """By a call in a continuation: a generator function, so that it can be suspended; see `stack_switching`."""
    COROUTINE_TAIL = "coroutine_tail"
    """By a tail call in a continuation."""

    @property
    def is_tail(self) -> bool:
        """Whether tail calls are returned."""
        return self in (Variant.TAIL, Variant.COROUTINE_TAIL)

    @property
    def is_coroutine(self) -> bool:
        """Whether it runs in a continuation."""
        return self in (Variant.COROUTINE, Variant.COROUTINE_TAIL)
