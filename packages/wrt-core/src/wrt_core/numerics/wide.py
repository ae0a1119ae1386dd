"""128-bit arithmetic on pairs of i64, low half first: the wide-arithmetic proposal."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["FUNCTIONS"]

_MASK = 0xFFFF_FFFF_FFFF_FFFF
_SIGN = 0x8000_0000_0000_0000


def add128(low: int, high: int, other_low: int, other_high: int) -> tuple[int, int]:
    """The sum's halves, modulo 2**128."""
    total = low + other_low
    return total & _MASK, high + other_high + (total >> 64) & _MASK


def sub128(low: int, high: int, other_low: int, other_high: int) -> tuple[int, int]:
    """The difference's halves, modulo 2**128."""
    difference = low - other_low
    # A borrow makes the difference negative, and its arithmetic shift is -1.
    return difference & _MASK, high - other_high + (difference >> 64) & _MASK


def mul_wide_s(a: int, b: int) -> tuple[int, int]:
    """The halves of the product of two signed numbers."""
    product = ((a ^ _SIGN) - _SIGN) * ((b ^ _SIGN) - _SIGN)
    return product & _MASK, product >> 64 & _MASK


def mul_wide_u(a: int, b: int) -> tuple[int, int]:
    """The halves of the product of two unsigned numbers."""
    product = a * b
    return product & _MASK, product >> 64


FUNCTIONS: dict[str, Callable[..., tuple[int, int]]] = {
    "i64.add128": add128,
    "i64.sub128": sub128,
    "i64.mul_wide_s": mul_wide_s,
    "i64.mul_wide_u": mul_wide_u,
}
"""The functions by instruction name."""
