"""Values: what they are in Python, inside engines and outside, and the bit patterns of floats and vectors.

========  ==============================  ===================================================
type      inside an engine                for the host
========  ==============================  ===================================================
i32, i64  `int`, unsigned                 in: `int`, signed or unsigned; out: `int`, signed
f32, f64  `float`; an f32's NaN as below  in: any real number; out: `float`
v128      `bytes`, 16, lanes from lowest  in: 16 bytes; out: `bytes`
========  ==============================  ===================================================

References are None where null and otherwise whatever object they refer to, inside and outside.

Python's floats are f64. Every f32 number is one too; an f32 NaN is held as the f64 NaN with the same
sign and the same 23 bits of payload on top of 52. A C conversion between `float` and `double`, which
`struct` would use, sets the quiet bit of a signalling NaN, so NaNs are converted as integers here.

All functions are thread-safe.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import index
from struct import Struct
from typing import Any

from wrt_foundation.errors import ValueRangeError, ValueTypeError
from wrt_foundation.types import NumType

__all__ = [
    "FROM_HOST",
    "TO_HOST",
    "f32_bits",
    "f32_from_bits",
    "f64_bits",
    "f64_from_bits",
    "from_host",
    "is_arithmetic_nan",
    "is_canonical_nan",
    "is_nan",
    "lanes_of",
    "signed",
    "to_host",
    "unsigned",
    "vector_of",
]

_F32, _F64, _U32, _U64 = Struct("<f"), Struct("<d"), Struct("<I"), Struct("<Q")

_SIGN32, _EXPONENT32, _QUIET32, _PAYLOAD32 = 1 << 31, 0xFF << 23, 1 << 22, (1 << 23) - 1
_SIGN64, _EXPONENT64, _QUIET64, _PAYLOAD64 = 1 << 63, 0x7FF << 52, 1 << 51, (1 << 52) - 1
_PAYLOAD_SHIFT = 52 - 23


def signed(value: int, bits: int) -> int:
    """Return the signed number with the same bits as the unsigned `value` of that many `bits`."""
    return value - (1 << bits) if value >> bits - 1 else value


def unsigned(value: int, bits: int) -> int:
    """Return the unsigned number with the same `bits` as `value`, which may be in the signed or the unsigned range.

    Raises `ValueRangeError` where it is in neither.
    """
    if -(1 << bits - 1) <= value < 1 << bits:
        return value & (1 << bits) - 1
    raise ValueRangeError(f"neither a signed nor an unsigned integer of {bits} bits")


def f64_from_bits(bits: int) -> float:
    """Return the f64 with that bit pattern, an unsigned number of 64 bits."""
    value: float = _F64.unpack(_U64.pack(bits))[0]
    return value


def f64_bits(value: float) -> int:
    """Return the bit pattern of an f64."""
    bits: int = _U64.unpack(_F64.pack(value))[0]
    return bits


def f32_from_bits(bits: int) -> float:
    """Return the f32 with that bit pattern, an unsigned number of 32 bits; any NaN survives."""
    if bits & _EXPONENT32 == _EXPONENT32 and bits & _PAYLOAD32:
        return f64_from_bits((bits & _SIGN32) << 32 | _EXPONENT64 | (bits & _PAYLOAD32) << _PAYLOAD_SHIFT)
    value: float = _F32.unpack(_U32.pack(bits))[0]
    return value


def f32_bits(value: float) -> int:
    """Return the bit pattern of an f32, or of the f32 nearest to `value` if it is none.

    Past the largest f32 that is an infinity. A NaN keeps its sign and the upper bits of its payload.
    """
    if value != value:
        bits = f64_bits(value)
        payload = (bits & _PAYLOAD64) >> _PAYLOAD_SHIFT
        # Without any payload it would be an infinity.
        return (bits & _SIGN64) >> 32 | _EXPONENT32 | (payload or _QUIET32)
    try:
        return int(_U32.unpack(_F32.pack(value))[0])
    except OverflowError:
        return _EXPONENT32 | (_SIGN32 if value < 0 else 0)


def is_nan(bits: int, width: int) -> bool:
    """Say whether a bit pattern of 32 or 64 bits is a NaN."""
    exponent, payload = (_EXPONENT32, _PAYLOAD32) if width == 32 else (_EXPONENT64, _PAYLOAD64)
    return bits & exponent == exponent and bits & payload != 0


def is_canonical_nan(bits: int, width: int) -> bool:
    """Say whether a bit pattern of 32 or 64 bits is a canonical NaN: of either sign, with the quiet bit alone."""
    exponent, payload, quiet = (
        (_EXPONENT32, _PAYLOAD32, _QUIET32) if width == 32 else (_EXPONENT64, _PAYLOAD64, _QUIET64)
    )
    return bits & (exponent | payload) == exponent | quiet


def is_arithmetic_nan(bits: int, width: int) -> bool:
    """Say whether a bit pattern of 32 or 64 bits is an arithmetic NaN: one whose quiet bit is set."""
    exponent, quiet = (_EXPONENT32, _QUIET32) if width == 32 else (_EXPONENT64, _QUIET64)
    return bits & (exponent | quiet) == exponent | quiet


def lanes_of(vector: bytes, bits: int) -> tuple[int, ...]:
    """Return a vector's lanes of that many `bits` (8, 16, 32 or 64) as unsigned numbers, the lowest first."""
    size = bits // 8
    return tuple(int.from_bytes(vector[start : start + size], "little") for start in range(0, 16, size))


def vector_of(lanes: Sequence[int], bits: int) -> bytes:
    """Return the vector of these lanes of that many `bits`, each in the signed or the unsigned range.

    Raises `ValueRangeError` where a lane is not, or where the lanes do not make up 128 bits.
    """
    if len(lanes) * bits != 128:
        raise ValueRangeError(f"{len(lanes)} lanes of {bits} bits are not 128 bits")
    return b"".join(unsigned(lane, bits).to_bytes(bits // 8, "little") for lane in lanes)


def _refuse(type_: NumType, value: object) -> ValueTypeError:
    return ValueTypeError(f"{type_} expected, not {type(value).__name__}: {value!r:.60}")


def _out_of_range(type_: NumType, value: Any) -> ValueRangeError:
    # Python refuses to print integers of thousands of digits, and nobody wants to read them.
    bits = value.bit_length() if isinstance(value, int) else 0
    shown = f"an integer of {bits} bits" if bits > 128 else repr(value)
    return ValueRangeError(f"{shown} is out of range for {type_}")


def _i32_from_host(value: Any) -> int:
    try:
        number = index(value)
    except TypeError:
        raise _refuse(NumType.I32, value) from None
    if -0x8000_0000 <= number <= 0xFFFF_FFFF:
        return number & 0xFFFF_FFFF
    raise _out_of_range(NumType.I32, number)


def _i64_from_host(value: Any) -> int:
    try:
        number = index(value)
    except TypeError:
        raise _refuse(NumType.I64, value) from None
    if -0x8000_0000_0000_0000 <= number <= 0xFFFF_FFFF_FFFF_FFFF:
        return number & 0xFFFF_FFFF_FFFF_FFFF
    raise _out_of_range(NumType.I64, number)


def _real(type_: NumType, value: Any) -> float:
    # Strings have no __float__, so float() does not get to parse them.
    if not hasattr(type(value), "__float__") and not hasattr(type(value), "__index__"):
        raise _refuse(type_, value)
    try:
        return float(value)
    except OverflowError:
        raise _out_of_range(type_, value) from None


def _f32_from_host(value: Any) -> float:
    number = value if type(value) is float else _real(NumType.F32, value)
    return f32_from_bits(f32_bits(number))


def _f64_from_host(value: Any) -> float:
    return value if type(value) is float else _real(NumType.F64, value)


def _v128_from_host(value: Any) -> bytes:
    if not isinstance(value, bytes | bytearray | memoryview):
        raise _refuse(NumType.V128, value)
    vector = bytes(value)
    if len(vector) != 16:
        raise ValueRangeError(f"v128 is 16 bytes, not {len(vector)}")
    return vector


def _i32_to_host(value: int) -> int:
    return value - 0x1_0000_0000 if value >= 0x8000_0000 else value


def _i64_to_host(value: int) -> int:
    return value - 0x1_0000_0000_0000_0000 if value >= 0x8000_0000_0000_0000 else value


def _unchanged(value: Any) -> Any:
    return value


FROM_HOST: dict[NumType, Callable[[Any], Any]] = {
    NumType.I32: _i32_from_host,
    NumType.I64: _i64_from_host,
    NumType.F32: _f32_from_host,
    NumType.F64: _f64_from_host,
    NumType.V128: _v128_from_host,
}
"""`from_host` by type, for whoever converts many values of types that are known."""

TO_HOST: dict[NumType, Callable[[Any], Any]] = {
    NumType.I32: _i32_to_host,
    NumType.I64: _i64_to_host,
    NumType.F32: _unchanged,
    NumType.F64: _unchanged,
    NumType.V128: _unchanged,
}
"""`to_host` by type."""


def from_host(type_: NumType, value: Any) -> Any:
    """Return a number or vector of the host's as engines hold it.

    Integers are whatever says it is one (`bool`, numpy's) in the signed or the unsigned range; floats
    are any real number, rounded to the nearest f32 for `F32`. Raises `ValueTypeError`, which is a
    `TypeError`, for another kind of object (a float is no integer), and `ValueRangeError`, which is a
    `ValueError`, for a number that the type can't hold.
    """
    return FROM_HOST[type_](value)


def to_host(type_: NumType, value: Any) -> Any:
    """Return a number or vector of an engine's as hosts see it: integers signed."""
    return TO_HOST[type_](value)
