"""Values: every bit of every float survives, and hosts give and get what the types can hold."""

from __future__ import annotations

import math
import struct
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wrt_foundation.errors import ValueRangeError, ValueTypeError, WrtError
from wrt_foundation.types import F32, F64, I32, I64, V128, NumType
from wrt_foundation.values import (
    f32_bits,
    f32_from_bits,
    f64_bits,
    f64_from_bits,
    from_host,
    is_arithmetic_nan,
    is_canonical_nan,
    is_nan,
    lanes_of,
    signed,
    to_host,
    unsigned,
    vector_of,
)


def huge(value: object) -> str | None:
    """A name for integers that Python refuses to print."""
    return "huge" if isinstance(value, int) and value.bit_length() > 100 else None


U32, U64 = st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1)
NAN32 = st.builds(
    lambda sign, payload: sign << 31 | 0x7F80_0000 | payload, st.integers(0, 1), st.integers(1, 2**23 - 1)
)
NAN64 = st.builds(
    lambda sign, payload: sign << 63 | 0x7FF << 52 | payload, st.integers(0, 1), st.integers(1, 2**52 - 1)
)


@settings(deadline=None)
@given(U32 | NAN32)
def test_every_f32_survives(bits: int) -> None:
    assert f32_bits(f32_from_bits(bits)) == bits


@settings(deadline=None)
@given(U64 | NAN64)
def test_every_f64_survives(bits: int) -> None:
    assert f64_bits(f64_from_bits(bits)) == bits


@settings(deadline=None)
@given(NAN32)
def test_an_f32_nan_is_the_f64_nan_of_the_same_sign_and_payload(bits: int) -> None:
    wide = f64_bits(f32_from_bits(bits))
    assert wide == (bits >> 31) << 63 | 0x7FF << 52 | (bits & 0x7F_FFFF) << 29


@settings(deadline=None)
@given(U32)
def test_f32_numbers_are_what_struct_says(bits: int) -> None:
    if not is_nan(bits, 32):
        assert f32_from_bits(bits) == struct.unpack("<f", bits.to_bytes(4, "little"))[0]


def test_signalling_nans_stay_signalling() -> None:
    assert f32_bits(f32_from_bits(0x7F80_0001)) == 0x7F80_0001
    assert f32_bits(f32_from_bits(0xFFA0_0000)) == 0xFFA0_0000
    assert f64_bits(f64_from_bits(0x7FF0_0000_0000_0001)) == 0x7FF0_0000_0000_0001


def test_numbers_that_are_no_f32_are_rounded() -> None:
    assert f32_bits(1.0 + 2.0**-24) == 0x3F80_0000
    assert f32_bits(1.0 + 3 * 2.0**-24) == 0x3F80_0002
    assert f32_bits(1e300) == 0x7F80_0000
    assert f32_bits(-1e300) == 0xFF80_0000
    assert f32_bits(2.0**128 - 2.0**103) == 0x7F80_0000
    assert f32_bits(math.nextafter(2.0**128 - 2.0**103, 0)) == 0x7F7F_FFFF
    assert f32_bits(2.0**-150) == 0
    assert f32_bits(-(2.0**-149)) == 0x8000_0001


def test_a_nan_whose_payload_is_lost_is_still_a_nan() -> None:
    assert f32_bits(f64_from_bits(0xFFF0_0000_0000_0001)) == 0xFFC0_0000


@pytest.mark.parametrize(
    ("bits", "width", "nan", "canonical", "arithmetic"),
    [
        (0x7FC0_0000, 32, True, True, True),
        (0xFFC0_0000, 32, True, True, True),
        (0x7FC0_0001, 32, True, False, True),
        (0x7FE0_0000, 32, True, False, True),
        (0x7F80_0001, 32, True, False, False),
        (0x7FA0_0000, 32, True, False, False),
        (0x7F80_0000, 32, False, False, False),
        (0xFF80_0000, 32, False, False, False),
        (0x3F80_0000, 32, False, False, False),
        (0x0040_0000, 32, False, False, False),
        (0x7FF8 << 48, 64, True, True, True),
        (0xFFF8 << 48, 64, True, True, True),
        (0x7FF8 << 48 | 1, 64, True, False, True),
        (0x7FF0 << 48 | 1, 64, True, False, False),
        (0x7FF0 << 48, 64, False, False, False),
        (0x0008 << 48, 64, False, False, False),
    ],
)
def test_kinds_of_nan(bits: int, width: int, nan: bool, canonical: bool, arithmetic: bool) -> None:
    assert is_nan(bits, width) is nan
    assert is_canonical_nan(bits, width) is canonical
    assert is_arithmetic_nan(bits, width) is arithmetic


@settings(deadline=None)
@given(st.sampled_from([8, 16, 32, 64]), st.data())
def test_signed_and_unsigned(bits: int, data: st.DataObject) -> None:
    value = data.draw(st.integers(0, (1 << bits) - 1))
    assert unsigned(signed(value, bits), bits) == value == unsigned(value, bits)
    assert -(1 << bits - 1) <= signed(value, bits) < 1 << bits - 1
    assert signed(value, bits) % (1 << bits) == value


@pytest.mark.parametrize("value", [-(2**31) - 1, 2**32, -(10**5000), 10**5000], ids=huge)
def test_integers_in_neither_range(value: int) -> None:
    with pytest.raises(ValueRangeError):
        unsigned(value, 32)


@settings(deadline=None)
@given(st.binary(min_size=16, max_size=16), st.sampled_from([8, 16, 32, 64]))
def test_vectors_and_their_lanes(vector: bytes, bits: int) -> None:
    lanes = lanes_of(vector, bits)
    assert len(lanes) == 128 // bits
    assert vector_of(lanes, bits) == vector
    assert vector_of([signed(lane, bits) for lane in lanes], bits) == vector


def test_lanes_start_with_the_lowest() -> None:
    assert lanes_of(bytes(range(16)), 32) == (0x03020100, 0x07060504, 0x0B0A0908, 0x0F0E0D0C)
    with pytest.raises(ValueRangeError, match="3 lanes of 32 bits are not 128 bits"):
        vector_of([1, 2, 3], 32)
    with pytest.raises(ValueRangeError):
        vector_of([256] + [0] * 15, 8)


class Indexed:
    """An integer of somebody else's making."""

    def __index__(self) -> int:
        return -1


@pytest.mark.parametrize(
    ("type_", "given_", "held", "returned"),
    [
        (I32, 5, 5, 5),
        (I32, -1, 0xFFFF_FFFF, -1),
        (I32, 0xFFFF_FFFF, 0xFFFF_FFFF, -1),
        (I32, -(2**31), 2**31, -(2**31)),
        (I32, 2**31 - 1, 2**31 - 1, 2**31 - 1),
        (I32, True, 1, 1),
        (I32, Indexed(), 0xFFFF_FFFF, -1),
        (I64, -1, 2**64 - 1, -1),
        (I64, 2**64 - 1, 2**64 - 1, -1),
        (I64, -(2**63), 2**63, -(2**63)),
        (I64, 2**32, 2**32, 2**32),
        (F64, 1.5, 1.5, 1.5),
        (F64, 3, 3.0, 3.0),
        (F64, Fraction(1, 4), 0.25, 0.25),
        (F64, Decimal("0.5"), 0.5, 0.5),
        (F64, Indexed(), -1.0, -1.0),
        (F32, 0.1, 0.10000000149011612, 0.10000000149011612),
        (F32, 1e300, math.inf, math.inf),
        (F32, 2**24 + 1, 2.0**24, 2.0**24),
        (V128, bytes(16), bytes(16), bytes(16)),
        (V128, bytearray(range(16)), bytes(range(16)), bytes(range(16))),
        (V128, memoryview(bytes(16)), bytes(16), bytes(16)),
    ],
)
def test_what_hosts_may_give_and_what_they_get(type_: NumType, given_: Any, held: object, returned: object) -> None:
    inside = from_host(type_, given_)
    assert inside == held
    assert type(inside) is type(held)
    outside = to_host(type_, inside)
    assert outside == returned
    assert type(outside) is type(returned)


@pytest.mark.parametrize("type_", NumType)
@pytest.mark.parametrize("value", ["1", b"1", None, 1j, [1], object()])
def test_other_kinds_of_object_are_refused(type_: NumType, value: object) -> None:
    with pytest.raises(ValueTypeError if type_ is not V128 or value != b"1" else ValueRangeError) as caught:
        from_host(type_, value)
    assert isinstance(caught.value, WrtError)
    assert str(type_) in str(caught.value)


@pytest.mark.parametrize("type_", [I32, I64])
@pytest.mark.parametrize("value", [1.0, Fraction(1), Decimal(1), math.nan])
def test_a_float_is_no_integer(type_: NumType, value: object) -> None:
    with pytest.raises(TypeError, match=f"{type_} expected"):
        from_host(type_, value)


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (I32, 2**32),
        (I32, -(2**31) - 1),
        (I64, 2**64),
        (I64, -(2**63) - 1),
        (I64, 10**5000),
        (F32, 10**400),
        (F64, 10**400),
        (F64, -(10**5000)),
        (V128, bytes(15)),
        (V128, bytes(17)),
    ],
    ids=huge,
)
def test_values_out_of_range_are_refused(type_: NumType, value: object) -> None:
    with pytest.raises(ValueError) as caught:
        from_host(type_, value)
    assert isinstance(caught.value, ValueRangeError)
    assert len(str(caught.value)) < 200


@settings(deadline=None)
@given(NAN32)
def test_an_f32_nan_passes_through_the_host_unchanged(bits: int) -> None:
    held = f32_from_bits(bits)
    assert f32_bits(from_host(F32, to_host(F32, held))) == bits


@settings(deadline=None)
@given(NAN64)
def test_an_f64_nan_passes_through_the_host_unchanged(bits: int) -> None:
    assert f64_bits(from_host(F64, to_host(F64, f64_from_bits(bits)))) == bits
