"""LEB128: the variable-length integers of the binary format (specification, section 5.2.2 "Integers").

Every number but the version and float bits is written so. A longer form than needed is legal, up to
the bytes that the type's width needs: linkers leave room by writing five bytes for a u32.
"""

from __future__ import annotations

from wrt_foundation.errors import DecodeError, WrtError

__all__ = [
    "UNEXPECTED_END",
    "read_signed",
    "read_unsigned",
    "read_vector_of_unsigned",
    "write_signed",
    "write_unsigned",
]

UNEXPECTED_END = "unexpected end of section or function"
"""What the specification's own interpreter says when bytes run out."""


def read_unsigned(data: bytes, position: int, bits: int = 32) -> tuple[int, int]:
    """Return the unsigned number of at most `bits` bits at `position`, and the position after it.

    Raises `DecodeError`, with `position` counting from the first byte of `data`.
    """
    last = (bits - 1) // 7 * 7
    result = shift = 0
    try:
        while True:
            byte = data[position]
            if shift == last:
                if byte > 0x7F:
                    raise DecodeError("integer representation too long", offset=position)
                if byte >> bits - last:
                    raise DecodeError("integer too large", offset=position)
            position += 1
            result |= (byte & 0x7F) << shift
            if byte < 0x80:
                return result, position
            shift += 7
    except IndexError:
        raise DecodeError(UNEXPECTED_END, offset=len(data)) from None


def read_vector_of_unsigned(data: bytes, position: int, count: int) -> tuple[list[int], int]:
    """Return so many unsigned numbers of at most 32 bits from `position` on, and the position after them.

    Raises `DecodeError` as `read_unsigned` does.
    """
    numbers: list[int] = []
    try:
        for _ in range(count):
            number = data[position]
            position += 1
            if number > 0x7F:
                more = data[position]
                if more > 0x7F:
                    number, position = read_unsigned(data, position - 1)
                else:
                    number += (more << 7) - 0x80
                    position += 1
            numbers.append(number)
    except IndexError:
        raise DecodeError(UNEXPECTED_END, offset=len(data)) from None
    return numbers, position


def read_signed(data: bytes, position: int, bits: int = 32) -> tuple[int, int]:
    """Return the two's complement number of `bits` bits at `position`, and the position after it.

    Raises `DecodeError`, with `position` counting from the first byte of `data`.
    """
    last = (bits - 1) // 7 * 7
    result = shift = 0
    try:
        while True:
            byte = data[position]
            if shift == last:
                if byte > 0x7F:
                    raise DecodeError("integer representation too long", offset=position)
                # The bits past the type's width must repeat its sign bit.
                sign_and_unused = byte >> bits - last - 1
                if sign_and_unused and sign_and_unused != 0x7F >> bits - last - 1:
                    raise DecodeError("integer too large", offset=position)
            position += 1
            result |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return (result - (1 << shift) if byte & 0x40 else result), position
    except IndexError:
        raise DecodeError(UNEXPECTED_END, offset=len(data)) from None


def write_unsigned(out: bytearray, value: int, bits: int = 32) -> None:
    """Append the shortest form of an unsigned number. Raises `WrtError` if it has more than `bits` bits."""
    if value >> bits:
        raise WrtError(f"{value} is not an unsigned integer of {bits} bits")
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)


def write_signed(out: bytearray, value: int, bits: int = 32) -> None:
    """Append the shortest form of a signed number. Raises `WrtError` if it does not fit `bits` bits."""
    if value >> bits - 1 not in (0, -1):
        raise WrtError(f"{value} is not a signed integer of {bits} bits")
    while not -0x40 <= value < 0x40:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value & 0x7F)
