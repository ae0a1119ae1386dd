"""The frame of a module: header, the order of sections, their sizes, and what they must agree on."""

from __future__ import annotations

import itertools

import pytest

from wrt_foundation.binary import check_bodies, decode, encode
from wrt_foundation.binary.leb128 import read_unsigned
from wrt_foundation.binary.sections import ORDER, Section
from wrt_foundation.errors import DecodeError
from wrt_foundation.module import Module

HEADER = b"\0asm\1\0\0\0"
EMPTY: dict[Section, bytes] = {section: b"\0" for section in ORDER if section is not Section.START}
"""The contents of sections that hold nothing."""


def section(kind: Section, contents: bytes) -> bytes:
    return bytes([kind.value, len(contents)]) + contents


def refusal(binary: bytes) -> DecodeError:
    with pytest.raises(DecodeError) as caught:
        check_bodies(decode(binary))
    return caught.value


def test_headers() -> None:
    assert decode(HEADER) == Module()
    for size in range(8):
        assert refusal(HEADER[:size]).message.startswith("unexpected end")
    assert refusal(b"\0asM\1\0\0\0").message == "magic header not detected"
    assert refusal(b"\0asm\2\0\0\0").message == "unknown binary version"
    assert refusal(b"\0asm\x0d\0\1\0").message == "unknown binary version"


def test_sections_come_in_their_order() -> None:
    for first, second in itertools.product(EMPTY, EMPTY):
        binary = HEADER + section(first, EMPTY[first]) + section(second, EMPTY[second])
        if ORDER.index(first) < ORDER.index(second):
            decode(binary)
        else:
            error = refusal(binary)
            assert error.message == "unexpected content after last section"
            assert error.offset == 11


def test_custom_sections_may_stand_anywhere_and_often() -> None:
    custom = section(Section.CUSTOM, b"\1x")
    binary = HEADER + custom + custom.join(section(s, EMPTY[s]) for s in EMPTY) + custom + custom
    assert [c.name for c in decode(binary).customs] == ["x"] * (len(EMPTY) + 2)


@pytest.mark.parametrize("id_", [14, 15, 0x7F, 0x80, 0x81, 0xFF])
def test_unknown_ids(id_: int) -> None:
    error = refusal(HEADER + bytes([id_, 1, 0]))
    assert (error.message, error.offset) == ("malformed section id", 8)


@pytest.mark.parametrize("kind", EMPTY)
def test_sizes_must_be_exact(kind: Section) -> None:
    longer = refusal(HEADER + section(kind, EMPTY[kind] + b"\0"))
    assert longer.message == "section size mismatch"
    assert longer.section == str(kind)
    shorter = refusal(HEADER + bytes([kind.value, 0]) + EMPTY[kind])
    assert shorter.message == "section size mismatch"


def test_sizes_past_the_end() -> None:
    assert refusal(HEADER + b"\1\x05\0").message == "length out of bounds"
    assert refusal(HEADER + b"\1").message.startswith("unexpected end")
    assert refusal(HEADER + b"\0\xff\xff\xff\xff\x0f").message == "length out of bounds"


def test_every_section_cut_at_every_byte(everything: Module) -> None:
    binary = encode(everything)
    cut = set()
    position = 8
    while position < len(binary):
        kind = binary[position]
        size, start = read_unsigned(binary, position + 1)
        position = start + size
        for length in range(size if kind else 0):
            # The section is as long as it says, and the last of the module, but what it holds stops short.
            contents = binary[start : start + length]
            error = refusal(HEADER + bytes([kind, *leb(length)]) + contents)
            assert error.message.startswith("unexpected end") or error.message == "length out of bounds", contents
            cut.add(kind)
    assert cut == {section.value for section in ORDER}


def test_custom_sections_have_names() -> None:
    for contents in (b"", b"\2x", b"\x80"):
        error = refusal(HEADER + section(Section.CUSTOM, contents) + b"\1\1\0")
        assert error.message.startswith("unexpected end") or error.message == "length out of bounds"
        assert error.section == "custom"
    error = refusal(HEADER + section(Section.CUSTOM, b"\1\xff"))
    assert (error.message, error.offset) == ("malformed UTF-8 encoding", 10)


@pytest.mark.parametrize(
    "name",
    [b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\x80", b"\xf8\x88\x80\x80\x80"],
    ids=["overlong", "surrogate", "past U+10FFFF", "cut", "continuation", "five bytes"],
)
def test_names_are_utf8(name: bytes) -> None:
    vector = bytes([len(name)]) + name
    for contents in (b"\1" + vector + b"\0\0\0", b"\1\0" + vector + b"\0\0"):
        assert refusal(HEADER + section(Section.IMPORT, contents)).message == "malformed UTF-8 encoding"
    assert refusal(HEADER + section(Section.EXPORT, b"\1" + vector + b"\0\0")).message == "malformed UTF-8 encoding"


TYPE = section(Section.TYPE, b"\1\x60\0\0")
FUNCTIONS = section(Section.FUNCTION, b"\2\0\0")


def code(*bodies: bytes) -> bytes:
    contents = b"".join(bytes([len(body)]) + body for body in bodies)
    return section(Section.CODE, bytes([len(bodies)]) + contents)


def test_functions_and_bodies_are_as_many() -> None:
    message = "function and code section have inconsistent lengths"
    body = b"\0\x0b"
    assert len(decode(HEADER + TYPE + FUNCTIONS + code(body, body)).codes) == 2
    for binary in (TYPE + FUNCTIONS, TYPE + FUNCTIONS + code(body), TYPE + FUNCTIONS + code(body, body, body)):
        assert refusal(HEADER + binary).message == message


def test_segments_are_as_many_as_counted() -> None:
    message = "data count and data section have inconsistent lengths"
    count, data = section(Section.DATA_COUNT, b"\1"), section(Section.DATA, b"\1\1\0")
    assert decode(HEADER + count + data).data_count == 1
    for binary in (count, section(Section.DATA_COUNT, b"\2") + data, section(Section.DATA_COUNT, b"\0") + data):
        assert refusal(HEADER + binary).message == message


def bodies(*instructions: bytes) -> bytes:
    return HEADER + TYPE + FUNCTIONS + code(*(b"\0" + each for each in instructions), b"\0\x0b")


MALFORMED_BODIES = [
    ("section size mismatch", b"\x0b\x01\x0b"),
    ("section size mismatch", b"\x0b\x0b"),
    ("END opcode expected", b"\x05\x0b\x0b"),
    ("END opcode expected", b"\x02\x40\x05\x0b\x0b"),
    ("END opcode expected", b"\x04\x40\x05\x05\x0b\x0b"),
    ("END opcode expected", b"\x07\x00\x0b"),
    ("END opcode expected", b"\x02\x40\x19\x0b\x0b"),
    ("END opcode expected", b"\x06\x40\x19\x07\x00\x0b\x0b"),
    ("END opcode expected", b"\x06\x40\x07\x00\x18\x00\x0b"),
    ("END opcode expected", b"\x18\x00\x0b"),
    ("unexpected end of section or function", b"\x02\x40\x0b"),
    ("illegal opcode ff", b"\xff\x00\x0b"),
    ("data count section required", b"\xfc\x08\x00\x00\x0b"),
    ("data count section required", b"\xfc\x09\x00\x0b"),
    ("data count section required", b"\xfb\x09\x00\x00\x0b"),
    ("data count section required", b"\xfb\x12\x00\x00\x0b"),
]


@pytest.mark.parametrize(("message", "instructions"), MALFORMED_BODIES)
def test_malformed_bodies_are_found_when_they_are_read(message: str, instructions: bytes) -> None:
    binary = bodies(instructions)
    module = decode(binary)
    with pytest.raises(DecodeError) as caught:
        check_bodies(module)
    assert caught.value.message == message
    start = module.codes[0].offset
    assert start <= (caught.value.offset or 0) <= start + len(instructions)


WELL_FORMED_BODIES = [
    b"\x04\x40\x05\x0b\x0b",
    b"\x06\x40\x07\x00\x07\x00\x19\x0b\x0b",
    b"\x06\x40\x18\x00\x0b",
    b"\x06\x40\x02\x40\x0b\x18\x00\x0b",
    b"\x1f\x40\x00\x0b\x0b",
]


@pytest.mark.parametrize("instructions", WELL_FORMED_BODIES)
def test_well_formed_bodies(instructions: bytes) -> None:
    check_bodies(decode(bodies(instructions)))


@pytest.mark.parametrize(
    ("message", "following"),
    [
        ("unexpected end of section or function", b""),
        ("section size mismatch", b"\x0b\x01\x00"),
        ("unexpected end of section or function", b"\x00\x02\x01\x0b"),
        ("END opcode expected", b"\x05\x01\x00"),
    ],
)
def test_a_body_without_an_end_is_refused_at_once(message: str, following: bytes) -> None:
    binary = HEADER + TYPE + section(Section.FUNCTION, b"\1\0") + code(b"\0\x41\0\x1a") + following
    with pytest.raises(DecodeError) as caught:
        decode(binary)
    assert caught.value.message == message


def test_bodies_may_be_nested_deeply() -> None:
    depth = 100_000
    instructions = b"\x02\x40" * depth + b"\x0b" * (depth + 1)
    contents = b"\1" + leb(len(instructions) + 1) + b"\0" + instructions
    binary = HEADER + TYPE + section(Section.FUNCTION, b"\1\0") + b"\x0a" + leb(len(contents)) + contents
    check_bodies(decode(binary))


def test_constant_expressions_may_be_nested_deeply_for_all_that_decoding_cares() -> None:
    depth = 100_000
    expression = b"\x02\x40" * depth + b"\x0b" * (depth + 1)
    contents = b"\1\x7f\0" + expression
    module = decode(HEADER + b"\6" + leb(len(contents)) + contents)
    assert module.globals[0].init.code == expression


def leb(value: int) -> bytes:
    return bytes([value & 0x7F | 0x80, value >> 7 & 0x7F | 0x80, value >> 14 & 0x7F | 0x80, value >> 21])


MALFORMED_CONTENTS = [
    ("malformed definition type", Section.TYPE, "01 5c"),
    ("malformed definition type", Section.TYPE, "01 4e 01 4e 00"),
    ("malformed definition type", Section.TYPE, "01 50 00 50 00 60 00 00"),
    ("malformed definition type", Section.TYPE, "01 4d 00 4c 00 5f 00"),
    ("integer representation too long", Section.TYPE, "01 e0 7f 00 00"),
    ("malformed value type", Section.TYPE, "01 60 01 40 00"),
    ("malformed value type", Section.TYPE, "01 60 01 78 00"),
    ("malformed heap type", Section.TYPE, "01 60 01 64 7f 00"),
    ("malformed storage type", Section.TYPE, "01 5e 76 00"),
    ("malformed storage type", Section.TYPE, "01 5e 62 00 00"),
    ("malformed mutability", Section.TYPE, "01 5f 01 7f 02"),
    ("integer representation too long", Section.TYPE, "01 5d c0 7f"),
    ("malformed import kind", Section.IMPORT, "01 00 00 05 00"),
    ("malformed import kind", Section.IMPORT, "01 00 00 21 00"),
    ("malformed limits flags", Section.TABLE, "01 70 02 00"),
    ("malformed limits flags", Section.TABLE, "01 70 08 00 00"),
    ("malformed reference type", Section.TABLE, "01 7f 00 00"),
    ("zero byte expected", Section.TABLE, "01 40 01 70 00 00 d0 70 0b"),
    ("malformed limits flags", Section.MEMORY, "01 10 00"),
    ("malformed limits flags", Section.MEMORY, "01 81 00 00 00"),
    ("invalid custom page size", Section.MEMORY, "01 08 00 41"),
    ("integer too large", Section.MEMORY, "01 00 82 80 80 80 80 80 80 80 80 10"),
    ("zero byte expected", Section.TAG, "01 01 00"),
    ("malformed mutability", Section.GLOBAL, "01 7f 02 41 00 0b"),
    ("malformed value type", Section.GLOBAL, "01 78 00 41 00 0b"),
    ("illegal opcode ff", Section.GLOBAL, "01 7f 00 ff 0b"),
    ("END opcode expected", Section.GLOBAL, "01 7f 00 05 0b"),
    ("unexpected end of section or function", Section.GLOBAL, "01 7f 00 41 00"),
    ("malformed export kind", Section.EXPORT, "01 00 05 00"),
    ("malformed export kind", Section.EXPORT, "01 00 20 00"),
    ("malformed elements segment kind", Section.ELEMENT, "01 08 00"),
    ("malformed element kind", Section.ELEMENT, "01 01 01 00"),
    ("malformed reference type", Section.ELEMENT, "01 05 7f 00"),
    ("malformed data segment kind", Section.DATA, "01 03 00"),
    ("unexpected end of section or function", Section.DATA, "01 01 01"),
    ("length out of bounds", Section.DATA, "01 01 02"),
]


@pytest.mark.parametrize(("message", "kind", "contents"), MALFORMED_CONTENTS)
def test_malformed_contents(message: str, kind: Section, contents: str) -> None:
    error = refusal(HEADER + section(kind, bytes.fromhex(contents)))
    assert (error.message, error.section) == (message, str(kind))
