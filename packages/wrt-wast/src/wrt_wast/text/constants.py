"""The operands of constant instructions, as bit patterns (specification, section 6.5.10)."""

from __future__ import annotations

from wrt_wast.text.cursor import Cursor
from wrt_wast.text.floats import DOUBLE, SINGLE, FloatFormat, is_float, parse_float
from wrt_wast.text.integers import parse_signed, parse_unsigned

__all__ = ["SHAPES", "float_bits", "integer", "is_numeric", "lane_index", "numeric_values", "shuffle_lanes", "vector"]

SHAPES: dict[str, tuple[int, int | FloatFormat]] = {
    "i8x16": (16, 8),
    "i16x8": (8, 16),
    "i32x4": (4, 32),
    "i64x2": (2, 64),
    "f32x4": (4, SINGLE),
    "f64x2": (2, DOUBLE),
}
"""How vectors are spelled: the number of lanes, and each one's bits or format."""


def integer(c: Cursor, bits: int) -> int:
    """Read an integer of type i*bits* and return it as a signed number."""
    try:
        value = parse_signed(c.lexemes[c.index], bits)
    except OverflowError:
        raise c.error(f"constant out of range of i{bits}") from None
    if value is None:
        raise c.unexpected(f"an i{bits} constant")
    c.index += 1
    return value


def float_bits(c: Cursor, form: FloatFormat) -> int:
    """Read a float and return its bits."""
    try:
        bits = parse_float(c.lexemes[c.index], form)
    except OverflowError:
        raise c.error(f"constant out of range of f{form.width}") from None
    if bits is None:
        raise c.unexpected(f"an f{form.width} constant")
    c.index += 1
    return bits


def vector(c: Cursor) -> bytes:
    """Read a shape and its lanes; return the vector's sixteen bytes."""
    shape = SHAPES.get(c.lexemes[c.index])
    if shape is None:
        raise c.unexpected("a shape such as i32x4")
    c.index += 1
    lanes, kind = shape
    width = 16 // lanes
    if (count := _count_numbers(c)) != lanes and (count > lanes or c.lexemes[c.index + count] in ("(", ")")):
        raise c.error(f"wrong number of lane literals: expected {lanes}, found {count}")
    found = bytearray()
    for _ in range(lanes):
        bits = float_bits(c, kind) if isinstance(kind, FloatFormat) else integer(c, kind) & ((1 << kind) - 1)
        found += bits.to_bytes(width, "little")
    return bytes(found)


def _count_numbers(c: Cursor) -> int:
    """Return how many number literals come next."""
    index = c.index
    while is_float(c.lexemes[index]):
        index += 1
    return index - c.index


def lane_index(c: Cursor) -> int:
    """Read the index of a lane; whether the vector has it is for validation to say."""
    try:
        value = parse_unsigned(c.lexemes[c.index], 8)
    except OverflowError:
        raise c.error("i8 constant out of range: no vector has so many lanes") from None
    if value is None:
        raise c.unexpected("a lane index")
    c.index += 1
    return value


def shuffle_lanes(c: Cursor) -> tuple[int, ...]:
    """Read the sixteen lane indices of a shuffle."""
    if (count := _count_numbers(c)) != 16 and (count > 16 or c.lexemes[c.index + count] in ("(", ")")):
        raise c.error(f"invalid lane length: expected 16 lane indices, found {count}")
    found = []
    for _ in range(16):
        if is_float(c.lexemes[c.index]) and not c.is_natural():
            raise c.error("i8 constant out of range: a lane index is a number without sign or fraction")
        found.append(lane_index(c))
    return tuple(found)


_VALUES: dict[str, int | FloatFormat] = {"i8": 8, "i16": 16, "i32": 32, "i64": 64, "f32": SINGLE, "f64": DOUBLE}


def is_numeric(c: Cursor) -> bool:
    """Say whether a parenthesis with numeric values comes next."""
    keyword = c.lexemes[c.index + 1]
    return c.lexemes[c.index] == "(" and (keyword == "v128" or keyword in _VALUES)


def numeric_values(c: Cursor) -> bytes:
    """Read a type and any number of values of it, up to a parenthesis; return their bytes, little-endian."""
    keyword = c.lexemes[c.index]
    if keyword != "v128" and keyword not in _VALUES:
        raise c.unexpected("a string, or a numeric type")
    c.index += 1
    found = bytearray()
    while c.lexemes[c.index] != ")":
        if keyword == "v128":
            found += vector(c)
            continue
        kind = _VALUES[keyword]
        if isinstance(kind, FloatFormat):
            found += float_bits(c, kind).to_bytes(kind.width // 8, "little")
        else:
            found += (integer(c, kind) & ((1 << kind) - 1)).to_bytes(kind // 8, "little")
    return bytes(found)
