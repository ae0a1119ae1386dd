"""Conversions between i32, i64, f32 and f64: specification, section 4.3.4 "Conversions".

`reinterpret` is what `wrt_foundation.values` says the bits of a float are.
"""

from __future__ import annotations

from collections.abc import Callable

from wrt_core.numerics.rounding import CANONICAL_NAN, to_f32
from wrt_foundation.traps import Trap, TrapCode
from wrt_foundation.values import f32_bits, f32_from_bits, f64_bits, f64_from_bits

__all__ = ["FUNCTIONS"]


def wrap(a: int) -> int:
    """The low 32 bits."""
    return a & 0xFFFF_FFFF


def extend_s(a: int) -> int:
    """The signed number in 64 bits."""
    return a | 0xFFFF_FFFF_0000_0000 if a & 0x8000_0000 else a


def extend_u(a: int) -> int:
    """The unsigned number in 64 bits."""
    return a


def _truncations(bits: int) -> dict[str, Callable[[float], int]]:
    mask = (1 << bits) - 1
    least = -(1 << bits - 1)
    greatest = (1 << bits - 1) - 1
    # What is strictly between these truncates into range. Both are floats: comparing a float with an
    # int is slow. Below -2**63 the next float is 2**11 away, so any number between does.
    above = float(least - (1 if bits == 32 else 1 << 11))
    below = float(1 << bits - 1)
    below_unsigned = float(1 << bits)

    def trunc_s(a: float) -> int:
        if above < a < below:
            return int(a) & mask
        raise Trap(TrapCode.INTEGER_OVERFLOW if a == a else TrapCode.INVALID_CONVERSION)

    def trunc_u(a: float) -> int:
        if -1.0 < a < below_unsigned:
            return int(a)
        raise Trap(TrapCode.INTEGER_OVERFLOW if a == a else TrapCode.INVALID_CONVERSION)

    def trunc_sat_s(a: float) -> int:
        if above < a < below:
            return int(a) & mask
        if a != a:
            return 0
        return greatest if a > 0.0 else least & mask

    def trunc_sat_u(a: float) -> int:
        if -1.0 < a < below_unsigned:
            return int(a)
        return mask if a > 0.0 else 0

    return {
        f"i{bits}.{prefix}_{source}_{sign}": function
        for source in ("f32", "f64")
        for prefix, sign, function in (
            ("trunc", "s", trunc_s),
            ("trunc", "u", trunc_u),
            ("trunc_sat", "s", trunc_sat_s),
            ("trunc_sat", "u", trunc_sat_u),
        )
    }


def _f32_from_integer(a: int) -> float:
    """The f32 nearest to an integer of up to 64 bits, rounded once."""
    if -(1 << 53) <= a <= 1 << 53:
        return to_f32(float(a))
    # Rounding to f64 first could make a tie of what is none, so the 11 bits that f64 has no room for
    # are folded into the last one that stays: it is still below the place where f32 rounds.
    return to_f32(float(a & -(1 << 11) | (1 << 11 if a & (1 << 11) - 1 else 0)))


def f32_convert_i32_s(a: int) -> float:
    """The f32 nearest to a signed i32."""
    return to_f32(float((a ^ 0x8000_0000) - 0x8000_0000))


def f32_convert_i32_u(a: int) -> float:
    """The f32 nearest to an unsigned i32."""
    return to_f32(float(a))


def f32_convert_i64_s(a: int) -> float:
    """The f32 nearest to a signed i64."""
    return _f32_from_integer((a ^ 0x8000_0000_0000_0000) - 0x8000_0000_0000_0000)


def f64_convert_i32_s(a: int) -> float:
    """A signed i32 as f64, exactly."""
    return float((a ^ 0x8000_0000) - 0x8000_0000)


def f64_convert_i64_s(a: int) -> float:
    """The f64 nearest to a signed i64."""
    return float((a ^ 0x8000_0000_0000_0000) - 0x8000_0000_0000_0000)


def promote(a: float) -> float:
    """An f32 as f64: the same number, or the canonical NaN."""
    return a if a == a else CANONICAL_NAN


FUNCTIONS: dict[str, Callable[..., float]] = {
    "i32.wrap_i64": wrap,
    "i64.extend_i32_s": extend_s,
    "i64.extend_i32_u": extend_u,
    **_truncations(32),
    **_truncations(64),
    "f32.convert_i32_s": f32_convert_i32_s,
    "f32.convert_i32_u": f32_convert_i32_u,
    "f32.convert_i64_s": f32_convert_i64_s,
    "f32.convert_i64_u": _f32_from_integer,
    "f64.convert_i32_s": f64_convert_i32_s,
    "f64.convert_i32_u": float,
    "f64.convert_i64_s": f64_convert_i64_s,
    "f64.convert_i64_u": float,
    "f32.demote_f64": to_f32,
    "f64.promote_f32": promote,
    "i32.reinterpret_f32": f32_bits,
    "i64.reinterpret_f64": f64_bits,
    "f32.reinterpret_i32": f32_from_bits,
    "f64.reinterpret_i64": f64_from_bits,
}
"""The functions by instruction name."""
