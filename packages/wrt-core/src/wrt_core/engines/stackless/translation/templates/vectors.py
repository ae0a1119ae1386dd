"""Templates of vector instructions. A v128 is sixteen bytes, lane 0 first, each lane little-endian.

Most are calls of `wrt_core.numerics`; what is shorter than such a call is written out, here or in `vector_numbers`.
"""

from __future__ import annotations

from struct import Struct
from typing import Any

from wrt_core.engines.stackless.translation.operand import (
    ADD,
    AND,
    ATOM,
    COMPARE,
    CONDITIONAL,
    MULTIPLY,
    NOTHING,
    Operand,
)
from wrt_core.engines.stackless.translation.templates.floats import call_numeric
from wrt_core.engines.stackless.translation.templates.vector_numbers import constant_vector, vector_of
from wrt_core.engines.stackless.translation.translator import TEMPLATES, Translator, template
from wrt_core.numerics import NUMERICS
from wrt_core.numerics.vectors.shape import ONES
from wrt_foundation.features import Feature
from wrt_foundation.instructions import INSTRUCTIONS, Instruction
from wrt_foundation.types import F32, F64, I32, I64, V128

__all__ = ["NAMES", "replaced"]

NAMES: dict[str, Any] = {
    "ZERO": bytes(16),
    "number": int.from_bytes,
    # What a table of bytes needs after one vector, or two, to have 256 entries.
    "after1": bytes(240),
    "after2": bytes(224),
    # For each byte the one that a comparison with zero gives.
    "equal": b"\xff" + bytes(255),
    "unequal": b"\0" + b"\xff" * 255,
    "byte": tuple(bytes([byte]) for byte in range(256)),
    "splat8": tuple(bytes([byte]) * 16 for byte in range(256)),
    # One lane of a vector at an offset in bytes, as a tuple of one; and a number as bytes.
    **{f"lane_{letter}": Struct(f"<{letter}").unpack_from for letter in "hHIQfd"},
    **{f"pack_{letter}": Struct(f"<{letter}").pack for letter in "HIQd"},
}
"""What the templates here call by name."""

_LETTER = {"i8x16": "B", "i16x8": "H", "i32x4": "I", "i64x2": "Q", "f32x4": "f", "f64x2": "d"}
_SIZE = {"B": 1, "H": 2, "I": 4, "Q": 8, "f": 4, "d": 8}
_MASK = {"B": 0xFF, "H": 0xFFFF, "I": 0xFFFF_FFFF, "Q": 0xFFFF_FFFF_FFFF_FFFF}


def _letter(instruction: Instruction) -> str:
    return _LETTER[instruction.name.partition(".")[0]]


@template("v128.const")
def const(t: Translator, instruction: Instruction, value: bytes) -> None:
    t.push(constant_vector(value))


# Lanes


def lane(letter: str, value: Operand) -> str:
    """The text of a number's low bytes, as many as a lane of the format `letter` has."""
    mask = _MASK.get(letter)
    if mask is None or (value.low >= 0 and value.high <= mask):
        return f"pack_{letter}({value.text})"
    return f"pack_{letter}({value.at(ADD)} & {mask:#x})"


def splat_of(letter: str, value: Operand) -> str:
    """The text of a vector of a number's low bytes, again and again; it binds as tight as a product."""
    if letter != "B":
        return f"{lane(letter, value)} * {16 // _SIZE[letter]}"
    return f"splat8[{value.text if value.low >= 0 and value.high <= 0xFF else f'{value.at(ADD)} & 0xff'}]"


@template("i8x16.splat", "i16x8.splat", "i32x4.splat", "i64x2.splat")
def splat(t: Translator, instruction: Instruction, _: None) -> None:
    a = t.pop()
    letter = _letter(instruction)
    mask = _MASK[letter]
    low = a.at(MULTIPLY) if a.low >= 0 and a.high <= mask else f"({a.at(AND)} & {mask:#x})"
    number = f"({low} * {ONES // mask:#x})"
    t.push(Operand(splat_of(letter, a), V128, MULTIPLY, 0, 0, a.effects, a.reads, a.size + 1, number=number))


@template("f64x2.splat")
def splat_f64(t: Translator, instruction: Instruction, _: None) -> None:
    a = t.pop()
    t.combine(splat_of("d", a), MULTIPLY, V128, (a,))


@template("i8x16.extract_lane_u", "i8x16.extract_lane_s")
def extract_byte(t: Translator, instruction: Instruction, index: int) -> None:
    a = t.pop()
    byte = f"{a.at(ATOM)}[{index}]"
    if instruction.name.endswith("_u"):
        t.combine(byte, ATOM, I32, (a,), 0, 0xFF)
    else:
        t.combine(f"({byte} ^ 0x80) - 0x80", ADD, I32, (a,), -0x80, 0x7F)


@template("i16x8.extract_lane_u", "i16x8.extract_lane_s", "i32x4.extract_lane", "i64x2.extract_lane")
def extract_lane(t: Translator, instruction: Instruction, index: int) -> None:
    a = t.pop()
    letter = _letter(instruction)
    size, mask = _SIZE[letter], _MASK[letter]
    type_ = I64 if letter == "Q" else I32
    signed = instruction.name.endswith("_s")
    if a.number is None:
        low, high = (-0x8000, 0x7FFF) if signed else (0, mask)
        letter = letter.lower() if signed else letter
        t.combine(f"lane_{letter}({a.text}, {index * size})[0]", ATOM, type_, (a,), low, high)
        return
    text = a.number if index == 0 else f"{a.number} >> {8 * index * size}"
    if (index + 1) * size < 16:
        text = f"{text} & {mask:#x}"
    t.combine(
        f"({text} ^ 0x8000) - 0x8000" if signed else f"({text})", ADD, type_, (a,), -0x8000 if signed else 0, mask
    )


@template("f64x2.extract_lane")
def extract_f64(t: Translator, instruction: Instruction, index: int) -> None:
    a = t.pop()
    t.combine(f"lane_d({a.text}, {8 * index})[0]", ATOM, F64, (a,))


@template("f32x4.extract_lane")
def extract_f32(t: Translator, instruction: Instruction, index: int) -> None:
    (a,) = t.pop_simple()
    # What C makes of a signalling NaN on the way to a double is not what it was.
    text = f"v if (v := lane_f({a.text}, {4 * index})[0]) == v else f32x4_extract_lane({a.text}, {index})"
    t.combine(text, CONDITIONAL, F32, (a,))


@template(*[f"{each}.replace_lane" for each in ("i8x16", "i16x8", "i32x4", "i64x2")])
def replace_integer(t: Translator, instruction: Instruction, index: int) -> None:
    vector = t.stack.items[-2]
    if vector.number is None:
        replace_lane(t, instruction, index)
        return
    value, vector = t.pop(), t.pop()
    letter = _letter(instruction)
    mask, start = _MASK[letter], 8 * index * _SIZE[letter]
    low = value.text if value.low >= 0 and value.high <= mask else f"{value.at(AND)} & {mask:#x}"
    new = f"({low}) << {start}" if start else f"({low})"
    number = f"({vector.number} & {ONES ^ mask << start:#x} | {new})"
    reads, effects = vector.reads | value.reads, vector.effects | value.effects
    size = vector.size + value.size + 1
    t.push(Operand(vector_of(number), V128, ATOM, 0, 0, effects, reads, size, number=number))


@template("f64x2.replace_lane")
def replace_lane(t: Translator, instruction: Instruction, index: int) -> None:
    vector, value = t.pop_simple(2)
    letter = _letter(instruction)
    size = _SIZE[letter]
    new = f"byte[{value.text} & 0xff]" if size == 1 else lane(letter, value)
    t.combine(replaced(vector, new, index, size), ADD, V128, (vector, value))


def replaced(vector: Operand, lane: str, index: int, size: int) -> str:
    """The text of a vector, which must be simple, with the lane of `size` bytes at `index` replaced."""
    parts = [lane]
    if index:
        parts.insert(0, f"{vector.text}[:{index * size}]")
    if (index + 1) * size < 16:
        parts.append(f"{vector.text}[{(index + 1) * size}:]")
    return " + ".join(parts)


@template("i8x16.all_true")
def all_true(t: Translator, instruction: Instruction, _: None) -> None:
    a = t.pop()
    left = a.at(COMPARE + 1)
    t.combine(f"0 not in {left}", COMPARE, I32, (a,), 0, 1, negated=f"0 in {left}")


# All others


def _numeric(t: Translator, instruction: Instruction, immediate: object) -> None:
    if immediate is None:
        call_numeric(t, instruction)
    else:
        call_numeric(t, instruction, NOTHING, immediate)


for _instruction in INSTRUCTIONS:
    if _instruction.feature in (Feature.SIMD, Feature.RELAXED_SIMD) and _instruction.name in NUMERICS:
        TEMPLATES.setdefault(_instruction, _numeric)
