"""Integer vector instructions against the same operation on one lane at a time, as plain integers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wrt_core.numerics import NUMERICS
from wrt_foundation.values import lanes_of, signed, vector_of

Check = Callable[..., None]
Pairs = Callable[[int], list[tuple[bytes, bytes]]]

vectors = st.binary(min_size=16, max_size=16)
WIDTHS = [8, 16, 32, 64]


def saturated(value: int, bits: int, sign: str) -> int:
    least, greatest = (-(1 << bits - 1), (1 << bits - 1) - 1) if sign == "s" else (0, (1 << bits) - 1)
    return sorted((least, value, greatest))[1]


def truth(value: bool) -> int:
    return -1 if value else 0


def read(value: int, bits: int, sign: str) -> int:
    return signed(value, bits) if sign == "s" else value


# By name: the widths it exists for, and the lane's result from two unsigned lanes and their width.
BINARY: dict[str, tuple[list[int], Callable[[int, int, int], int]]] = {
    "add": (WIDTHS, lambda a, b, n: a + b),
    "sub": (WIDTHS, lambda a, b, n: a - b),
    "mul": ([16, 32, 64], lambda a, b, n: a * b),
    "min_s": ([8, 16, 32], lambda a, b, n: min(signed(a, n), signed(b, n))),
    "min_u": ([8, 16, 32], lambda a, b, n: min(a, b)),
    "max_s": ([8, 16, 32], lambda a, b, n: max(signed(a, n), signed(b, n))),
    "max_u": ([8, 16, 32], lambda a, b, n: max(a, b)),
    "avgr_u": ([8, 16], lambda a, b, n: (a + b + 1) // 2),
    "add_sat_s": ([8, 16], lambda a, b, n: saturated(signed(a, n) + signed(b, n), n, "s")),
    "add_sat_u": ([8, 16], lambda a, b, n: saturated(a + b, n, "u")),
    "sub_sat_s": ([8, 16], lambda a, b, n: saturated(signed(a, n) - signed(b, n), n, "s")),
    "sub_sat_u": ([8, 16], lambda a, b, n: saturated(a - b, n, "u")),
    "q15mulr_sat_s": ([16], lambda a, b, n: saturated((signed(a, n) * signed(b, n) + 2**14) // 2**15, n, "s")),
    "eq": (WIDTHS, lambda a, b, n: truth(a == b)),
    "ne": (WIDTHS, lambda a, b, n: truth(a != b)),
    "lt_s": (WIDTHS, lambda a, b, n: truth(signed(a, n) < signed(b, n))),
    "gt_s": (WIDTHS, lambda a, b, n: truth(signed(a, n) > signed(b, n))),
    "le_s": (WIDTHS, lambda a, b, n: truth(signed(a, n) <= signed(b, n))),
    "ge_s": (WIDTHS, lambda a, b, n: truth(signed(a, n) >= signed(b, n))),
    "lt_u": ([8, 16, 32], lambda a, b, n: truth(a < b)),
    "gt_u": ([8, 16, 32], lambda a, b, n: truth(a > b)),
    "le_u": ([8, 16, 32], lambda a, b, n: truth(a <= b)),
    "ge_u": ([8, 16, 32], lambda a, b, n: truth(a >= b)),
}
UNARY: dict[str, tuple[list[int], Callable[[int, int], int]]] = {
    "neg": (WIDTHS, lambda a, n: -a),
    "abs": (WIDTHS, lambda a, n: abs(signed(a, n))),
    "popcnt": ([8], lambda a, n: f"{a:b}".count("1")),
}
CASES = [(name, bits) for name, (widths, _) in BINARY.items() for bits in widths]
UNARY_CASES = [(name, bits) for name, (widths, _) in UNARY.items() for bits in widths]


def full(name: str, bits: int) -> str:
    return f"i{bits}x{128 // bits}.{name}"


@pytest.mark.parametrize(("name", "bits"), CASES)
def test_binary_on_all_pairs_of_interesting_lanes(name: str, bits: int, check: Check, all_pairs: Pairs) -> None:
    expected = BINARY[name][1]
    for a, b in all_pairs(bits):
        check(full(name, bits), bits, lambda x, y: expected(x, y, bits), a, b)


@pytest.mark.parametrize(("name", "bits"), CASES)
@given(a=vectors, b=vectors)
def test_binary_on_any_lanes(name: str, bits: int, check: Check, a: bytes, b: bytes) -> None:
    expected = BINARY[name][1]
    check(full(name, bits), bits, lambda x, y: expected(x, y, bits), a, b)
    check(full(name, bits), bits, lambda x, y: expected(x, y, bits), a, a)


@pytest.mark.parametrize(("name", "bits"), UNARY_CASES)
def test_unary_on_interesting_lanes(name: str, bits: int, check: Check, all_pairs: Pairs) -> None:
    expected = UNARY[name][1]
    for _, b in all_pairs(bits):
        check(full(name, bits), bits, lambda x: expected(x, bits), b)


@pytest.mark.parametrize(("name", "bits"), UNARY_CASES)
@given(a=vectors)
def test_unary_on_any_lanes(name: str, bits: int, check: Check, a: bytes) -> None:
    expected = UNARY[name][1]
    check(full(name, bits), bits, lambda x: expected(x, bits), a)


SHIFTS: dict[str, Callable[[int, int, int], int]] = {
    "shl": lambda a, count, n: a * 2 ** (count % n),
    "shr_s": lambda a, count, n: signed(a, n) // 2 ** (count % n),
    "shr_u": lambda a, count, n: a // 2 ** (count % n),
}


@pytest.mark.parametrize("bits", WIDTHS)
@pytest.mark.parametrize("name", SHIFTS)
def test_shifts_of_interesting_lanes_by_every_count(name: str, bits: int, all_pairs: Pairs) -> None:
    function, expected = NUMERICS[full(name, bits)], SHIFTS[name]
    for a, _ in all_pairs(bits)[::7]:
        for count in (*range(bits + 2), 2 * bits - 1, 2**31, 2**32 - 1):
            lanes = [expected(lane, count, bits) % 2**bits for lane in lanes_of(a, bits)]
            assert function(a, count) == vector_of(lanes, bits), count


@pytest.mark.parametrize("bits", WIDTHS)
@pytest.mark.parametrize("name", SHIFTS)
@given(a=vectors, count=st.integers(0, 2**32 - 1))
def test_shifts(name: str, bits: int, a: bytes, count: int) -> None:
    lanes = [SHIFTS[name](lane, count, bits) % 2**bits for lane in lanes_of(a, bits)]
    assert NUMERICS[full(name, bits)](a, count) == vector_of(lanes, bits)


def check_products(a: bytes, b: bytes) -> None:
    for wide in (16, 32, 64):
        narrow = wide // 2
        count = 128 // wide
        for sign in "su":
            x = [read(lane, narrow, sign) for lane in lanes_of(a, narrow)]
            y = [read(lane, narrow, sign) for lane in lanes_of(b, narrow)]
            products = [p * q for p, q in zip(x, y, strict=True)]
            for half, part in (("low", products[:count]), ("high", products[count:])):
                name = f"i{wide}x{count}.extmul_{half}_i{narrow}x{2 * count}_{sign}"
                assert NUMERICS[name](a, b) == vector_of([p % 2**wide for p in part], wide), name
            if wide < 64:
                name = f"i{wide}x{count}.extadd_pairwise_i{narrow}x{2 * count}_{sign}"
                sums = [p + q for p, q in zip(x[::2], x[1::2], strict=True)]
                assert NUMERICS[name](a) == vector_of([total % 2**wide for total in sums], wide), name
    x, y = ([signed(lane, 16) for lane in lanes_of(v, 16)] for v in (a, b))
    dots = [x[i] * y[i] + x[i + 1] * y[i + 1] for i in range(0, 8, 2)]
    assert NUMERICS["i32x4.dot_i16x8_s"](a, b) == vector_of([dot % 2**32 for dot in dots], 32)


@pytest.mark.parametrize("bits", [8, 16, 32])
def test_products_and_sums_of_wider_lanes_on_interesting_lanes(bits: int, all_pairs: Pairs) -> None:
    for a, b in all_pairs(bits):
        check_products(a, b)
        # Next to itself shifted by one lane, so that neighbours differ.
        check_products(a[1:] + a[:1], b)


@given(vectors, vectors)
def test_products_and_sums_of_wider_lanes(a: bytes, b: bytes) -> None:
    check_products(a, b)


def test_the_only_dot_product_that_overflows() -> None:
    least = vector_of([0x8000] * 8, 16)
    assert NUMERICS["i32x4.dot_i16x8_s"](least, least) == vector_of([0x8000_0000] * 4, 32)


def test_the_only_q15_product_that_saturates() -> None:
    a = vector_of([0x8000, 0x8001, 0x7FFF, 0, 1, 0x4000, 0xC000, 0xFFFF], 16)
    least = vector_of([0x8000] * 8, 16)
    expected = [0x7FFF, 0x7FFF, 0x8001, 0, 0xFFFF, 0xC000, 0x4000, 1]
    assert NUMERICS["i16x8.q15mulr_sat_s"](a, least) == vector_of(expected, 16)


def check_width_changes(a: bytes, b: bytes) -> None:
    for wide in (16, 32, 64):
        narrow = wide // 2
        count = 128 // wide
        for sign in "su":
            lanes = [read(lane, narrow, sign) % 2**wide for lane in lanes_of(a, narrow)]
            for half, part in (("low", lanes[:count]), ("high", lanes[count:])):
                name = f"i{wide}x{count}.extend_{half}_i{narrow}x{2 * count}_{sign}"
                assert NUMERICS[name](a) == vector_of(part, wide), name
            if wide < 64:
                # The operands are signed even where the results are not.
                both = [signed(lane, wide) for lane in lanes_of(a, wide) + lanes_of(b, wide)]
                name = f"i{narrow}x{2 * count}.narrow_i{wide}x{count}_{sign}"
                expected = vector_of([saturated(lane, narrow, sign) for lane in both], narrow)
                assert NUMERICS[name](a, b) == expected, name


@pytest.mark.parametrize("bits", [8, 16, 32])
def test_extend_and_narrow_interesting_lanes(bits: int, all_pairs: Pairs) -> None:
    for a, b in all_pairs(bits):
        check_width_changes(a, b)


@given(vectors, vectors)
def test_extend_and_narrow(a: bytes, b: bytes) -> None:
    check_width_changes(a, b)


def test_narrow_knows_every_16_bit_number() -> None:
    for start in range(0, 2**16, 16):
        lanes = list(range(start, start + 16))
        a, b = vector_of(lanes[:8], 16), vector_of(lanes[8:], 16)
        for sign in "su":
            expected = vector_of([saturated(signed(lane, 16), 8, sign) for lane in lanes], 8)
            assert NUMERICS[f"i8x16.narrow_i16x8_{sign}"](a, b) == expected
