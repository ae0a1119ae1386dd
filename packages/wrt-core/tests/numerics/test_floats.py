"""Floating-point instructions against rational arithmetic, and against the rules for NaNs and zeros."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wrt_core.numerics import NUMERICS

Rounding = Callable[[Fraction], float]

inf = math.inf


def bits(x: float) -> int:
    return int.from_bytes(struct.pack("<d", x), "little")


def from_bits(pattern: int) -> float:
    value: float = struct.unpack("<d", pattern.to_bytes(8, "little"))[0]
    return value


CANONICAL = from_bits(0x7FF8_0000_0000_0000)
# Quiet and signalling, with payloads and signs; all of them f32 NaNs in the engines' representation.
NANS = [CANONICAL, from_bits(0xFFF8_0000_0000_0000), from_bits(0x7FF0_0000_2000_0000), from_bits(0xFFF4_0000_0000_0000)]
NANS += [from_bits(0x7FFF_FFFF_E000_0000), from_bits(0x7FF8_0000_2000_0000)]

_POSITIVE_F32 = [0.0, 2.0**-149, 2.0**-148, 2.0**-126 - 2.0**-149, 2.0**-126, 2.0**-126 + 2.0**-149, 2.0**-64, 0.5]
_POSITIVE_F32 += [0.5 - 2.0**-25, 0.5 + 2.0**-24, 1.0 - 2.0**-24, 1.0, 1.0 + 2.0**-23, 1.5, 2.5, 3.5, 4.0, 3.25]
_POSITIVE_F32 += [2.0**22 + 0.5, 2.0**23 - 0.5, 2.0**23, 2.0**23 + 1, 2.0**24, 2.0**31, 2.0**64, 2.0**127]
_POSITIVE_F32 += [2.0**128 - 2.0**104, 2.0**128 - 2.0**105, inf]
F32 = [sign * x for x in _POSITIVE_F32 for sign in (1.0, -1.0)] + NANS
_POSITIVE_F64 = [2.0**-1074, 2.0**-1022 - 2.0**-1074, 2.0**-1022, 0.5 - 2.0**-54, 0.5 + 2.0**-53, 1.0 + 2.0**-52, 0.1]
_POSITIVE_F64 += [2.0**51 + 0.5, 2.0**52 - 0.5, 2.0**52, 2.0**52 + 1, 2.0**53, 2.0**1023, 2.0**1023 * (2 - 2.0**-52)]
F64 = F32 + [sign * x for x in _POSITIVE_F64 for sign in (1.0, -1.0)]
EDGES = {"f32": F32, "f64": F64}

f32s = st.sampled_from(F32) | st.floats(width=32)
f64s = st.sampled_from(F64) | st.floats()
FORMATS = ["f32", "f64"]

ARITHMETIC: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
}


@pytest.fixture(scope="session")
def roundings(nearest_f32: Rounding, nearest_f64: Rounding) -> dict[str, Rounding]:
    return {"f32": nearest_f32, "f64": nearest_f64}


def negative(x: float) -> bool:
    return bool(bits(x) >> 63)


def expected_arithmetic(name: str, a: float, b: float, rounding: Rounding) -> float:
    """The result by the specification's case distinctions."""
    if a != a or b != b:
        return CANONICAL
    if name == "sub":
        name, b = "add", -b
    if name == "add":
        if math.isinf(a) or math.isinf(b):
            if math.isinf(a) and math.isinf(b) and a != b:
                return CANONICAL
            return a if math.isinf(a) else b
        if not a and not b:
            return -0.0 if negative(a) and negative(b) else 0.0
        return rounding(Fraction(a) + Fraction(b))
    sign = -1.0 if negative(a) != negative(b) else 1.0
    if name == "mul":
        if math.isinf(a) or math.isinf(b):
            return CANONICAL if not a or not b else sign * inf
        return math.copysign(rounding(Fraction(a) * Fraction(b)), sign)
    if math.isinf(a):
        return CANONICAL if math.isinf(b) else sign * inf
    if math.isinf(b):
        return sign * 0.0
    if not b:
        return CANONICAL if not a else sign * inf
    return math.copysign(rounding(Fraction(a) / Fraction(b)), sign)


def check_arithmetic(form: str, a: float, b: float, rounding: Rounding) -> None:
    for name in ARITHMETIC:
        result = NUMERICS[f"{form}.{name}"](a, b)
        assert bits(result) == bits(expected_arithmetic(name, a, b, rounding)), (name, a, b, result)


@pytest.mark.parametrize("form", FORMATS)
def test_arithmetic_on_all_pairs_of_interesting_values(form: str, roundings: dict[str, Rounding]) -> None:
    for a, b in product(EDGES[form], repeat=2):
        check_arithmetic(form, a, b, roundings[form])


@given(f32s, f32s)
def test_f32_arithmetic_rounds_once(nearest_f32: Rounding, a: float, b: float) -> None:
    check_arithmetic("f32", a, b, nearest_f32)


@given(f64s, f64s)
def test_f64_arithmetic_rounds_once(nearest_f64: Rounding, a: float, b: float) -> None:
    check_arithmetic("f64", a, b, nearest_f64)


def expected_root(a: float, rounding: Rounding) -> float:
    if a != a or a < 0.0:
        return CANONICAL
    if not a or a == inf:
        return a
    # The root in fixed point, with a last bit that tells whether it goes on.
    scaled = Fraction(a) * 4**1400
    whole = math.isqrt(int(scaled))
    return rounding(Fraction(2 * whole + (whole * whole != scaled), 2 * 2**1400))


@pytest.mark.parametrize("form", FORMATS)
def test_sqrt_of_interesting_values(form: str, roundings: dict[str, Rounding]) -> None:
    for a in EDGES[form]:
        assert bits(NUMERICS[f"{form}.sqrt"](a)) == bits(expected_root(a, roundings[form])), a


@given(f32s)
def test_f32_sqrt(nearest_f32: Rounding, a: float) -> None:
    assert bits(NUMERICS["f32.sqrt"](a)) == bits(expected_root(a, nearest_f32))


@given(f64s)
def test_f64_sqrt(nearest_f64: Rounding, a: float) -> None:
    assert bits(NUMERICS["f64.sqrt"](a)) == bits(expected_root(a, nearest_f64))


TO_INTEGER: dict[str, Callable[[Fraction], int]] = {
    "ceil": math.ceil,
    "floor": math.floor,
    "trunc": math.trunc,
    "nearest": round,
}


def check_to_integer(form: str, a: float) -> None:
    for name, integer in TO_INTEGER.items():
        result = NUMERICS[f"{form}.{name}"](a)
        if a != a:
            expected = CANONICAL
        elif math.isinf(a):
            expected = a
        else:
            expected = math.copysign(float(integer(Fraction(a))), a)
        assert bits(result) == bits(expected), (name, a, result)


@pytest.mark.parametrize("form", FORMATS)
def test_rounding_interesting_values_to_integers(form: str) -> None:
    for a in EDGES[form]:
        check_to_integer(form, a)


@given(f64s, st.integers(-(2**53), 2**53))
def test_rounding_to_integers(a: float, halves: int) -> None:
    check_to_integer("f64", a)
    check_to_integer("f64", halves / 2)


def expected_order(name: str, a: float, b: float) -> float:
    if a != a or b != b:
        return CANONICAL
    # Flipping all bits of negative numbers but the sign orders patterns as the numbers, with -0.0 below 0.0.
    ordered = sorted((a, b), key=lambda x: -(bits(x) - 2**63) if negative(x) else bits(x) + 1)
    return ordered[0] if name == "min" else ordered[1]


def check_order(form: str, a: float, b: float) -> None:
    for name in ("min", "max"):
        assert bits(NUMERICS[f"{form}.{name}"](a, b)) == bits(expected_order(name, a, b)), (name, a, b)
    unordered = a != a or b != b
    exact = (0, 0) if unordered else tuple({inf: 2, -inf: -2}.get(x) or (Fraction(x) / 2**1024) for x in (a, b))
    for name, holds in {
        "eq": exact[0] == exact[1],
        "lt": exact[0] < exact[1],
        "gt": exact[0] > exact[1],
        "le": exact[0] <= exact[1],
        "ge": exact[0] >= exact[1],
    }.items():
        assert NUMERICS[f"{form}.{name}"](a, b) == int(holds and not unordered), (name, a, b)
    assert NUMERICS[f"{form}.ne"](a, b) == int(unordered or exact[0] != exact[1])


@pytest.mark.parametrize("form", FORMATS)
def test_order_of_all_pairs_of_interesting_values(form: str) -> None:
    for a, b in product(EDGES[form], repeat=2):
        check_order(form, a, b)


@given(f64s, f64s)
def test_order(a: float, b: float) -> None:
    check_order("f64", a, b)


@pytest.mark.parametrize("form", FORMATS)
def test_sign_operations_touch_the_sign_bit_alone(form: str) -> None:
    sign = 1 << 63
    for a, b in product(EDGES[form], repeat=2):
        assert bits(NUMERICS[f"{form}.neg"](a)) == bits(a) ^ sign
        assert bits(NUMERICS[f"{form}.abs"](a)) == bits(a) & ~sign
        assert bits(NUMERICS[f"{form}.copysign"](a, b)) == bits(a) & ~sign | bits(b) & sign
