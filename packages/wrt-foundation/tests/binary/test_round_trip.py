"""Modules to bytes and back: the one with everything in it, and what the binary format says in two ways."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from wrt_foundation.binary import check_bodies, decode, encode
from wrt_foundation.errors import WrtError
from wrt_foundation.module import DataSegment, ElementSegment, Expression, Mode, Module, Names
from wrt_foundation.types import (
    FUNCREF,
    I32,
    AbstractHeapType,
    ContType,
    FieldType,
    FuncType,
    GlobalType,
    Limits,
    MemoryType,
    RecType,
    RefType,
    StructType,
    SubType,
)

FUNCTIONS = RefType(False, AbstractHeapType.FUNC)
ZERO = Expression(b"\x41\0\x0b")


def test_everything_comes_back(everything: Module) -> None:
    encoded = encode(everything)
    decoded = decode(encoded)
    for field in Module.__dataclass_fields__:
        if not field.startswith("_"):
            assert field == "binary" or getattr(decoded, field) == getattr(everything, field), field
    assert decoded == everything
    assert encode(decoded) == encoded
    assert decoded.binary == encoded
    check_bodies(decoded)


def test_any_bytes_like_object_will_do(everything: Module) -> None:
    encoded = encode(everything)
    assert decode(bytearray(encoded)) == decode(memoryview(encoded)) == everything


def test_positions_are_those_of_the_binary(everything: Module) -> None:
    decoded = decode(encode(everything))
    binary = decoded.binary
    for code in decoded.codes:
        assert binary[code.offset : code.offset + len(code.code)] == code.code
    for custom in decoded.customs:
        assert binary[custom.offset : custom.offset + len(custom.data)] == custom.data
    for global_ in decoded.globals:
        assert binary[global_.init.offset :].startswith(global_.init.code)


def test_modules_compare_by_what_they_say_not_where(everything: Module) -> None:
    decoded = decode(encode(everything))
    longer = decode(encode(replace(everything, types=[*everything.types, everything.types[0]])))
    assert longer != decoded
    assert longer.codes == decoded.codes
    assert [code.offset for code in longer.codes] != [code.offset for code in decoded.codes]


def test_an_empty_module_is_its_header() -> None:
    assert encode(Module()) == b"\0asm\1\0\0\0"
    assert decode(encode(Module())) == Module()


@pytest.mark.parametrize(
    ("segment", "encoded"),
    [
        # flags, then table and offset, kind or type, and the vector
        (ElementSegment(Mode.ACTIVE, FUNCTIONS, (7,), offset=ZERO), "00 41000b 0107"),
        (ElementSegment(Mode.PASSIVE, FUNCTIONS, (7,)), "01 00 0107"),
        (ElementSegment(Mode.ACTIVE, FUNCTIONS, (7,), table=3, offset=ZERO), "02 03 41000b 00 0107"),
        (ElementSegment(Mode.DECLARATIVE, FUNCTIONS, (7,)), "03 00 0107"),
        (ElementSegment(Mode.ACTIVE, FUNCREF, (), (ZERO,), offset=ZERO), "04 41000b 0141000b"),
        (ElementSegment(Mode.PASSIVE, FUNCREF, (), (ZERO,)), "05 70 0141000b"),
        (ElementSegment(Mode.ACTIVE, FUNCREF, (), (), 1, ZERO), "06 01 41000b 70 00"),
        (ElementSegment(Mode.ACTIVE, RefType(False, 5), (), (), 0, ZERO), "06 00 41000b 6405 00"),
        (ElementSegment(Mode.ACTIVE, FUNCTIONS, (), (ZERO,), 0, ZERO), "06 00 41000b 6470 0141000b"),
        (ElementSegment(Mode.DECLARATIVE, FUNCREF, (), (ZERO,)), "07 70 0141000b"),
    ],
)
def test_element_segments_need_no_flags_from_who_makes_them(segment: ElementSegment, encoded: str) -> None:
    contents = bytes.fromhex(encoded)
    binary = encode(Module(elements=[segment]))
    assert binary[8:] == bytes([9, len(contents) + 1, 1]) + contents
    assert replace(decode(binary).elements[0], flags=0) == segment


@pytest.mark.parametrize(
    ("segment", "encoded"),
    [
        (DataSegment(Mode.ACTIVE, b"ab", 0, ZERO), "00 41000b 026162"),
        (DataSegment(Mode.PASSIVE, b"ab"), "01 026162"),
        (DataSegment(Mode.ACTIVE, b"", 1, ZERO), "02 01 41000b 00"),
    ],
)
def test_data_segments_need_no_flags_from_who_makes_them(segment: DataSegment, encoded: str) -> None:
    contents = bytes.fromhex(encoded)
    binary = encode(Module(data=[segment]))
    assert binary[8:] == bytes([11, len(contents) + 1, 1]) + contents
    assert replace(decode(binary).data[0], flags=0) == segment


@pytest.mark.parametrize(
    "module",
    [
        Module(elements=[ElementSegment(Mode.PASSIVE, FUNCREF, (1,))]),
        Module(elements=[ElementSegment(Mode.PASSIVE, FUNCTIONS, (1,), (ZERO,))]),
        Module(elements=[ElementSegment(Mode.ACTIVE, FUNCTIONS, (1,))]),
        Module(elements=[ElementSegment(Mode.PASSIVE, FUNCTIONS, (1,), offset=ZERO)]),
        Module(data=[DataSegment(Mode.ACTIVE, b"")]),
        Module(data=[DataSegment(Mode.PASSIVE, b"", offset=ZERO)]),
        Module(data=[DataSegment(Mode.DECLARATIVE, b"")]),
        Module(memories=[MemoryType(Limits(0), page_size=3)]),
        Module(memories=[MemoryType(Limits(0), page_size=0)]),
        Module(memories=[MemoryType(Limits(1 << 64))]),
        Module(functions=[1 << 32]),
        Module(start=-1),
    ],
)
def test_what_the_format_can_not_say_is_refused(module: Module) -> None:
    with pytest.raises(WrtError):
        encode(module)


def test_closed_types_have_no_binary_form() -> None:
    from wrt_foundation.canonical import defined_function_type

    closed: Any = defined_function_type(FuncType())
    for module in (
        Module(types=[RecType((SubType(FuncType((RefType(True, closed),))),))]),
        Module(types=[RecType((SubType(ContType(closed)),))]),
    ):
        with pytest.raises(TypeError, match="syntactic"):
            encode(module)


def section(id_: int, contents: str) -> bytes:
    data = bytes.fromhex(contents)
    return b"\0asm\1\0\0\0" + bytes([id_, len(data)]) + data


def test_a_group_of_one_comes_back_as_it_was_written() -> None:
    for contents in ("01 60 00 00", "01 4e 01 60 00 00", "02 4e 00 60 00 00"):
        binary = section(1, contents)
        assert encode(decode(binary)) == binary


def test_the_long_form_of_a_type_becomes_the_short_one() -> None:
    # (ref null func) with its nullability spelt out, and a final type without supertypes.
    module = decode(section(1, "01 4f 00 60 01 63 70 00"))
    assert module.types == [RecType((SubType(FuncType((FUNCREF,))),))]
    assert encode(module) == section(1, "01 60 01 70 00")


def test_descriptors() -> None:
    binary = section(1, "01 4e 02 50 00 4d 01 5f 00 50 00 4c 00 5f 01 7f 00")
    (group,) = decode(binary).types
    assert group.subtypes == (
        SubType(StructType(), final=False, descriptor=1),
        SubType(StructType((FieldType(I32),)), final=False, describes=0),
    )
    assert encode(decode(binary)) == binary


def test_custom_sections_stay_where_they_were() -> None:
    custom = b"\0\2\1c"
    for place in range(4):
        parts = [b"\1\4\1\x60\0\0", b"\3\2\1\0", b"\x0a\4\1\2\0\x0b"]
        parts.insert(place, custom)
        binary = b"\0asm\1\0\0\0" + b"".join(parts)
        module = decode(binary)
        assert [c.after for c in module.customs] == [(0, 1, 3, 10)[place]]
        assert encode(module) == binary


def test_custom_sections_keep_their_order_where_empty_sections_vanish() -> None:
    module = decode(b"\0asm\1\0\0\0" + b"\0\2\1a" + b"\1\1\0" + b"\0\2\1b" + b"\3\1\0" + b"\0\2\1c")
    binary = encode(module)
    assert binary == b"\0asm\1\0\0\0" + b"\0\2\1a" + b"\0\2\1b" + b"\0\2\1c"
    assert decode(binary) == module


def test_a_name_section_is_made_of_names_only_where_there_is_none(everything: Module) -> None:
    module = Module()
    module.names.module = "m"
    assert encode(module) == b"\0asm\1\0\0\0" + b"\0\x09\4name" + b"\0\2\1m"
    decoded = decode(encode(everything))
    decoded.names.module = "another"
    assert decode(encode(decoded)).names == Names(module="m")


def test_globals_of_every_value_type(everything: Module) -> None:
    for type_ in (RefType(True, 5, exact=True), RefType(False, AbstractHeapType.NOCONT), RefType(True, 1 << 31)):
        module = Module(globals=[replace(everything.globals[0], type=GlobalType(type_, True))])
        assert decode(encode(module)) == module
