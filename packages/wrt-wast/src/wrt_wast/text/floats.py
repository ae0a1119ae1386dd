"""Floating-point literals ↔ bit patterns (specification, section 6.3.2).

Every literal is rounded once, to the nearest value, ties to even, from its exact meaning: an f32
literal is not first rounded to f64.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

__all__ = ["DOUBLE", "SINGLE", "FloatFormat", "format_bits", "is_float", "parse_float"]


@dataclass(frozen=True, slots=True)
class FloatFormat:
    """An IEEE 754 binary interchange format: its width and the bits of its stored significand."""

    width: int
    fraction: int

    @property
    def infinity(self) -> int:
        """The bits of positive infinity: the exponent's field, all ones."""
        return (1 << (self.width - 1)) - (1 << self.fraction)

    @property
    def sign(self) -> int:
        """The sign bit."""
        return 1 << (self.width - 1)

    @property
    def bias(self) -> int:
        """What the exponent's field adds to the exponent."""
        return (1 << (self.width - self.fraction - 2)) - 1

    @property
    def canonical(self) -> int:
        """The payload of the canonical NaN: the significand's top bit alone."""
        return 1 << (self.fraction - 1)


SINGLE = FloatFormat(32, 23)
DOUBLE = FloatFormat(64, 52)

_FLOAT = re.compile(
    r"([+-]?)(?:"
    r"0x([0-9a-fA-F]+(?:_[0-9a-fA-F]+)*)(?:\.([0-9a-fA-F]+(?:_[0-9a-fA-F]+)*)?)?(?:[pP]([+-]?[0-9]+(?:_[0-9]+)*))?"
    r"|([0-9]+(?:_[0-9]+)*)(?:\.([0-9]+(?:_[0-9]+)*)?)?(?:[eE]([+-]?[0-9]+(?:_[0-9]+)*))?"
    r"|(inf)"
    r"|nan(?::0x([0-9a-fA-F]+(?:_[0-9a-fA-F]+)*))?"
    r")"
)
_FARTHEST = 1 << 40
"""Exponents are cut off here: past it every value of a literal that fits in memory is zero or infinite."""
_SIGNIFICANT = 800
"""Decimal digits that can matter: no f64, and no tie between two, has more than 768."""


def is_float(lexeme: str) -> bool:
    """Say whether the lexeme is a float literal; integers are."""
    return _FLOAT.fullmatch(lexeme) is not None


def parse_float(lexeme: str, form: FloatFormat) -> int | None:
    """Return the bits of a literal; None if it is no float literal. Raises `OverflowError` if it is out of range."""
    match = _FLOAT.fullmatch(lexeme)
    if match is None:
        return None
    sign, hex_whole, hex_fraction, hex_exponent, whole, fraction, exponent, infinite, payload = match.groups()
    if whole is not None:
        bits = _decimal(whole, fraction or "", exponent, form)
    elif hex_whole is not None:
        bits = _hexadecimal(hex_whole, hex_fraction or "", hex_exponent, form)
    elif infinite is not None:
        bits = form.infinity
    elif payload is None:
        bits = form.infinity | form.canonical
    else:
        digits = payload.replace("_", "").lstrip("0")
        number = int(digits, 16) if 0 < len(digits) <= 16 else 0
        if not 0 < number < 1 << form.fraction:
            raise OverflowError(lexeme)
        bits = form.infinity | number
    return bits | form.sign if sign == "-" else bits


def _exponent(literal: str | None) -> int:
    if literal is None:
        return 0
    digits = literal.replace("_", "").lstrip("+-").lstrip("0")
    magnitude = int(digits or "0") if len(digits) <= 12 else _FARTHEST
    return -min(magnitude, _FARTHEST) if literal[0] == "-" else min(magnitude, _FARTHEST)


def _hexadecimal(whole: str, fraction: str, exponent: str | None, form: FloatFormat) -> int:
    fraction = fraction.replace("_", "")
    return _round(int(whole.replace("_", "") + fraction, 16), _exponent(exponent) - 4 * len(fraction), False, form)


def _decimal(whole: str, fraction: str, exponent: str | None, form: FloatFormat) -> int:
    whole, fraction = whole.replace("_", ""), fraction.replace("_", "")
    power = _exponent(exponent)
    if len(whole) + len(fraction) <= 15 and not power and not fraction:
        return _round(int(whole), 0, False, form)
    if form is DOUBLE:
        # Python's own conversion is correctly rounded.
        (bits,) = struct.unpack("<Q", struct.pack("<d", float(f"{whole}.{fraction}e{power}")))
        if bits == DOUBLE.infinity:
            raise OverflowError
        return int(bits)
    digits = (whole + fraction).lstrip("0")
    power -= len(fraction)
    sticky = digits[_SIGNIFICANT:].strip("0") != ""
    power += max(len(digits) - _SIGNIFICANT, 0)
    digits = digits[:_SIGNIFICANT]
    if not digits or len(digits) + power < -400:
        return 0
    if len(digits) + power > 400:
        raise OverflowError
    number = int(digits)
    if power >= 0:
        return _round(number * 10**power, 0, sticky, form)
    # A quotient of at least 64 significant bits; the remainder only tells whether it is exact.
    divisor: int = 10**-power
    shift = max(64 + divisor.bit_length() - number.bit_length(), 0)
    quotient, remainder = divmod(number << shift, divisor)
    return _round(quotient, -shift, sticky or remainder != 0, form)


def _round(number: int, exponent: int, sticky: bool, form: FloatFormat) -> int:
    """Return the bits nearest to number * 2**exponent, or to a little more than that if `sticky`."""
    if not number:
        return 0
    # The exponent of the value's leading bit says how far the significand's last bit is from ours.
    leading = number.bit_length() - 1 + exponent
    if leading > form.bias + 1:
        raise OverflowError
    last = max(leading, 1 - form.bias) - form.fraction
    drop = last - exponent
    if drop <= 0:
        significand = number << -drop
    elif drop > number.bit_length() + 1:
        return 0
    else:
        significand = number >> drop
        rest, half = number & ((1 << drop) - 1), 1 << (drop - 1)
        if rest > half or (rest == half and (sticky or significand & 1)):
            significand += 1
    # A significand that was rounded up to the next power of two carries into the exponent's field, as it should.
    field = max(leading, 1 - form.bias) + form.bias - 1
    bits = (field << form.fraction) + significand
    if bits >= form.infinity:
        raise OverflowError
    return bits


def format_bits(bits: int, form: FloatFormat) -> str:
    """Return the literal of exactly these bits: hexadecimal for numbers, as that is exact and short."""
    sign = "-" if bits & form.sign else ""
    magnitude = bits & ~form.sign
    if magnitude >= form.infinity:
        payload = magnitude - form.infinity
        if not payload:
            return f"{sign}inf"
        return f"{sign}nan" if payload == form.canonical else f"{sign}nan:0x{payload:x}"
    field, fraction = divmod(magnitude, 1 << form.fraction)
    if not magnitude:
        return f"{sign}0x0p+0"
    digits = -(-form.fraction // 4)
    tail = f"{fraction << (digits * 4 - form.fraction):0{digits}x}".rstrip("0")
    exponent = max(field, 1) - form.bias
    return f"{sign}0x{min(field, 1)}{'.' if tail else ''}{tail}p{exponent:+d}"
