from __future__ import annotations

import math
import struct
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wrt_wast.text.floats import DOUBLE, SINGLE, format_bits, is_float, parse_float


def single(bits: int) -> float:
    return struct.unpack("<f", struct.pack("<I", bits))[0]


def double(bits: int) -> float:
    return struct.unpack("<d", struct.pack("<Q", bits))[0]


def exact(literal: str) -> Fraction:
    literal = literal.replace("_", "").lower()
    if "0x" not in literal:
        return Fraction(literal)
    sign = -1 if literal[0] == "-" else 1
    mantissa, _, exponent = literal.lstrip("+-")[2:].partition("p")
    whole, _, fraction = mantissa.partition(".")
    return sign * Fraction(int(whole + fraction, 16), 16 ** len(fraction)) * Fraction(2) ** int(exponent or "0")


def assert_nearest(literal: str, bits: int, convert, largest: int) -> None:
    """The value of `bits` is the nearest to the literal's exact one, and even if another is as near."""
    wanted = exact(literal)
    magnitude = bits & (largest + (1 << 23 if convert is single else 1 << 52))
    distance = abs(abs(Fraction(convert(magnitude))) - abs(wanted))
    for neighbour in (magnitude - 1, magnitude + 1):
        if 0 <= neighbour <= largest:
            other = abs(Fraction(convert(neighbour)) - abs(wanted))
            assert distance < other or (distance == other and magnitude % 2 == 0)


decimals = st.from_regex(r"[+-]?[0-9]{1,30}(\.[0-9]{0,30})?([eE][+-]?[0-9]{1,2})?", fullmatch=True)
hexadecimals = st.from_regex(r"[+-]?0x[0-9a-f]{1,24}(\.[0-9a-f]{0,24})?(p[+-]?[0-9]{1,3})?", fullmatch=True)


@given(decimals | hexadecimals)
@example("16777217.0000000000000000000000001")  # a tie of f32 but for the last digit, which f64 can't hold
@example("1.00000005960464477539062500000000001")
@example("0x1.000001000000000000000000001p0")
@example("7.0064923216240853546186479164495806564013097093825788587853e-46")  # half the least subnormal
@example("7.0064923216240853546186479164495806564013097093825788587854e-46")
@example("0x0.000001p-126")
def test_f32_literals_are_rounded_once_from_their_exact_value(literal):
    try:
        bits = parse_float(literal, SINGLE)
    except OverflowError:
        assert abs(exact(literal)) >= Fraction(2) ** 128 - Fraction(2) ** 103
    else:
        assert_nearest(literal, bits, single, SINGLE.infinity - 1)


@given(decimals | hexadecimals)
@example("9007199254740993.00000000000000000000000000001")
@example("2.4703282292062327208828439643411068618252990130716238221279284125034e-324")
@example("0x1.00000000000008p0")
@example("0x1.000000000000080000000000000001p0")
def test_f64_literals_are_rounded_once_from_their_exact_value(literal):
    try:
        bits = parse_float(literal, DOUBLE)
    except OverflowError:
        assert abs(exact(literal)) >= Fraction(2) ** 1024 - Fraction(2) ** 970
    else:
        assert_nearest(literal, bits, double, DOUBLE.infinity - 1)


@given(st.integers(0, (1 << 32) - 1))
def test_every_f32_prints_as_a_literal_of_the_same_bits(bits):
    assert parse_float(format_bits(bits, SINGLE), SINGLE) == bits


@given(st.integers(0, (1 << 64) - 1))
def test_every_f64_prints_as_a_literal_of_the_same_bits(bits):
    assert parse_float(format_bits(bits, DOUBLE), DOUBLE) == bits


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_f64_decimals_agree_with_python(value):
    (bits,) = struct.unpack("<Q", struct.pack("<d", value))
    assert parse_float(repr(value), DOUBLE) == bits


@pytest.mark.parametrize(
    ("literal", "bits"),
    [
        ("nan", 0x7FC00000),
        ("-nan", 0xFFC00000),
        ("+nan:0x1", 0x7F800001),
        ("-nan:0x7f_ffff", 0xFFFFFFFF),
        ("inf", 0x7F800000),
        ("-inf", 0xFF800000),
        ("-0", 0x80000000),
        ("-0x0p0", 0x80000000),
        ("0x1.fffffep127", 0x7F7FFFFF),
        ("340282356779733661637539395458142568447", 0x7F7FFFFF),
        ("1e-99999999999999999999", 0),
        ("0x0p99999999999999999999", 0),
        ("0e99999999999999999999", 0),
        ("1.", 0x3F800000),
        ("0x1.", 0x3F800000),
        ("1_0.0_1e0_1", 0x42C83333),
    ],
)
def test_f32_literals_of_every_form(literal, bits):
    assert parse_float(literal, SINGLE) == bits


@pytest.mark.parametrize(
    "literal",
    [
        "340282356779733661637539395458142568448",
        "0x1.ffffffp127",
        "0x1p128",
        "1e39",
        "1e99999999999999999999",
        "0x1p99999999999999999999",
        "nan:0x0",
        "nan:0x80_0000",
        "nan:0xffffffffffffffffffffff",
    ],
)
def test_values_without_a_finite_f32_are_out_of_range(literal):
    with pytest.raises(OverflowError):
        parse_float(literal, SINGLE)


@pytest.mark.parametrize(
    "literal",
    ["", ".5", "-.5", "1e", "1e+", "1._0", "1_.0", "0x.8", "0x1p", "0xp1", "0x1.p", "nan:1", "nan:0x", "nan:", "INF",
     "infinity", "0x1e+", "1f", "nan:canonical", "1.0.0", "--1", "1e5e5", "0x1pA"],
)  # fmt: skip
def test_what_the_grammar_does_not_give_is_no_float(literal):
    assert not is_float(literal)
    assert parse_float(literal, DOUBLE) is None


def test_literals_of_a_million_digits_take_no_time_and_keep_their_last_digit():
    tie = "16777217." + "0" * 1_000_000
    assert single(parse_float(tie, SINGLE)) == 16777216
    assert single(parse_float(tie + "1", SINGLE)) == 16777218
    assert parse_float("0." + "0" * 1_000_000 + "1e1000001", SINGLE) == parse_float("1", SINGLE)
    assert math.isclose(double(parse_float("0x" + "1" * 200 + "p-800", DOUBLE)), 1.0666666666666667 / 16)
