"""Floating-point vector instructions against the scalar instructions, lane by lane and bit by bit."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wrt_core.numerics import NUMERICS
from wrt_core.numerics.vectors import packing
from wrt_foundation.values import f32_bits, f32_from_bits, f64_bits, f64_from_bits, vector_of

# Zeros, subnormals, units, halves, where integers begin, limits of integers, the greatest, infinity, and NaNs that
# are canonical, quiet with a payload, and signalling.
F32 = [
    0x0000_0000,
    0x0000_0001,
    0x007F_FFFF,
    0x0080_0000,
    0x3F80_0000,
    0x3F80_0001,
    0x3EFF_FFFF,
    0x3F00_0000,
    0x4020_0000,
]
F32 += [0x4B00_0000, 0x4AFF_FFFF, 0x4F00_0000, 0x4EFF_FFFF, 0x4F80_0000, 0x4F7F_FFFF, 0x7F7F_FFFF, 0x7F00_0000]
F32 += [0x7F80_0000, 0x7FC0_0000, 0x7FC0_0001, 0x7F80_0001, 0x7FA0_0000]
F32 += [pattern | 0x8000_0000 for pattern in F32]
F64 = [f64_bits(f32_from_bits(pattern)) for pattern in F32]
F64 += [
    0x0000_0000_0000_0001,
    0x000F_FFFF_FFFF_FFFF,
    0x0010_0000_0000_0000,
    0x7FEF_FFFF_FFFF_FFFF,
    0x7FF0_0000_0000_0001,
]
F64 += [
    0x4330_0000_0000_0000,
    0x432F_FFFF_FFFF_FFFF,
    0x41DF_FFFF_FFFF_FFFF,
    0xC1E0_0000_001F_FFFF,
    0x41EF_FFFF_FFFF_FFFF,
]
F64 += [0x47EF_FFFF_F000_0000, 0x47EF_FFFF_EFFF_FFFF, 0x3690_0000_0000_0000, 0x3690_0000_0000_0001]

BITS = {"f32x4": 32, "f64x2": 64}
EDGES = {"f32x4": F32, "f64x2": F64}
FROM_BITS: dict[str, Callable[[int], float]] = {"f32x4": f32_from_bits, "f64x2": f64_from_bits}
TO_BITS: dict[str, Callable[[float], int]] = {"f32x4": f32_bits, "f64x2": f64_bits}
SHAPES = ["f32x4", "f64x2"]

patterns = {
    "f32x4": st.sampled_from(F32) | st.integers(0, 2**32 - 1),
    "f64x2": st.sampled_from(F64) | st.integers(0, 2**64 - 1),
}

ARITHMETIC = ["add", "sub", "mul", "div", "min", "max"]
ROUNDING = ["ceil", "floor", "trunc", "nearest", "sqrt", "abs", "neg"]
COMPARISONS = ["eq", "ne", "lt", "gt", "le", "ge"]


def lanes(name: str, shape: str, *operands: Sequence[int]) -> list[int]:
    """What the scalar instruction of that name gives for the bit patterns of each lane."""
    scalar, from_bits, to_bits = NUMERICS[f"{shape[:3]}.{name}"], FROM_BITS[shape], TO_BITS[shape]
    results = [scalar(*map(from_bits, lane)) for lane in zip(*operands, strict=True)]
    if name in COMPARISONS:
        return [-result for result in results]
    return [to_bits(result) for result in results]


def chosen(name: str, a: int, b: int, shape: str) -> int:
    """Which operand pmin or pmax takes, bits and all, by the specification's definition."""
    x, y = FROM_BITS[shape](a), FROM_BITS[shape](b)
    return b if (y < x if name == "pmin" else x < y) else a


def check(shape: str, a: Sequence[int], b: Sequence[int]) -> None:
    bits = BITS[shape]
    v, w = vector_of(a, bits), vector_of(b, bits)
    for name in ARITHMETIC + COMPARISONS:
        assert NUMERICS[f"{shape}.{name}"](v, w) == vector_of(lanes(name, shape, a, b), bits), (name, a, b)
    for name in ROUNDING:
        assert NUMERICS[f"{shape}.{name}"](v) == vector_of(lanes(name, shape, a), bits), (name, a)
    for name in ("pmin", "pmax"):
        expected = [chosen(name, x, y, shape) for x, y in zip(a, b, strict=True)]
        assert NUMERICS[f"{shape}.{name}"](v, w) == vector_of(expected, bits), (name, a, b)


@pytest.mark.parametrize("shape", SHAPES)
def test_all_pairs_of_interesting_lanes(shape: str) -> None:
    pairs = list(product(EDGES[shape], repeat=2))
    count = 128 // BITS[shape]
    for start in range(0, len(pairs) - count + 1, count):
        chunk = pairs[start : start + count]
        check(shape, [a for a, _ in chunk], [b for _, b in chunk])


@pytest.mark.parametrize("shape", SHAPES)
@given(data=st.data())
def test_any_lanes(shape: str, data: Any) -> None:
    count = 128 // BITS[shape]
    several = st.lists(patterns[shape], min_size=count, max_size=count)
    check(shape, data.draw(several), data.draw(several))


def test_a_lane_that_overflows_leaves_the_others_alone() -> None:
    greatest, one, least = 0x7F7F_FFFF, 0x3F80_0000, 0xFF7F_FFFF
    v = vector_of([greatest, one, least, 0], 32)
    assert NUMERICS["f32x4.add"](v, v) == vector_of([0x7F80_0000, 0x4000_0000, 0xFF80_0000, 0], 32)


@given(st.lists(st.floats(), min_size=4, max_size=4))
def test_both_ways_to_pack_agree(numbers: list[float]) -> None:
    # One of them is for machines of the other byte order.
    assert packing._pack_f32x4_natively(*numbers) == packing._pack_f32x4_portably(*numbers)


def check_conversions(a: Sequence[int], b: Sequence[int]) -> None:
    v, w = vector_of(a, 32), vector_of(b, 64)
    for sign in "su":
        f32_to_i32, f64_to_i32 = NUMERICS[f"i32.trunc_sat_f32_{sign}"], NUMERICS[f"i32.trunc_sat_f64_{sign}"]
        truncated = [f32_to_i32(f32_from_bits(x)) for x in a]
        assert NUMERICS[f"i32x4.trunc_sat_f32x4_{sign}"](v) == vector_of(truncated, 32)
        truncated = [f64_to_i32(f64_from_bits(x)) for x in b]
        assert NUMERICS[f"i32x4.trunc_sat_f64x2_{sign}_zero"](w) == vector_of([*truncated, 0, 0], 32)
        to_f32, to_f64 = NUMERICS[f"f32.convert_i32_{sign}"], NUMERICS[f"f64.convert_i32_{sign}"]
        assert NUMERICS[f"f32x4.convert_i32x4_{sign}"](v) == vector_of([f32_bits(to_f32(x)) for x in a], 32)
        assert NUMERICS[f"f64x2.convert_low_i32x4_{sign}"](v) == vector_of([f64_bits(to_f64(x)) for x in a[:2]], 64)
    demoted = [f32_bits(NUMERICS["f32.demote_f64"](f64_from_bits(x))) for x in b]
    assert NUMERICS["f32x4.demote_f64x2_zero"](w) == vector_of([*demoted, 0, 0], 32)
    promoted = [f64_bits(NUMERICS["f64.promote_f32"](f32_from_bits(x))) for x in a[:2]]
    assert NUMERICS["f64x2.promote_low_f32x4"](v) == vector_of(promoted, 64)


def test_conversions_of_interesting_lanes() -> None:
    for i in range(max(len(F32), len(F64))):
        check_conversions([F32[(i + k) % len(F32)] for k in range(4)], [F64[(i + k) % len(F64)] for k in range(2)])


@given(st.lists(patterns["f32x4"], min_size=4, max_size=4), st.lists(patterns["f64x2"], min_size=2, max_size=2))
def test_conversions(a: list[int], b: list[int]) -> None:
    check_conversions(a, b)


def test_infinities_and_nans_are_among_the_edges() -> None:
    assert any(math.isinf(f32_from_bits(x)) for x in F32)
    assert any(math.isnan(f64_from_bits(x)) for x in F64)
