"""Relaxed vector instructions give what the deterministic profile says."""

from __future__ import annotations

import math
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wrt_core.numerics import NUMERICS
from wrt_foundation.values import f32_bits, f64_bits, lanes_of, signed, vector_of

vectors = st.binary(min_size=16, max_size=16)

STRICT = {
    "i8x16.relaxed_swizzle": "i8x16.swizzle",
    "i32x4.relaxed_trunc_f32x4_s": "i32x4.trunc_sat_f32x4_s",
    "i32x4.relaxed_trunc_f32x4_u": "i32x4.trunc_sat_f32x4_u",
    "i32x4.relaxed_trunc_f64x2_s_zero": "i32x4.trunc_sat_f64x2_s_zero",
    "i32x4.relaxed_trunc_f64x2_u_zero": "i32x4.trunc_sat_f64x2_u_zero",
    "i8x16.relaxed_laneselect": "v128.bitselect",
    "i16x8.relaxed_laneselect": "v128.bitselect",
    "i32x4.relaxed_laneselect": "v128.bitselect",
    "i64x2.relaxed_laneselect": "v128.bitselect",
    "f32x4.relaxed_min": "f32x4.min",
    "f32x4.relaxed_max": "f32x4.max",
    "f64x2.relaxed_min": "f64x2.min",
    "f64x2.relaxed_max": "f64x2.max",
    "i16x8.relaxed_q15mulr_s": "i16x8.q15mulr_sat_s",
}


@pytest.mark.parametrize("name", STRICT)
def test_the_deterministic_result_is_that_of_a_strict_instruction(name: str) -> None:
    assert NUMERICS[name] is NUMERICS[STRICT[name]]


F32 = [0.0, 2.0**-149, 2.0**-126, 1.0, 1.0 + 2.0**-23, 1.0 - 2.0**-24, 3.0, 2.0**24 + 2, 2.0**64, math.inf, math.nan]
F64 = [0.0, 2.0**-1074, 1.0 + 2.0**-52, 1.0 - 2.0**-53, 2.0**-540, 2.0**512, 2.0**1023 * (2 - 2.0**-52), math.inf]
SHAPES = {"f32x4": (32, f32_bits, F32), "f64x2": (64, f64_bits, F64)}


@pytest.mark.parametrize("shape", SHAPES)
def test_multiply_adds_round_the_product(shape: str) -> None:
    """Lane by lane what the scalar instructions give, one after the other."""
    bits, pattern, numbers = SHAPES[shape]
    scalar, lanes = shape[:3], 128 // bits
    mul, add, neg = (NUMERICS[f"{scalar}.{name}"] for name in ("mul", "add", "neg"))
    signed_numbers = [*numbers, *(-number for number in numbers)]
    for a, b, c in product(signed_numbers, repeat=3):
        x, y, z = (vector_of([pattern(number)] * lanes, bits) for number in (a, b, c))
        assert NUMERICS[f"{shape}.relaxed_madd"](x, y, z) == vector_of([pattern(add(mul(a, b), c))] * lanes, bits)
        assert NUMERICS[f"{shape}.relaxed_nmadd"](x, y, z) == vector_of([pattern(add(mul(neg(a), b), c))] * lanes, bits)


def test_multiply_adds_are_not_fused() -> None:
    """The product of these lies beside what it rounds to; a fused operation would keep the difference."""
    a, b = 1.0 + 2.0**-23, 1.0 - 2.0**-23
    x, y, z = (vector_of([f32_bits(number)] * 4, 32) for number in (a, b, -1.0))
    assert NUMERICS["f32x4.relaxed_madd"](x, y, z) == bytes(16)
    assert NUMERICS["f32x4.relaxed_nmadd"](x, y, vector_of([f32_bits(1.0)] * 4, 32)) == bytes(16)


def dots(a: bytes, b: bytes) -> list[int]:
    x, y = ([signed(lane, 8) for lane in lanes_of(v, 8)] for v in (a, b))
    return [min(x[i] * y[i] + x[i + 1] * y[i + 1], 2**15 - 1) for i in range(0, 16, 2)]


def check_dots(a: bytes, b: bytes, c: bytes) -> None:
    products = dots(a, b)
    assert NUMERICS["i16x8.relaxed_dot_i8x16_i7x16_s"](a, b) == vector_of(products, 16)
    sums = [products[2 * i] + products[2 * i + 1] + lane for i, lane in enumerate(lanes_of(c, 32))]
    assert NUMERICS["i32x4.relaxed_dot_i8x16_i7x16_add_s"](a, b, c) == vector_of([total % 2**32 for total in sums], 32)


@given(vectors, vectors, vectors)
def test_dot_products(a: bytes, b: bytes, c: bytes) -> None:
    check_dots(a, b, c)


def test_dot_products_of_the_least_and_the_greatest() -> None:
    for x, y, z in product((0x80, 0x81, 0x7F, 0xFF, 0), (0x80, 0x81, 0x7F, 0xFF, 0), (0, 0x7F, 0x80, 0xFF)):
        check_dots(bytes([x] * 16), bytes([y] * 16), bytes([z] * 16))
        check_dots(bytes([x, y] * 8), bytes([y, y] * 8), bytes([z] * 16))


def test_a_dot_product_out_of_range_saturates_before_it_is_added() -> None:
    least, zero = b"\x80" * 16, bytes(16)
    assert NUMERICS["i16x8.relaxed_dot_i8x16_i7x16_s"](least, least) == vector_of([0x7FFF] * 8, 16)
    assert NUMERICS["i32x4.relaxed_dot_i8x16_i7x16_add_s"](least, least, zero) == vector_of([0xFFFE] * 4, 32)
