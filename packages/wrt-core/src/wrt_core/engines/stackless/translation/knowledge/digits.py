"""Digits: Python keeps a number as digits of 30 bits, and compares, adds and multiplies two of one digit at once.

Nearly all numbers that programs compare are that small. So where a number is compared with a power of two that is not,
it is first asked whether it is small: that costs half as much, and nearly always tells.
"""

from __future__ import annotations

__all__ = ["DIGIT", "negative", "positive"]

DIGIT = (1 << 30) - 1
"""The greatest number of one digit."""


def positive(text: str, sign: int, first: str | None = None) -> str:
    """The condition that a variable, of an unsigned number whose sign is `sign`, is not negative.

    `first` is what is to be written where the variable is first used, if that is something else.
    """
    return f"{first or text} <= {DIGIT:#x} or {text} < {sign:#x}"


def negative(text: str, sign: int) -> str:
    """The condition that it is."""
    return f"{text} > {DIGIT:#x} and {text} >= {sign:#x}"
