"""Instructions in bytes: every one of the table with every shape of immediates, and everything malformed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wrt_foundation.binary.instructions import (
    read_expression,
    read_instructions,
    write_instruction,
    write_instructions,
)
from wrt_foundation.errors import DecodeError, WrtError
from wrt_foundation.immediates import Cast, Catch, CatchKind, Handler, MemArg
from wrt_foundation.instructions import BY_CODE, BY_NAME, INSTRUCTIONS, PREFIXES, Immediate, Instruction
from wrt_foundation.types import AbstractHeapType, NumType, RefType

U32 = st.integers(0, 127) | st.integers(0, 2**32 - 1)
ABSTRACT = st.sampled_from(AbstractHeapType)


def references(nullable: st.SearchStrategy[bool]) -> st.SearchStrategy[RefType]:
    return st.builds(RefType, nullable, ABSTRACT | U32) | st.builds(RefType, nullable, U32, st.just(True))


ANY_REFERENCE = references(st.booleans())
VALUE_TYPE = st.sampled_from(NumType) | ANY_REFERENCE
TAGGED = st.builds(Catch, st.sampled_from([CatchKind.CATCH, CatchKind.CATCH_REF]), U32, U32)
CATCH_ALL = st.builds(Catch, st.sampled_from([CatchKind.CATCH_ALL, CatchKind.CATCH_ALL_REF]), st.none(), U32)
BYTE = st.integers(0, 255)

IMMEDIATES: dict[Immediate, st.SearchStrategy[Any]] = {
    Immediate.BLOCK_TYPE: st.none() | VALUE_TYPE | U32,
    Immediate.LABELS: st.lists(U32, min_size=1, max_size=5).map(tuple),
    Immediate.VALUE_TYPES: st.lists(VALUE_TYPE, max_size=3).map(tuple),
    Immediate.CAST: st.builds(Cast, U32, ANY_REFERENCE, ANY_REFERENCE),
    Immediate.MEMARG: st.builds(MemArg, st.integers(0, 63), U32 | st.integers(0, 2**64 - 1), st.just(0) | U32),
    Immediate.LANE: BYTE,
    Immediate.LANES: st.tuples(*[BYTE] * 16),
    Immediate.CATCHES: st.lists(TAGGED | CATCH_ALL, max_size=4).map(tuple),
    Immediate.HANDLERS: st.lists(st.builds(Handler, U32, st.none() | U32), max_size=4).map(tuple),
    Immediate.FENCE: st.just(0),
    Immediate.I32: st.integers(-64, 63) | st.integers(-(2**31), 2**31 - 1),
    Immediate.I64: st.integers(-64, 63) | st.integers(-(2**63), 2**63 - 1),
    Immediate.F32: st.integers(0, 2**32 - 1),
    Immediate.F64: st.integers(0, 2**64 - 1),
    Immediate.V128: st.binary(min_size=16, max_size=16),
}


def immediates_of(instruction: Instruction) -> st.SearchStrategy[Any]:
    nullable = instruction.name == "ref.null" or instruction.name.endswith("_null")
    parts = [
        references(st.just(nullable)) if kind is Immediate.HEAP_TYPE else IMMEDIATES.get(kind, U32)
        for kind in instruction.immediates
    ]
    if not parts:
        return st.none()
    return parts[0] if len(parts) == 1 else st.tuples(*parts)


@st.composite
def instruction_with_immediates(draw: st.DrawFn) -> tuple[Instruction, Any]:
    instruction = draw(st.sampled_from(INSTRUCTIONS))
    return instruction, draw(immediates_of(instruction))


@pytest.mark.parametrize("instruction", INSTRUCTIONS, ids=lambda i: i.name)
def test_every_instruction_comes_back_and_no_part_of_it_is_enough(instruction: Instruction) -> None:
    @settings(max_examples=10 if instruction.immediates else 1, deadline=None)
    @given(immediates_of(instruction), st.sampled_from([0, 7, 1 << 40]))
    def check(immediates: Any, offset: int) -> None:
        encoded = write_instructions([(instruction, immediates)])
        assert list(read_instructions(encoded, offset)) == [(instruction, immediates, offset)]
        for size in range(1, len(encoded)):
            with pytest.raises(DecodeError, match="unexpected end") as caught:
                list(read_instructions(encoded[:size], offset))
            assert caught.value.offset == offset + size

    check()


@settings(deadline=None)
@given(st.lists(instruction_with_immediates(), max_size=20), st.integers(0, 1 << 20))
def test_sequences_come_back_with_their_positions(instructions: list[tuple[Instruction, Any]], offset: int) -> None:
    out = bytearray()
    expected = []
    for instruction, immediates in instructions:
        expected.append((instruction, immediates, offset + len(out)))
        write_instruction(out, instruction, immediates)
    assert list(read_instructions(bytes(out), offset)) == expected


LONGER = {
    "local.get": (b"\x20\x85\x80\x80\x80\x00", 5),
    "i32.const": (b"\x41\xff\xff\xff\xff\x7f", -1),
    "i64.const": (b"\x42\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", -1),
    "i32.load": (b"\x28\x82\x80\x80\x80\x00\x83\x80\x80\x80\x80\x80\x80\x80\x80\x00", MemArg(2, 3)),
    "br_table": (b"\x0e\x81\x00\x82\x00\x83\x00", (2, 3)),
    "block": (b"\x02\x85\x00", 5),
    "ref.null": (b"\xd0\x85\x00", RefType(True, 5)),
    "i32.trunc_sat_f64_u": (b"\xfc\x83\x80\x80\x80\x00", None),
}


@pytest.mark.parametrize("name", LONGER)
def test_numbers_in_more_bytes_than_they_need(name: str) -> None:
    encoded, immediates = LONGER[name]
    assert [(i.name, value) for i, value, _ in read_instructions(encoded)] == [(name, immediates)]


def test_bytes_that_are_no_instruction() -> None:
    illegal = [code for code in range(256) if (None, code) not in BY_CODE and code not in PREFIXES]
    assert 0xFF in illegal
    for code in illegal:
        with pytest.raises(DecodeError) as caught:
            list(read_instructions(bytes([0x01, code, 0x00, 0x0B]), 10))
        assert caught.value.message == f"illegal opcode {code:02x}"
        assert caught.value.offset == 11


@pytest.mark.parametrize("prefix", sorted(PREFIXES))
def test_second_parts_that_are_no_instruction(prefix: int) -> None:
    for code in range(600):
        if (prefix, code) not in BY_CODE:
            encoded = bytes([prefix, code & 0x7F | 0x80, code >> 7])
            with pytest.raises(DecodeError) as caught:
                list(read_instructions(encoded, 10))
            assert caught.value.message == f"illegal opcode {prefix:02x} {code:02x}"
            assert caught.value.offset == 10


MALFORMED = [
    ("malformed memop flags", b"\x28\x80\x01\x00", 1),
    ("malformed memop flags", b"\x28\xff\xff\xff\xff\x0f\x00", 1),
    ("integer too large", b"\x28\x02\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11),
    ("malformed value type", b"\x02\x41", 1),
    ("malformed value type", b"\x02\x60", 1),
    ("integer representation too long", b"\x02\xc0\x7f", 1),
    ("integer representation too long", b"\xd0\xf0\x7f", 1),
    ("malformed heap type", b"\xd0\x7f", 1),
    ("malformed heap type", b"\x02\x63\x7f", 2),
    ("malformed value type", b"\x1c\x01\x40", 2),
    ("malformed catch clause", b"\x1f\x40\x01\x04\x00", 3),
    ("malformed br_on_cast flags", b"\xfb\x18\x04\x00\x6e\x6e", 2),
    ("malformed handler clause", b"\xe3\x00\x01\x02\x00", 3),
    ("zero byte expected", b"\xfe\x03\x01", 2),
    ("integer too large", b"\x41\xff\xff\xff\xff\x0f", 5),
    ("integer too large", b"\x20\xff\xff\xff\xff\x1f", 5),
    ("integer representation too long", b"\x10\x80\x80\x80\x80\x80\x00", 5),
]


@pytest.mark.parametrize(("message", "encoded", "at"), MALFORMED)
def test_malformed_immediates(message: str, encoded: bytes, at: int) -> None:
    with pytest.raises(DecodeError) as caught:
        list(read_instructions(encoded + bytes(20), 100))
    assert caught.value.message == message
    assert caught.value.offset == 100 + at


@pytest.mark.parametrize("encoded", [b"\x0e", b"\x1c", b"\x1f\x40", b"\xe3\x00"])
def test_vectors_that_the_code_has_no_room_for(encoded: bytes) -> None:
    with pytest.raises(DecodeError, match="unexpected end"):
        list(read_instructions(encoded + b"\xff\xff\xff\xff\x0f" + bytes(100)))


@pytest.mark.parametrize(
    ("name", "immediates"),
    [
        ("local.get", 1 << 32),
        ("i32.const", 1 << 31),
        ("i32.load", MemArg(64, 0)),
        ("i32.load", MemArg(0, 1 << 64)),
        ("v128.const", b"short"),
        ("nop", 0),
    ],
)
def test_immediates_that_can_not_be_written(name: str, immediates: Any) -> None:
    with pytest.raises(WrtError):
        write_instructions([(BY_NAME[name], immediates)])


def test_the_end_of_an_expression_is_the_one_that_closes_no_block() -> None:
    assert read_expression(b"..\x41\x00\x0b\x0b", 2) == 5
    assert read_expression(b"\x02\x40\x04\x40\x05\x0b\x0b\x0b\xff", 0) == 8
    # A `delegate` closes its `try`, as an `end` does.
    assert read_expression(b"\x06\x40\x18\x00\x0b\xff", 0) == 5


def test_an_expression_may_be_nested_deeply() -> None:
    depth = 100_000
    code = b"\x02\x40" * depth + b"\x0b" * (depth + 1)
    assert read_expression(code, 0) == len(code)
    with pytest.raises(DecodeError, match="unexpected end"):
        read_expression(code[:-1], 0)
