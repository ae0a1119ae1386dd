"""128-bit arithmetic against plain integers."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from wrt_core.numerics import NUMERICS

EDGES = [0, 1, 2, 2**63 - 1, 2**63, 2**63 + 1, 2**64 - 2, 2**64 - 1]
i64 = st.sampled_from(EDGES) | st.integers(0, 2**64 - 1)


def halves(number: int) -> tuple[int, int]:
    data = (number % 2**128).to_bytes(16, "little")
    return int.from_bytes(data[:8], "little"), int.from_bytes(data[8:], "little")


def signed(value: int) -> int:
    return int.from_bytes(value.to_bytes(8, "little"), "little", signed=True)


def check_sums(a: int, b: int, c: int, d: int) -> None:
    left, right = a + 2**64 * b, c + 2**64 * d
    assert NUMERICS["i64.add128"](a, b, c, d) == halves(left + right)
    assert NUMERICS["i64.sub128"](a, b, c, d) == halves(left - right)


def check_products(a: int, b: int) -> None:
    assert NUMERICS["i64.mul_wide_u"](a, b) == halves(a * b)
    assert NUMERICS["i64.mul_wide_s"](a, b) == halves(signed(a) * signed(b))


def test_interesting_values() -> None:
    for a, b, c, d in product(EDGES, repeat=4):
        check_sums(a, b, c, d)
    for a, b in product(EDGES, repeat=2):
        check_products(a, b)


@given(i64, i64, i64, i64)
def test_sums(a: int, b: int, c: int, d: int) -> None:
    check_sums(a, b, c, d)


@given(i64, i64)
def test_products(a: int, b: int) -> None:
    check_products(a, b)
