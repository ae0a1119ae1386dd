"""Variable-length integers: every value comes back, and what is too long or too large is told apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wrt_foundation.binary.leb128 import (
    read_signed,
    read_unsigned,
    read_vector_of_unsigned,
    write_signed,
    write_unsigned,
)
from wrt_foundation.errors import DecodeError, WrtError

WIDTHS = st.sampled_from([7, 8, 32, 33, 64])


@st.composite
def unsigned(draw: st.DrawFn) -> tuple[int, int]:
    bits = draw(WIDTHS)
    return draw(st.integers(0, (1 << bits) - 1)), bits


@st.composite
def signed(draw: st.DrawFn) -> tuple[int, int]:
    bits = draw(WIDTHS)
    return draw(st.integers(-(1 << bits - 1), (1 << bits - 1) - 1)), bits


def padded(encoded: bytes, size: int, fill: int) -> bytes:
    """The same number in `size` bytes; `fill` is what the sign extends to, 0 or 0x7F."""
    if len(encoded) == size:
        return encoded
    missing = size - len(encoded)
    return encoded[:-1] + bytes([encoded[-1] | 0x80]) + bytes([fill | 0x80]) * (missing - 1) + bytes([fill])


@given(unsigned(), st.binary(max_size=3))
def test_unsigned_numbers_come_back_in_every_length(value: tuple[int, int], before: bytes) -> None:
    number, bits = value
    out = bytearray()
    write_unsigned(out, number, bits)
    for size in range(len(out), (bits + 6) // 7 + 1):
        data = before + padded(bytes(out), size, 0) + b"rest"
        assert read_unsigned(data, len(before), bits) == (number, len(before) + size)


@given(signed(), st.binary(max_size=3))
def test_signed_numbers_come_back_in_every_length(value: tuple[int, int], before: bytes) -> None:
    number, bits = value
    out = bytearray()
    write_signed(out, number, bits)
    for size in range(len(out), (bits + 6) // 7 + 1):
        data = before + padded(bytes(out), size, 0x7F if number < 0 else 0) + b"rest"
        assert read_signed(data, len(before), bits) == (number, len(before) + size)


@given(unsigned())
def test_the_written_form_is_the_shortest(value: tuple[int, int]) -> None:
    number, bits = value
    out = bytearray()
    write_unsigned(out, number, bits)
    assert len(out) == max(1, (number.bit_length() + 6) // 7)
    assert out[-1] or len(out) == 1


@pytest.mark.parametrize("bits", [32, 33, 64])
@pytest.mark.parametrize("read", [read_unsigned, read_signed])
def test_one_byte_too_many(read: object, bits: int) -> None:
    with pytest.raises(DecodeError, match="integer representation too long"):
        read(b"\x80" * ((bits + 6) // 7) + b"\0", 0, bits)  # type: ignore[operator]


def test_every_last_byte_of_a_u32() -> None:
    for last in range(0x80):
        data = b"\xff\xff\xff\xff" + bytes([last])
        if last <= 0x0F:
            assert read_unsigned(data, 0) == (0xFFF_FFFF | last << 28, 5)
        else:
            with pytest.raises(DecodeError, match="integer too large"):
                read_unsigned(data, 0)


@pytest.mark.parametrize(("bits", "kept"), [(32, 4), (33, 5), (64, 1)])
def test_every_last_byte_of_a_signed_number(bits: int, kept: int) -> None:
    before = b"\x80" * ((bits - 1) // 7)
    sign = 1 << kept - 1
    for last in range(0x80):
        # The bits that are not kept must all be what the sign bit is.
        if last < sign or last >= 0x80 - sign:
            number = (last if last < sign else last - 0x80) << bits - kept
            assert read_signed(before + bytes([last]), 0, bits) == (number, len(before) + 1)
        else:
            with pytest.raises(DecodeError, match="integer too large"):
                read_signed(before + bytes([last]), 0, bits)


@pytest.mark.parametrize("read", [read_unsigned, read_signed])
@pytest.mark.parametrize("data", [b"", b"\x80", b"\xff\xff\xff"])
def test_bytes_that_run_out(read: object, data: bytes) -> None:
    with pytest.raises(DecodeError, match="unexpected end") as caught:
        read(data, 0)  # type: ignore[operator]
    assert caught.value.offset == len(data)


@pytest.mark.parametrize(
    ("write", "value"),
    [
        (write_unsigned, -1),
        (write_unsigned, 1 << 32),
        (write_signed, 1 << 31),
        (write_signed, -(1 << 31) - 1),
    ],
)
def test_numbers_that_do_not_fit_are_not_written(write: object, value: int) -> None:
    out = bytearray()
    with pytest.raises(WrtError, match="32 bits"):
        write(out, value)  # type: ignore[operator]
    assert out == b""


@given(st.lists(st.tuples(st.integers(0, (1 << 32) - 1), st.integers(0, 4))), st.binary(max_size=3))
def test_a_vector_is_its_numbers_one_by_one(numbers: list[tuple[int, int]], before: bytes) -> None:
    data = bytearray(before)
    for number, more in numbers:
        out = bytearray()
        write_unsigned(out, number)
        data += padded(bytes(out), min(5, len(out) + more), 0)
    found = read_vector_of_unsigned(bytes(data), len(before), len(numbers))
    assert found == ([number for number, _ in numbers], len(data))
    with pytest.raises(DecodeError, match="unexpected end"):
        read_vector_of_unsigned(bytes(data), len(before), len(numbers) + 1)


@pytest.mark.parametrize(
    ("text", "message"), [("01 80", "end"), ("01 80 80 80 80 80 00", "too long"), ("ff ff ff ff 1f", "too large")]
)
def test_a_vector_of_what_is_no_number(text: str, message: str) -> None:
    with pytest.raises(DecodeError, match=message):
        read_vector_of_unsigned(bytes.fromhex(text), 0, 2)
