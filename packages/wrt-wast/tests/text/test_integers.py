from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wrt_wast.text.integers import is_integer, parse_natural, parse_signed, parse_unsigned


@pytest.mark.parametrize(
    ("literal", "value"),
    [("0", 0), ("1_000", 1000), ("0x1F", 31), ("0xdead_BEEF", 0xDEADBEEF), ("007", 7), ("0x0_0", 0)],
)
def test_a_natural_number_has_digits_of_its_base_and_single_underscores_between_them(literal, value):
    assert parse_natural(literal) == value


@pytest.mark.parametrize(
    "literal", ["", "_1", "1_", "1__0", "0x", "0x_1", "0x1_", "+1", "-1", "1a", "0b1", "1.0", "x", "٣", " 1"]
)
def test_what_the_grammar_does_not_give_is_no_natural_number(literal):
    assert parse_natural(literal) is None


def test_a_number_beyond_every_use_is_not_converted_digit_by_digit():
    assert parse_natural("9" * 5_000_000) >= 1 << 128
    assert parse_natural("0x" + "f" * 5_000_000) >= 1 << 128
    assert parse_natural("0" * 5_000_000 + "7") == 7


@given(st.integers(-(1 << 31), (1 << 32) - 1), st.sampled_from(["{:d}", "{:#x}"]))
def test_i32_literals_have_the_signed_and_the_unsigned_range(value, form):
    assert parse_signed(form.format(value), 32) == (value if value < 1 << 31 else value - (1 << 32))


@pytest.mark.parametrize("literal", ["4294967296", "-2147483649", "0x1_0000_0000", "-0x8000_0001", "+2147483648"])
def test_what_is_in_neither_range_is_out_of_range(literal):
    with pytest.raises(OverflowError):
        parse_signed(literal, 32)


def test_minus_zero_is_zero():
    assert parse_signed("-0", 64) == 0


@given(st.integers(0, (1 << 64) + 5))
def test_unsigned_literals_end_at_their_width(value):
    if value >> 64:
        with pytest.raises(OverflowError):
            parse_unsigned(str(value), 64)
    else:
        assert parse_unsigned(str(value), 64) == value


def test_a_sign_makes_an_integer_but_no_natural_number():
    assert is_integer("-0x1_2")
    assert is_integer("+7")
    assert not is_integer("--7")
    assert parse_unsigned("+7", 32) is None
