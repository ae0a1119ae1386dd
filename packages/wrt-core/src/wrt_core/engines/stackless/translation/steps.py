"""Steps: work that can be left between any two of them, by whoever does it, and gone on with later."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeVar

__all__ = ["Steps", "done"]

T = TypeVar("T")

Steps = Generator[None, None, T]
"""Work in steps of a few milliseconds at most, as far as that is in our hands: Python compiles a function in one."""


def done(steps: Steps[T], between: Callable[[], None] = lambda: None) -> T:
    """Do all that is left of some work, and return what comes of it; `between` is called after each step but the last.

    If that raises, the rest can still be done.
    """
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: T = end.value
            return result
        between()
