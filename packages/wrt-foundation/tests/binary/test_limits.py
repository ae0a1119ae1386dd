"""Implementation limits: each is enforced, at the number it says, and before anything is allocated."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from dataclasses import replace

import pytest

from wrt_foundation.binary import decode, encode
from wrt_foundation.binary.leb128 import write_unsigned
from wrt_foundation.binary.sections import Section
from wrt_foundation.errors import DecodeError
from wrt_foundation.limits import DEFAULT_LIMITS, ImplementationLimits
from wrt_foundation.module import (
    Code,
    DataSegment,
    ElementSegment,
    Export,
    Expression,
    Global,
    Import,
    Mode,
    Module,
    Table,
)
from wrt_foundation.types import (
    FUNCREF,
    I32,
    I64,
    AbstractHeapType,
    ExternKind,
    FieldType,
    FuncType,
    FuncUse,
    GlobalType,
    Limits,
    MemoryType,
    RecType,
    RefType,
    StructType,
    SubType,
    TableType,
    TagUse,
)

ZERO = Expression(b"\x41\0\x0b")
EMPTY_TYPE = SubType(FuncType())
FUNCTIONS = RefType(False, AbstractHeapType.FUNC)
TABLE = TableType(FUNCREF, Limits(0))
MEMORY = MemoryType(Limits(0))


def imported(type_: FuncUse | TableType | MemoryType | GlobalType | TagUse) -> list[Import]:
    return [Import("", "", type_)]


LIMITED: dict[str, Callable[[int], Module]] = {
    "types": lambda n: Module(types=[RecType((EMPTY_TYPE,))] * n),
    "functions": lambda n: Module(functions=[0] * n, codes=[Code((), b"\x0b")] * n),
    "imports": lambda n: Module(imports=imported(FuncUse(0)) * n),
    "exports": lambda n: Module(exports=[Export("", ExternKind.FUNC, 0)] * n),
    "globals": lambda n: Module(globals=[Global(GlobalType(I32), ZERO)] * n),
    "tags": lambda n: Module(tags=[TagUse(0)] * n),
    "tables": lambda n: Module(tables=[Table(TABLE)] * n),
    "memories": lambda n: Module(memories=[MEMORY] * n),
    "data_segments": lambda n: Module(data=[DataSegment(Mode.PASSIVE, b"")] * n),
    "element_segments": lambda n: Module(elements=[ElementSegment(Mode.PASSIVE, FUNCTIONS)] * n),
    "element_segment_items": lambda n: Module(elements=[ElementSegment(Mode.PASSIVE, FUNCTIONS, (0,) * n)]),
    "struct_fields": lambda n: Module(types=[RecType((SubType(StructType((FieldType(I32),) * n)),))]),
    "parameters": lambda n: Module(types=[RecType((SubType(FuncType((I32,) * n)),))]),
    "results": lambda n: Module(types=[RecType((SubType(FuncType((), (I32,) * n)),))]),
    "locals": lambda n: Module(functions=[0], codes=[Code(((1, I32), (n - 1, I32)), b"\x0b")]),
}

MORE: dict[str, tuple[str, Callable[[int], Module]]] = {
    "types of one group": ("types", lambda n: Module(types=[RecType((EMPTY_TYPE,) * n)])),
    "types of two groups": (
        "types",
        lambda n: Module(types=[RecType((EMPTY_TYPE,) * 2), RecType((EMPTY_TYPE,) * (n - 2))]),
    ),
    "element expressions": (
        "element_segment_items",
        lambda n: Module(elements=[ElementSegment(Mode.PASSIVE, FUNCREF, (), (ZERO,) * n)]),
    ),
    "functions with imports": (
        "functions",
        lambda n: Module(imports=imported(FuncUse(0)), functions=[0] * (n - 1), codes=[Code((), b"\x0b")] * (n - 1)),
    ),
    "tables with imports": ("tables", lambda n: Module(imports=imported(TABLE), tables=[Table(TABLE)] * (n - 1))),
    "memories with imports": ("memories", lambda n: Module(imports=imported(MEMORY), memories=[MEMORY] * (n - 1))),
    "globals with imports": ("globals", lambda n: Module(imports=imported(GlobalType(I32)) * n)),
    "tags with imports": ("tags", lambda n: Module(imports=imported(TagUse(0)), tags=[TagUse(0)] * (n - 1))),
    "locals with parameters": (
        "locals",
        lambda n: Module(
            types=[RecType((SubType(FuncType((I32, I32))),))],
            functions=[0],
            codes=[Code(((n - 2, I32),), b"\x0b")],
        ),
    ),
}

CASES = {name: (name, make) for name, make in LIMITED.items()} | MORE


@pytest.mark.parametrize("case", CASES)
def test_the_limit_is_where_it_says(case: str) -> None:
    limit, make = CASES[case]
    limits: ImplementationLimits = replace(DEFAULT_LIMITS, **{limit: 5})
    assert decode(encode(make(5)), limits)
    with pytest.raises(DecodeError, match="too many .*limit is 5"):
        decode(encode(make(6)), limits)


def test_the_size_of_a_body() -> None:
    limits = replace(DEFAULT_LIMITS, body_size=10)

    def module(size: int) -> bytes:
        return encode(Module(functions=[0], codes=[Code((), b"\x01" * (size - 2) + b"\x0b")]))

    assert decode(module(10), limits)
    with pytest.raises(DecodeError, match="function body too large: 11 bytes, the limit is 10"):
        decode(module(11), limits)


def test_the_size_of_a_module() -> None:
    limits = replace(DEFAULT_LIMITS, module_size=8)
    assert decode(b"\0asm\1\0\0\0", limits) == Module()
    with pytest.raises(DecodeError, match="module too large: 9 bytes, the limit is 8"):
        decode(b"\0asm\1\0\0\0\0", limits)
    with pytest.raises(DecodeError, match="module too large: 12 bytes"):
        decode(memoryview(b"\0asm\1\0\0\0\0\2\1\0").cast("I"), limits)


def test_locals_past_u32_are_malformed_whatever_the_limit() -> None:
    limits = replace(DEFAULT_LIMITS, locals=1 << 40)
    module = Module(functions=[0], codes=[Code(((1 << 31, I32), (1 << 31, I32)), b"\x0b")])
    with pytest.raises(DecodeError) as caught:
        decode(encode(module), limits)
    assert caught.value.message == "too many locals"


def test_locals_count_with_parameters_where_another_function_declared_the_same() -> None:
    limits = replace(DEFAULT_LIMITS, locals=5)
    types = [RecType((SubType(FuncType()),)), RecType((SubType(FuncType((I32, I32))),))]
    same = Code(((2, I32), (2, I64)), b"\x0b")
    assert decode(encode(Module(types=types, functions=[0, 0], codes=[same, same])), limits).codes == [same, same]
    with pytest.raises(DecodeError, match="too many locals: 6 with parameters, the limit is 5"):
        decode(encode(Module(types=types, functions=[0, 1], codes=[same, same])), limits)


VECTORS = [
    (Section.TYPE, ""),
    (Section.TYPE, "01 4e"),
    (Section.TYPE, "01 50"),
    (Section.TYPE, "01 60"),
    (Section.TYPE, "01 60 00"),
    (Section.TYPE, "01 5f"),
    (Section.IMPORT, ""),
    (Section.IMPORT, "01"),
    (Section.FUNCTION, ""),
    (Section.TABLE, ""),
    (Section.MEMORY, ""),
    (Section.TAG, ""),
    (Section.GLOBAL, ""),
    (Section.EXPORT, ""),
    (Section.ELEMENT, ""),
    (Section.ELEMENT, "01 01 00"),
    (Section.ELEMENT, "01 05 70"),
    (Section.CODE, ""),
    (Section.CODE, "01"),
    (Section.CODE, "01 90 03"),
    (Section.DATA, ""),
    (Section.DATA, "01 01"),
]


@pytest.mark.parametrize("count", [2_000, 1 << 20, (1 << 32) - 1])
@pytest.mark.parametrize(("kind", "before"), VECTORS)
def test_a_count_alone_allocates_nothing(kind: Section, before: str, count: int) -> None:
    contents = bytearray.fromhex(before)
    write_unsigned(contents, count)
    contents += bytes(1_000)
    binary = bytearray(b"\0asm\1\0\0\0" + bytes([kind.value]))
    write_unsigned(binary, len(contents))
    binary += contents
    decoded = bytes(binary)
    tracemalloc.start()
    try:
        with pytest.raises(DecodeError):
            decode(decoded)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 200_000
