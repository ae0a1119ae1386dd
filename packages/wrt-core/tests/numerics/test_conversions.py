"""Conversions against rational arithmetic and bit patterns written out by hand."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wrt_core.numerics import NUMERICS
from wrt_foundation.traps import Trap, TrapCode

Rounding = Callable[[Fraction], float]


def bits(x: float) -> int:
    return int.from_bytes(struct.pack("<d", x), "little")


def from_bits(pattern: int) -> float:
    value: float = struct.unpack("<d", pattern.to_bytes(8, "little"))[0]
    return value


CANONICAL = 0x7FF8_0000_0000_0000

i32s = st.integers(0, 2**32 - 1)
# Numbers with few high bits and few low bits: those that a second rounding would spoil.
i64s = st.integers(0, 2**64 - 1) | st.builds(
    lambda high, shift, low: ((high << shift) + low) % 2**64,
    st.integers(0, 2**26),
    st.integers(0, 60),
    st.integers(-2, 2),
)


def signed(value: int, width: int) -> int:
    return value - (1 << width) if value >> width - 1 else value


@given(i32s)
def test_i32_to_floats(nearest_f32: Rounding, a: int) -> None:
    assert NUMERICS["f32.convert_i32_u"](a) == nearest_f32(Fraction(a))
    assert NUMERICS["f32.convert_i32_s"](a) == nearest_f32(Fraction(signed(a, 32)))
    assert Fraction(NUMERICS["f64.convert_i32_u"](a)) == a
    assert Fraction(NUMERICS["f64.convert_i32_s"](a)) == signed(a, 32)


@given(i64s)
@example(0x7FFF_FF40_0000_0001)
@example(0x7FFF_FF40_0000_0000)
@example(0x0020_0000_2000_0001)
@example(0x8000_0080_0000_0001)
@example(0x8000_0080_0000_0000)
@example(0x8000_0040_0000_0001)
@example(0xFFFF_FF7F_FFFF_FFFF)
@example(0x8000_0000_0000_0000)
@example(2**53)
@example(2**53 + 1)
def test_i64_to_floats(nearest_f32: Rounding, nearest_f64: Rounding, a: int) -> None:
    assert NUMERICS["f32.convert_i64_u"](a) == nearest_f32(Fraction(a))
    assert NUMERICS["f32.convert_i64_s"](a) == nearest_f32(Fraction(signed(a, 64)))
    assert NUMERICS["f64.convert_i64_u"](a) == nearest_f64(Fraction(a))
    assert NUMERICS["f64.convert_i64_s"](a) == nearest_f64(Fraction(signed(a, 64)))


def test_zero_converts_to_positive_zero() -> None:
    for name in (f"{form}.convert_i{width}_{sign}" for form in ("f32", "f64") for width in (32, 64) for sign in "su"):
        assert bits(NUMERICS[name](0)) == 0


@given(i64s)
def test_widths_of_integers(a: int) -> None:
    low = a % 2**32
    assert NUMERICS["i32.wrap_i64"](a) == low
    assert NUMERICS["i64.extend_i32_u"](low) == low
    assert NUMERICS["i64.extend_i32_s"](low) == signed(low, 32) % 2**64


def bounds(width: int, sign: str) -> tuple[int, int]:
    return (-(2 ** (width - 1)), 2 ** (width - 1) - 1) if sign == "s" else (0, 2**width - 1)


def next_to(x: float) -> list[float]:
    return [math.nextafter(x, -math.inf), x, math.nextafter(x, math.inf)]


LIMITS = [
    0.0,
    1.0,
    -1.0,
    2.0**31,
    -(2.0**31),
    -(2.0**31) - 1,
    2.0**32,
    2.0**63,
    -(2.0**63),
    2.0**64,
    2.0**127,
    0.5,
    -0.5,
    -0.9,
]
EDGES = [y for x in LIMITS for y in next_to(x)] + [-0.0, math.inf, -math.inf, 1e300, -1e300]


def check_truncation(name: str, width: int, sign: str, a: float) -> None:
    least, greatest = bounds(width, sign)
    trapping, saturating = NUMERICS[f"i{width}.trunc_{name}_{sign}"], NUMERICS[f"i{width}.trunc_sat_{name}_{sign}"]
    whole = None if math.isinf(a) else math.trunc(Fraction(a))
    if whole is not None and least <= whole <= greatest:
        assert trapping(a) == saturating(a) == whole % 2**width
    else:
        with pytest.raises(Trap, match="^integer overflow$") as caught:
            trapping(a)
        assert caught.value.code is TrapCode.INTEGER_OVERFLOW
        assert saturating(a) == (greatest if a > 0 else least) % 2**width


@pytest.mark.parametrize("sign", "su")
@pytest.mark.parametrize("width", [32, 64])
def test_truncation_near_every_limit(width: int, sign: str) -> None:
    for a in EDGES:
        check_truncation("f64", width, sign, a)
        single: float = NUMERICS["f32.demote_f64"](a)
        check_truncation("f32", width, sign, single)


@given(st.floats(allow_nan=False), st.floats(-(2.0**66), 2.0**66))
def test_truncation(anywhere: float, near: float) -> None:
    for a in (anywhere, near):
        for width in (32, 64):
            for sign in "su":
                check_truncation("f64", width, sign, a)


@pytest.mark.parametrize("name", ["f32", "f64"])
@pytest.mark.parametrize("width", [32, 64])
@pytest.mark.parametrize("sign", "su")
def test_nan_is_no_integer(name: str, width: int, sign: str) -> None:
    for pattern in (CANONICAL, 0xFFF8_0000_0000_0000, 0x7FF4_0000_0000_0000):
        with pytest.raises(Trap, match="^invalid conversion to integer$") as caught:
            NUMERICS[f"i{width}.trunc_{name}_{sign}"](from_bits(pattern))
        assert caught.value.code is TrapCode.INVALID_CONVERSION
        assert NUMERICS[f"i{width}.trunc_sat_{name}_{sign}"](from_bits(pattern)) == 0


# The f64s at which rounding to f32 changes its mind: ties, the overflow midpoint, subnormals, powers of two.
_TIES = [1.0 + 2.0**-24, 1.0 + 3 * 2.0**-24, 2.0 - 2.0**-24, 2.0**-126 - 2.0**-150, 2.0**-149, 2.0**-150, 3 * 2.0**-150]
_TIES += [2.0**-127 + 2.0**-150, 2.0**128 - 2.0**103, 2.0**128 - 2.0**104, 2.0**128, 2.0**-126, 1e-300, 1e300, 5e-324]
_TIES += [2.0**-126 + 2.0**-150, 2.0**-125 - 2.0**-150]
DEMOTIONS = [sign * y for x in _TIES for y in next_to(x) for sign in (1.0, -1.0)]

near_f32s = st.builds(
    lambda x, half, nudge: x * (1.0 + half * 2.0**-24) * (1.0 + nudge * 2.0**-52),
    st.floats(width=32, allow_nan=False, allow_infinity=False),
    st.integers(-3, 3),
    st.integers(-2, 2),
)


@given(st.floats(allow_nan=False) | near_f32s)
def test_demotion_rounds_to_nearest(nearest_f32: Rounding, a: float) -> None:
    check_demotion(nearest_f32, a)


def test_demotion_near_ties_and_limits(nearest_f32: Rounding) -> None:
    for a in DEMOTIONS:
        check_demotion(nearest_f32, a)


def check_demotion(nearest_f32: Rounding, a: float) -> None:
    expected = a if math.isinf(a) else math.copysign(nearest_f32(Fraction(a)), a)
    assert bits(NUMERICS["f32.demote_f64"](a)) == bits(expected), a.hex()


@given(st.floats(width=32, allow_nan=False))
def test_promotion_is_exact(a: float) -> None:
    assert bits(NUMERICS["f64.promote_f32"](a)) == bits(a)


@pytest.mark.parametrize("pattern", [0x7FF4_0000_0000_0000, 0xFFF0_0000_2000_0000, 0xFFFF_FFFF_E000_0000])
@pytest.mark.parametrize("name", ["f32.demote_f64", "f64.promote_f32"])
def test_conversions_between_floats_give_the_canonical_nan(name: str, pattern: int) -> None:
    assert bits(NUMERICS[name](from_bits(pattern))) == CANONICAL


@given(st.integers(0, 2**32 - 1) | st.integers(0x7F80_0000, 0x7FFF_FFFF) | st.integers(0xFF80_0000, 0xFFFF_FFFF))
def test_f32_bits_survive_a_round_trip(pattern: int) -> None:
    x = NUMERICS["f32.reinterpret_i32"](pattern)
    assert NUMERICS["i32.reinterpret_f32"](x) == pattern


@given(st.integers(0, 2**64 - 1) | st.integers(0x7FF0_0000_0000_0000, 0x7FFF_FFFF_FFFF_FFFF))
def test_f64_bits_survive_a_round_trip(pattern: int) -> None:
    x = NUMERICS["f64.reinterpret_i64"](pattern)
    assert bits(x) == pattern
    assert NUMERICS["i64.reinterpret_f64"](x) == pattern


@given(st.integers(0, 2**32 - 1))
def test_f32_bits_mean_their_number(pattern: int) -> None:
    exponent, fraction = pattern >> 23 & 0xFF, pattern & 0x7F_FFFF
    x = NUMERICS["f32.reinterpret_i32"](pattern)
    assert (bits(x) >> 63) == pattern >> 31
    if exponent == 255:
        assert bits(x) >> 52 & 0x7FF == 0x7FF
        assert bits(x) & 0xF_FFFF_FFFF_FFFF == fraction << 29
    else:
        hidden = 2**23 if exponent else 0
        assert abs(Fraction(x)) == (hidden + fraction) * Fraction(2) ** (max(exponent, 1) - 150)
