"""Integer instructions against formulations of their own: signed numbers, strings of bits, rationals."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import product
from math import trunc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wrt_core.numerics import NUMERICS
from wrt_foundation.traps import Trap, TrapCode

WIDTHS = [32, 64]


def interesting(bits: int) -> list[int]:
    top = 1 << bits
    near = [0, 1, 2, 3, 7, bits - 1, bits, bits + 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000]
    return sorted({value % top for n in [*near, top // 2] for value in (n, -n, n + 1, n - 1)})


def signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> bits - 1 else value


def digits(value: int, bits: int) -> str:
    return f"{value:0{bits}b}"


def rotated(value: int, count: int, bits: int) -> int:
    text = digits(value, bits)
    count %= bits
    return int(text[count:] + text[:count], 2)


def shifted_right(value: int, count: int, bits: int, fill: str) -> int:
    count %= bits
    return int(fill * count + digits(value, bits)[: bits - count], 2)


def truncated_quotient(a: int, b: int) -> int:
    return trunc(Fraction(a, b))


# Every binary instruction on (unsigned a, unsigned b), and what it should give.
BINARY: dict[str, Callable[[int, int, int], int]] = {
    "eq": lambda a, b, n: int(digits(a, n) == digits(b, n)),
    "ne": lambda a, b, n: int(digits(a, n) != digits(b, n)),
    "lt_s": lambda a, b, n: int(signed(a, n) < signed(b, n)),
    "lt_u": lambda a, b, n: int(digits(a, n) < digits(b, n)),
    "gt_s": lambda a, b, n: int(signed(a, n) > signed(b, n)),
    "gt_u": lambda a, b, n: int(digits(a, n) > digits(b, n)),
    "le_s": lambda a, b, n: int(signed(a, n) <= signed(b, n)),
    "le_u": lambda a, b, n: int(digits(a, n) <= digits(b, n)),
    "ge_s": lambda a, b, n: int(signed(a, n) >= signed(b, n)),
    "ge_u": lambda a, b, n: int(digits(a, n) >= digits(b, n)),
    "add": lambda a, b, n: (signed(a, n) + signed(b, n)) % 2**n,
    "sub": lambda a, b, n: (signed(a, n) - signed(b, n)) % 2**n,
    "mul": lambda a, b, n: (signed(a, n) * signed(b, n)) % 2**n,
    "and": lambda a, b, n: int(
        "".join(str(int(x == y == "1")) for x, y in zip(digits(a, n), digits(b, n), strict=True)), 2
    ),
    "or": lambda a, b, n: int("".join(max(x, y) for x, y in zip(digits(a, n), digits(b, n), strict=True)), 2),
    "xor": lambda a, b, n: int("".join(str(int(x != y)) for x, y in zip(digits(a, n), digits(b, n), strict=True)), 2),
    "shl": lambda a, b, n: int((digits(a, n) + "0" * (b % n))[-n:], 2),
    "shr_s": lambda a, b, n: shifted_right(a, b, n, digits(a, n)[0]),
    "shr_u": lambda a, b, n: shifted_right(a, b, n, "0"),
    "rotl": lambda a, b, n: rotated(a, b, n),
    "rotr": lambda a, b, n: rotated(a, -b, n),
}

UNARY: dict[str, Callable[[int, int], int]] = {
    "eqz": lambda a, n: int("1" not in digits(a, n)),
    "clz": lambda a, n: len(digits(a, n)) - len(digits(a, n).lstrip("0")),
    "ctz": lambda a, n: len(digits(a, n)) - len(digits(a, n).rstrip("0")),
    "popcnt": lambda a, n: digits(a, n).count("1"),
    "extend8_s": lambda a, n: int.from_bytes(a.to_bytes(8, "little")[:1], "little", signed=True) % 2**n,
    "extend16_s": lambda a, n: int.from_bytes(a.to_bytes(8, "little")[:2], "little", signed=True) % 2**n,
}

DIVISIONS: dict[str, Callable[[int, int, int], int]] = {
    "div_s": lambda a, b, n: truncated_quotient(signed(a, n), signed(b, n)) % 2**n,
    "div_u": lambda a, b, n: truncated_quotient(a, b),
    "rem_s": lambda a, b, n: (signed(a, n) - signed(b, n) * truncated_quotient(signed(a, n), signed(b, n))) % 2**n,
    "rem_u": lambda a, b, n: a - b * truncated_quotient(a, b),
}


def overflows(name: str, a: int, b: int, bits: int) -> bool:
    return name == "div_s" and signed(a, bits) == -(1 << bits - 1) and signed(b, bits) == -1


@pytest.mark.parametrize("bits", WIDTHS)
@pytest.mark.parametrize("name", BINARY)
def test_binary_on_all_pairs_of_interesting_values(name: str, bits: int) -> None:
    function, expected = NUMERICS[f"i{bits}.{name}"], BINARY[name]
    for a, b in product(interesting(bits), repeat=2):
        assert function(a, b) == expected(a, b, bits), (a, b)


@pytest.mark.parametrize("bits", WIDTHS)
@pytest.mark.parametrize("name", DIVISIONS)
def test_division_on_all_pairs_of_interesting_values(name: str, bits: int) -> None:
    function, expected = NUMERICS[f"i{bits}.{name}"], DIVISIONS[name]
    for a, b in product(interesting(bits), repeat=2):
        if b and not overflows(name, a, b, bits):
            assert function(a, b) == expected(a, b, bits), (a, b)


@pytest.mark.parametrize("bits", WIDTHS)
@pytest.mark.parametrize("name", UNARY)
def test_unary_on_interesting_values(name: str, bits: int) -> None:
    for a in interesting(bits):
        assert NUMERICS[f"i{bits}.{name}"](a) == UNARY[name](a, bits), a


@pytest.mark.parametrize("bits", WIDTHS)
@given(data=st.data())
def test_any_values(bits: int, data: Any) -> None:
    numbers = st.integers(0, 2**bits - 1)
    a, b = data.draw(numbers), data.draw(numbers)
    for name, binary in BINARY.items():
        assert NUMERICS[f"i{bits}.{name}"](a, b) == binary(a, b, bits), name
    for name, unary in UNARY.items():
        assert NUMERICS[f"i{bits}.{name}"](a) == unary(a, bits), name
    for name, division in DIVISIONS.items():
        if b and not overflows(name, a, b, bits):
            assert NUMERICS[f"i{bits}.{name}"](a, b) == division(a, b, bits), name


@given(st.integers(0, 2**64 - 1))
def test_extend32_s(a: int) -> None:
    low = int.from_bytes(a.to_bytes(8, "little")[:4], "little", signed=True)
    assert NUMERICS["i64.extend32_s"](a) == low % 2**64


@pytest.mark.parametrize("bits", WIDTHS)
@pytest.mark.parametrize("name", DIVISIONS)
def test_dividing_by_zero_traps(name: str, bits: int) -> None:
    for a in interesting(bits):
        with pytest.raises(Trap, match="^integer divide by zero$") as caught:
            NUMERICS[f"i{bits}.{name}"](a, 0)
        assert caught.value.code is TrapCode.INTEGER_DIVIDE_BY_ZERO


@pytest.mark.parametrize("bits", WIDTHS)
def test_only_the_least_by_minus_one_overflows(bits: int) -> None:
    least, minus_one = 1 << bits - 1, (1 << bits) - 1
    with pytest.raises(Trap, match="^integer overflow$") as caught:
        NUMERICS[f"i{bits}.div_s"](least, minus_one)
    assert caught.value.code is TrapCode.INTEGER_OVERFLOW
    assert NUMERICS[f"i{bits}.div_s"](least, 1) == least
    assert NUMERICS[f"i{bits}.rem_s"](least, minus_one) == 0
