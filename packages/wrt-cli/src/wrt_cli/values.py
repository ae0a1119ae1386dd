"""Values as users type them and as results are shown, by the types of the function that is called."""

from __future__ import annotations

import math
import struct
from typing import Any

from wrt_core import Func
from wrt_foundation.types import NumType, RefType, ValueType

__all__ = ["parse", "show"]


def parse(text: str, type_: ValueType) -> Any:
    """Return the value of type `type_` that `text` says.

    Integers are decimal or hexadecimal (0x…), signed or unsigned; floats decimal, hexadecimal, inf or nan; v128 an
    integer of 128 bits; references "null". Raises `ValueError` saying what was expected.
    """
    match type_:
        case NumType.I32 | NumType.I64:
            return _integer(text, type_)
        case NumType.F32 | NumType.F64:
            return _float(text, type_)
        case NumType.V128:
            return (_integer(text, type_) % (1 << 128)).to_bytes(16, "little")
        case RefType(nullable=True) if text == "null":
            return None
    raise ValueError(f"{text!r} is no {type_}; of references, only null can be typed")


def _integer(text: str, type_: NumType) -> int:
    digits = text.lstrip("+-")
    # Python would take "1_000", " 1" and the digits of other scripts too.
    hexadecimal = digits[:2].lower() == "0x"
    allowed = "0123456789abcdefABCDEF" if hexadecimal else "0123456789"
    digits = digits[2:] if hexadecimal else digits
    if len(text) - len(text.lstrip("+-")) > 1 or not digits or digits.strip(allowed):
        raise ValueError(f"{text!r} is no {type_}: a decimal or 0x… number is needed")
    # Leading zeros apart, nothing that long is in range; Python would refuse to convert it.
    digits = digits.lstrip("0") or "0"
    value = int(digits, 16 if hexadecimal else 10) if len(digits) <= 40 else 1 << 200
    value = -value if text.startswith("-") else value
    if not -(1 << type_.bits - 1) <= value < 1 << type_.bits:
        raise ValueError(f"{text} is out of the range of {type_}")
    return value


def _float(text: str, type_: NumType) -> float:
    try:
        value = float.fromhex(text) if "0x" in text.lower() else float(text)
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is no {type_}: a number, inf or nan is needed") from None
    return value


def show(value: Any, type_: ValueType) -> str:
    """Return a result as a user reads it, so that `parse` would give it back where it can."""
    match type_:
        case NumType.I32 | NumType.I64:
            return str(value)
        case NumType.F64:
            return repr(value)
        case NumType.F32:
            return _shortest_f32(value)
        case NumType.V128:
            return f"0x{int.from_bytes(value, 'little'):032x}"
    if value is None:
        return "null"
    return f"function {value.name or value.index}" if isinstance(value, Func) else repr(value)


def _shortest_f32(value: float) -> str:
    """The fewest digits that say which f32 it is: 0.1, and not 0.10000000149011612, as the same number is in an f64."""
    if not math.isfinite(value) or value == 0:
        return repr(value)
    exact = struct.pack("<f", value)
    for digits in range(1, 9):
        shorter = float(f"{value:.{digits}g}")
        try:
            if struct.pack("<f", shorter) == exact:
                return repr(shorter)
        except OverflowError:  # rounded up, past the largest f32
            continue
    return repr(float(f"{value:.9g}"))
