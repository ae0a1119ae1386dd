"""Logic, tests of vectors, lanes in and out, and bytes rearranged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wrt_core.numerics import NUMERICS
from wrt_foundation.values import f32_bits, f32_from_bits, f64_bits, f64_from_bits, lanes_of, signed, vector_of

Pairs = Callable[[int], list[tuple[bytes, bytes]]]

vectors = st.binary(min_size=16, max_size=16)
WIDTHS = [8, 16, 32, 64]


@given(vectors, vectors, vectors)
def test_logic(a: bytes, b: bytes, c: bytes) -> None:
    by_byte: dict[str, Callable[..., int]] = {
        "not": lambda x: 255 - x,
        "and": lambda x, y: x & y,
        "andnot": lambda x, y: x & (255 - y),
        "or": lambda x, y: x | y,
        "xor": lambda x, y: x ^ y,
        "bitselect": lambda x, y, z: x & z | y & (255 - z),
    }
    operands = {"not": (a,), "bitselect": (a, b, c)}
    for name, expected in by_byte.items():
        given_to = operands.get(name, (a, b))
        assert NUMERICS[f"v128.{name}"](*given_to) == bytes(
            expected(*lanes) for lanes in zip(*given_to, strict=True)
        ), name


def check_tests(a: bytes) -> None:
    assert NUMERICS["v128.any_true"](a) == int(any(a))
    for bits in WIDTHS:
        shape = f"i{bits}x{128 // bits}"
        lanes = lanes_of(a, bits)
        assert NUMERICS[f"{shape}.all_true"](a) == int(all(lanes)), shape
        negative = [signed(lane, bits) < 0 for lane in lanes]
        assert NUMERICS[f"{shape}.bitmask"](a) == sum(2**i for i, chosen in enumerate(negative) if chosen), shape


@given(vectors)
def test_tests_of_vectors(a: bytes) -> None:
    check_tests(a)


@pytest.mark.parametrize("bits", WIDTHS)
def test_tests_of_vectors_with_a_single_lane_that_differs(bits: int) -> None:
    count = 128 // bits
    for rest in (0, 1, 1 << bits - 1, (1 << bits) - 1):
        for lane in range(count):
            for value in (0, 1, 1 << bits - 1, (1 << bits) - 1):
                check_tests(vector_of([value if i == lane else rest for i in range(count)], bits))


@pytest.mark.parametrize("bits", WIDTHS)
@given(data=st.data(), v=vectors)
def test_integer_lanes_in_and_out(bits: int, data: Any, v: bytes) -> None:
    shape, count = f"i{bits}x{128 // bits}", 128 // bits
    number = data.draw(st.integers(0, 2 ** max(bits, 32) - 1))
    assert NUMERICS[f"{shape}.splat"](number) == vector_of([number % 2**bits] * count, bits)
    lanes = lanes_of(v, bits)
    for lane in range(count):
        if bits < 32:
            assert NUMERICS[f"{shape}.extract_lane_u"](v, lane) == lanes[lane]
            assert NUMERICS[f"{shape}.extract_lane_s"](v, lane) == signed(lanes[lane], bits) % 2**32
        else:
            assert NUMERICS[f"{shape}.extract_lane"](v, lane) == lanes[lane]
        replaced = [number % 2**bits if i == lane else old for i, old in enumerate(lanes)]
        assert NUMERICS[f"{shape}.replace_lane"](v, number, lane) == vector_of(replaced, bits)


# Any bits, and often those of NaNs, signalling ones among them.
f32_patterns = st.integers(0, 2**32 - 1) | st.integers(0x7F80_0000, 0x7FFF_FFFF) | st.integers(0xFF80_0000, 0xFFFF_FFFF)
f64_patterns = st.integers(0, 2**64 - 1) | st.integers(0x7FF << 52, (0x800 << 52) - 1)


@given(st.lists(f32_patterns, min_size=4, max_size=4), f32_patterns)
def test_f32_lanes_keep_their_bits(lanes: list[int], number: int) -> None:
    v = vector_of(lanes, 32)
    assert NUMERICS["f32x4.splat"](f32_from_bits(number)) == vector_of([number] * 4, 32)
    for lane in range(4):
        assert f32_bits(NUMERICS["f32x4.extract_lane"](v, lane)) == lanes[lane]
        replaced = [number if i == lane else old for i, old in enumerate(lanes)]
        assert NUMERICS["f32x4.replace_lane"](v, f32_from_bits(number), lane) == vector_of(replaced, 32)


@given(st.lists(f64_patterns, min_size=2, max_size=2), f64_patterns)
def test_f64_lanes_keep_their_bits(lanes: list[int], number: int) -> None:
    v = vector_of(lanes, 64)
    assert NUMERICS["f64x2.splat"](f64_from_bits(number)) == vector_of([number] * 2, 64)
    for lane in range(2):
        assert f64_bits(NUMERICS["f64x2.extract_lane"](v, lane)) == lanes[lane]
        replaced = [number if i == lane else old for i, old in enumerate(lanes)]
        assert NUMERICS["f64x2.replace_lane"](v, f64_from_bits(number), lane) == vector_of(replaced, 64)


@given(vectors, vectors, st.lists(st.integers(0, 31), min_size=16, max_size=16))
def test_shuffle(a: bytes, b: bytes, lanes: list[int]) -> None:
    expected = bytes(a[lane] if lane < 16 else b[lane - 16] for lane in lanes)
    assert NUMERICS["i8x16.shuffle"](a, b, tuple(lanes)) == expected
    assert NUMERICS["i8x16.shuffle"](a, b, bytes(lanes)) == expected


@given(vectors, vectors | st.lists(st.integers(0, 20), min_size=16, max_size=16).map(bytes))
def test_swizzle(a: bytes, indices: bytes) -> None:
    assert NUMERICS["i8x16.swizzle"](a, indices) == bytes(a[i] if i < 16 else 0 for i in indices)


def test_swizzle_takes_nothing_for_an_index_out_of_range() -> None:
    a = bytes(range(1, 17))
    for index in range(256):
        assert NUMERICS["i8x16.swizzle"](a, bytes([index]) * 16) == bytes([index + 1 if index < 16 else 0]) * 16
