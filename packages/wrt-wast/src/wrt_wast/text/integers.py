"""Integer literals (specification, section 6.3.1)."""

from __future__ import annotations

import re

__all__ = ["is_integer", "is_number_like", "parse_natural", "parse_signed", "parse_unsigned"]

_INTEGER = re.compile(r"([+-]?)(?:0x([0-9a-fA-F]+(?:_[0-9a-fA-F]+)*)|([0-9]+(?:_[0-9]+)*))")

_BEYOND = 1 << 128
"""Stands for every number too large for all uses: digits are not converted without bound."""


def is_integer(lexeme: str) -> bool:
    """Say whether the lexeme is an integer, with or without a sign."""
    return _INTEGER.fullmatch(lexeme) is not None


def is_number_like(lexeme: str) -> bool:
    """Say whether the lexeme begins as a number does."""
    return lexeme.lstrip("+-")[:1].isdecimal()


def parse_natural(lexeme: str) -> int | None:
    """Return the number that a literal without sign stands for, at most 2**128; None if it is no such literal."""
    if len(lexeme) < 20 and lexeme.isdecimal() and lexeme.isascii():
        return int(lexeme)
    match = _INTEGER.fullmatch(lexeme)
    return None if match is None or match[1] else _magnitude(match)


def _magnitude(match: re.Match[str]) -> int:
    _, hexadecimal, decimal = match.groups()
    if hexadecimal is not None:
        digits = hexadecimal.replace("_", "").lstrip("0")
        return int(digits or "0", 16) if len(digits) <= 32 else _BEYOND
    digits = decimal.replace("_", "").lstrip("0")
    return int(digits or "0") if len(digits) <= 38 else _BEYOND


def parse_unsigned(lexeme: str, bits: int) -> int | None:
    """Return the value of a literal of type u*bits*; None if it is no literal without sign.

    Raises `OverflowError` if it is out of range.
    """
    value = parse_natural(lexeme)
    if value is not None and value >> bits:
        raise OverflowError(lexeme)
    return value


def parse_signed(lexeme: str, bits: int) -> int | None:
    """Return the value, as a signed number, of a literal of type i*bits*; None if it is no integer.

    Such a literal may be written in the signed and in the unsigned range. Raises `OverflowError` if it
    is in neither.
    """
    match = _INTEGER.fullmatch(lexeme)
    if match is None:
        return None
    magnitude = _magnitude(match)
    half = 1 << (bits - 1)
    if match[1] == "-":
        if magnitude > half:
            raise OverflowError(lexeme)
        return -magnitude
    # A sign makes it an s*bits* literal, which has the signed range only.
    if magnitude >= (half if match[1] else half * 2):
        raise OverflowError(lexeme)
    return magnitude if magnitude < half else magnitude - half * 2
