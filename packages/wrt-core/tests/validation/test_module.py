"""Imports, tables, memories, globals, tags, exports, the start function and segments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from wrt_core.validation import validate
from wrt_foundation.errors import DecodeError, UnsupportedFeature, ValidationError
from wrt_foundation.features import ALL, WASM_2_0, WASM_3_0, Feature
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
    EXTERNREF,
    F32,
    FUNCREF,
    I32,
    I64,
    V128,
    AbstractHeapType,
    ArrayType,
    ExternKind,
    FieldType,
    FuncType,
    FuncUse,
    GlobalType,
    Limits,
    MemoryType,
    NumType,
    RecType,
    RefType,
    StructType,
    SubType,
    TableType,
    TagUse,
)

_ZERO = Expression(b"\x41\x00\x0b")
_ZERO64 = Expression(b"\x42\x00\x0b")
_NON_NULL = RefType(False, AbstractHeapType.FUNC)
_FUNCTION = [
    RecType((SubType(FuncType()),)),
    RecType((SubType(FuncType((), (I32,))),)),
    RecType((SubType(StructType()),)),
]
_BODY = Code((), b"\x0b")


def _memory(minimum: int, maximum: int | None = None, address: NumType = I32, **rest: Any) -> Module:
    return Module(memories=[MemoryType(Limits(minimum, maximum), address, **rest)])


def _table(minimum: int, maximum: int | None = None, address: NumType = I32) -> Module:
    return Module(tables=[Table(TableType(FUNCREF, Limits(minimum, maximum), address))])


def _import(type_: Any) -> Module:
    return Module(types=_FUNCTION, imports=[Import("m", "n", type_)])


def _defined(**fields: Any) -> Module:
    return Module(types=_FUNCTION, functions=[0], codes=[_BODY], **fields)


def _global(type_: GlobalType, *lines: bytes) -> Global:
    return Global(type_, Expression(b"".join(lines) + b"\x0b"))


VALID = {
    "memory of 4 GiB": _memory(0, 65536),
    "64-bit memory of 2^48 pages": _memory(0, 2**48, I64),
    "memory of 2^32-1 bytes": _memory(0, 2**32 - 1, page_size=1),
    "64-bit memory of 2^64-1 bytes": _memory(0, 2**64 - 1, I64, page_size=1),
    "shared memory": _memory(1, 2, shared=True),
    "table of 2^32-1": _table(0, 2**32 - 1),
    "64-bit table of 2^64-1": _table(0, 2**64 - 1, I64),
    "table of functions without null": _defined(
        tables=[Table(TableType(_NON_NULL, Limits(1)), Expression(b"\xd2\x00\x0b"))]
    ),
    "imports of every kind": Module(
        types=_FUNCTION,
        imports=[
            Import("m", "f", FuncUse(0)),
            Import("m", "t", TableType(FUNCREF, Limits(0))),
            Import("m", "m", MemoryType(Limits(0))),
            Import("m", "g", GlobalType(I32, True)),
            Import("m", "e", TagUse(0)),
        ],
        exports=[Export(kind.name, kind, 0) for kind in ExternKind],
        start=0,
    ),
    "global that refers to an earlier one": Module(
        globals=[_global(GlobalType(I32), b"\x41\x00"), _global(GlobalType(I32), b"\x23\x00")]
    ),
    "arithmetic in a constant expression": Module(globals=[_global(GlobalType(I32), b"\x41\x01\x41\x02\x6a")]),
    "passive and declarative segments": _defined(
        elements=[ElementSegment(Mode.PASSIVE, FUNCREF, (0,)), ElementSegment(Mode.DECLARATIVE, FUNCREF, (0,))],
        data=[DataSegment(Mode.PASSIVE, b"")],
    ),
    "offsets of the address type": Module(
        memories=[MemoryType(Limits(1), I64)],
        tables=[Table(TableType(FUNCREF, Limits(1), I64))],
        elements=[ElementSegment(Mode.ACTIVE, FUNCREF, offset=_ZERO64)],
        data=[DataSegment(Mode.ACTIVE, b"", offset=_ZERO64)],
    ),
    "tag with results, for stack switching": Module(types=_FUNCTION, tags=[TagUse(1)]),
}


@pytest.mark.parametrize("module", VALID.values(), ids=VALID)
def test_valid(module: Module) -> None:
    validate(module, features=ALL)


INVALID = {
    "memory past 4 GiB": (_memory(65537), "memory size must be at most 65536 pages (4GiB)"),
    "memory that may grow past 4 GiB": (_memory(0, 65537), "memory size must be at most 65536 pages (4GiB)"),
    "memory past 2^32-1 bytes": (_memory(2**32, page_size=1), "memory size must be at most"),
    "64-bit memory past 2^48 pages": (_memory(2**48 + 1, None, I64), "memory size must be at most"),
    "memory shrinks": (_memory(2, 1), "size minimum must not be greater than maximum"),
    "shared memory without maximum": (_memory(1, shared=True), "shared memory must have maximum"),
    "page size": (_memory(1, page_size=4096), "invalid custom page size"),
    "table past 2^32-1": (_table(0, 2**32), "table size must be at most"),
    "table shrinks": (_table(2, 1), "size minimum must not be greater than maximum"),
    "imported memory past 4 GiB": (_import(MemoryType(Limits(65537))), "memory size must be at most"),
    "imported table shrinks": (_import(TableType(FUNCREF, Limits(2, 1))), "size minimum"),
    "table without null needs a value": (
        Module(tables=[Table(TableType(_NON_NULL, Limits(1)))]),
        "type mismatch: a table of (ref func) needs an initial value",
    ),
    "table's value of another type": (
        Module(tables=[Table(TableType(FUNCREF, Limits(1)), _ZERO)]),
        "type mismatch: end expected funcref, found i32",
    ),
    "table's value refers to a global of the module": (
        Module(
            tables=[Table(TableType(FUNCREF, Limits(1)), Expression(b"\x23\x00\x0b"))],
            globals=[_global(GlobalType(FUNCREF), b"\xd0\x70")],
        ),
        "unknown global 0",
    ),
    "table of an unknown type": (Module(tables=[Table(TableType(RefType(True, 5), Limits(1)))]), "unknown type 5"),
    "import of an unknown type": (_import(FuncUse(9)), "unknown type 9"),
    "import of no function type": (_import(FuncUse(2)), "non-function type 2"),
    "function of an unknown type": (Module(functions=[7], codes=[_BODY]), "unknown type 7"),
    "function of no function type": (Module(types=_FUNCTION, functions=[2], codes=[_BODY]), "non-function type 2"),
    "tag of an unknown type": (Module(tags=[TagUse(0)]), "unknown type 0"),
    "tag of no function type": (Module(types=_FUNCTION, tags=[TagUse(2)]), "non-function type 2"),
    "global of an unknown type": (
        Module(globals=[_global(GlobalType(RefType(True, 4)), b"\xd0\x04")]),
        "unknown type 4",
    ),
    "global of another type": (
        Module(globals=[_global(GlobalType(I64), b"\x41\x00")]),
        "type mismatch: end expected i64",
    ),
    "global without value": (
        Module(globals=[_global(GlobalType(I32))]),
        "type mismatch: end expected i32, found nothing",
    ),
    "global with two values": (Module(globals=[_global(GlobalType(I32), b"\x41\x00\x41\x00")]), "type mismatch"),
    "global that is not constant": (
        Module(globals=[_global(GlobalType(I32), b"\x41\x00\x45")]),
        "constant expression required, not i32.eqz",
    ),
    "block in a constant expression": (
        Module(globals=[_global(GlobalType(I32), b"\x02\x7f\x41\x00\x0b")]),
        "constant expression required, not block",
    ),
    "global that refers to itself": (Module(globals=[_global(GlobalType(I32), b"\x23\x00")]), "unknown global 0"),
    "global that refers to a mutable one": (
        Module(globals=[_global(GlobalType(I32, True), b"\x41\x00"), _global(GlobalType(I32), b"\x23\x00")]),
        "constant expression required: global 0 is mutable",
    ),
    "unknown function exported": (Module(exports=[Export("a", ExternKind.FUNC, 0)]), "unknown function 0"),
    "unknown table exported": (Module(exports=[Export("a", ExternKind.TABLE, 0)]), "unknown table 0"),
    "unknown memory exported": (Module(exports=[Export("a", ExternKind.MEMORY, 0)]), "unknown memory 0"),
    "unknown global exported": (Module(exports=[Export("a", ExternKind.GLOBAL, 0)]), "unknown global 0"),
    "unknown tag exported": (Module(exports=[Export("a", ExternKind.TAG, 0)]), "unknown tag 0"),
    "one name twice": (
        _defined(exports=[Export("a", ExternKind.FUNC, 0), Export("a", ExternKind.FUNC, 0)]),
        'duplicate export name "a"',
    ),
    "unknown start": (Module(start=0), "unknown function 0"),
    "start with results": (
        Module(types=_FUNCTION, imports=[Import("m", "f", FuncUse(1))], start=0),
        "start function must have type [] -> []",
    ),
    "element segment for no table": (
        _defined(elements=[ElementSegment(Mode.ACTIVE, FUNCREF, offset=_ZERO)]),
        "unknown table 0",
    ),
    "element segment's unknown function": (
        _defined(elements=[ElementSegment(Mode.PASSIVE, FUNCREF, (1,))]),
        "unknown function 1",
    ),
    "element segment for another table": (
        Module(
            tables=[Table(TableType(EXTERNREF, Limits(1)))],
            elements=[ElementSegment(Mode.ACTIVE, FUNCREF, offset=_ZERO)],
        ),
        "type mismatch: an element segment's references",
    ),
    "functions in a segment of others": (
        _defined(elements=[ElementSegment(Mode.PASSIVE, EXTERNREF, (0,))]),
        "type mismatch: functions in an element segment of externref",
    ),
    "element segment's offset": (
        Module(
            tables=[Table(TableType(FUNCREF, Limits(1)))],
            elements=[ElementSegment(Mode.ACTIVE, FUNCREF, offset=_ZERO64)],
        ),
        "type mismatch: end expected i32, found i64",
    ),
    "element of another type": (
        Module(elements=[ElementSegment(Mode.PASSIVE, FUNCREF, expressions=(Expression(b"\xd0\x6f\x0b"),))]),
        "type mismatch: end expected funcref, found externref",
    ),
    "element segment without offset": (
        Module(tables=[Table(TableType(FUNCREF, Limits(1)))], elements=[ElementSegment(Mode.ACTIVE, FUNCREF)]),
        "an active element segment has an offset",
    ),
    "data segment for no memory": (Module(data=[DataSegment(Mode.ACTIVE, b"", offset=_ZERO)]), "unknown memory 0"),
    "data segment's offset": (
        Module(memories=[MemoryType(Limits(1))], data=[DataSegment(Mode.ACTIVE, b"", offset=_ZERO64)]),
        "type mismatch: end expected i32, found i64",
    ),
    "data segment without offset": (
        Module(memories=[MemoryType(Limits(1))], data=[DataSegment(Mode.ACTIVE, b"")]),
        "an active data segment has an offset",
    ),
}


@pytest.mark.parametrize(("module", "message"), INVALID.values(), ids=INVALID)
def test_invalid(module: Module, message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        validate(module, features=ALL)
    assert caught.value.message.startswith(message)
    assert caught.value.section is not None


def test_a_tag_has_no_results_without_stack_switching() -> None:
    with pytest.raises(ValidationError, match="^non-empty tag result type"):
        validate(Module(types=_FUNCTION, tags=[TagUse(1)]), features=WASM_3_0)


def test_bodies_for_every_function() -> None:
    with pytest.raises(DecodeError, match="^function and code section have inconsistent lengths"):
        validate(Module(types=_FUNCTION, functions=[0]))


FEATURES = {
    "mutable global imported": (_import(GlobalType(I32, True)), Feature.MUTABLE_GLOBALS),
    "mutable global exported": (
        Module(globals=[_global(GlobalType(I32, True), b"\x41\x00")], exports=[Export("g", ExternKind.GLOBAL, 0)]),
        Feature.MUTABLE_GLOBALS,
    ),
    "two memories": (Module(memories=[MemoryType(Limits(0)), MemoryType(Limits(0))]), Feature.MULTI_MEMORY),
    "two tables": (
        Module(
            imports=[Import("m", "t", TableType(FUNCREF, Limits(0)))], tables=[Table(TableType(FUNCREF, Limits(0)))]
        ),
        Feature.REFERENCE_TYPES,
    ),
    "table of externref": (Module(tables=[Table(TableType(EXTERNREF, Limits(0)))]), Feature.REFERENCE_TYPES),
    "table with a value": (
        Module(tables=[Table(TableType(FUNCREF, Limits(0)), Expression(b"\xd0\x70\x0b"))]),
        Feature.FUNCTION_REFERENCES,
    ),
    "64-bit memory": (_memory(0, None, I64), Feature.MEMORY64),
    "64-bit table": (_table(0, None, I64), Feature.MEMORY64),
    "shared memory": (_memory(0, 0, shared=True), Feature.THREADS),
    "page size": (_memory(0, page_size=1), Feature.CUSTOM_PAGE_SIZES),
    "vector global": (Module(globals=[_global(GlobalType(V128), b"\xfd\x0c" + bytes(16))]), Feature.SIMD),
    "vector parameter": (Module(types=[RecType((SubType(FuncType((V128,))),))]), Feature.SIMD),
    "vector local": (Module(types=_FUNCTION[:1], functions=[0], codes=[Code(((1, V128),), b"\x0b")]), Feature.SIMD),
    "tag": (Module(types=_FUNCTION[:1], tags=[TagUse(0)]), Feature.EXCEPTIONS),
    "tag with results": (Module(types=_FUNCTION[:2], tags=[TagUse(1)]), Feature.STACK_SWITCHING),
    "exact import": (_import(FuncUse(0, exact=True)), Feature.CUSTOM_DESCRIPTORS),
    "arithmetic in a constant expression": (
        Module(globals=[_global(GlobalType(I32), b"\x41\x01\x41\x02\x6a")]),
        Feature.EXTENDED_CONST,
    ),
    "constant expression with a global of the module": (VALID["global that refers to an earlier one"], Feature.GC),
    "passive elements": (_defined(elements=[ElementSegment(Mode.PASSIVE, FUNCREF, (0,))]), Feature.BULK_MEMORY),
    "passive data": (Module(data=[DataSegment(Mode.PASSIVE, b"")]), Feature.BULK_MEMORY),
    "declared elements": (
        _defined(elements=[ElementSegment(Mode.DECLARATIVE, FUNCREF, (0,))]),
        Feature.REFERENCE_TYPES,
    ),
    "element expressions": (
        Module(elements=[ElementSegment(Mode.PASSIVE, FUNCREF, expressions=(Expression(b"\xd0\x70\x0b"),))]),
        Feature.REFERENCE_TYPES,
    ),
}


@pytest.mark.parametrize(("module", "feature"), FEATURES.values(), ids=FEATURES)
def test_features(module: Module, feature: Feature) -> None:
    assert feature in validate(module, features=ALL).features_used
    # A tag is also what the other proposals with exceptions bring.
    others = {Feature.LEGACY_EXCEPTIONS, Feature.STACK_SWITCHING} if feature is Feature.EXCEPTIONS else set()
    if feature is Feature.STACK_SWITCHING:
        with pytest.raises(ValidationError, match="^non-empty tag result type"):
            validate(module, features=ALL - {feature})
        return
    with pytest.raises(UnsupportedFeature) as caught:
        validate(module, features=ALL - {feature} - others)
    assert caught.value.feature == feature.value


def test_a_table_of_functions_needs_no_feature() -> None:
    module = Module(
        types=_FUNCTION[:1],
        functions=[0],
        codes=[_BODY],
        tables=[Table(TableType(FUNCREF, Limits(1)))],
        elements=[ElementSegment(Mode.ACTIVE, _NON_NULL, (0,), offset=_ZERO)],
    )
    assert validate(module).features_used == {Feature.MVP}


@pytest.mark.parametrize(
    "feature", [Feature.EXCEPTIONS, Feature.LEGACY_EXCEPTIONS, Feature.STACK_SWITCHING], ids=lambda f: f.value
)
def test_any_proposal_with_tags_admits_them(feature: Feature) -> None:
    features = validate(Module(types=_FUNCTION[:1], tags=[TagUse(0)]), features=WASM_2_0 | {feature}).features_used
    assert features == {Feature.MVP, feature}


def test_ref_func_needs_a_declaration_outside_of_bodies(check: Callable[..., Any]) -> None:
    line = [("ref.func", 0), "drop"]
    with pytest.raises(ValidationError, match="^undeclared function reference 0"):
        check(*line)
    with pytest.raises(ValidationError, match="^undeclared function reference 0"):
        check(*line, start=0)
    for place in (
        {"exports": [Export("f", ExternKind.FUNC, 0)]},
        {"globals": [_global(GlobalType(FUNCREF), b"\xd2\x00")]},
        {"elements": [ElementSegment(Mode.DECLARATIVE, FUNCREF, (0,))]},
        {"elements": [ElementSegment(Mode.PASSIVE, FUNCREF, expressions=(Expression(b"\xd2\x00\x0b"),))]},
        {"tables": [Table(TableType(FUNCREF, Limits(1)), Expression(b"\xd2\x00\x0b"))]},
    ):
        assert check(*line, **place).declared_functions == {0}


def test_data_instructions_need_the_data_count(check: Callable[..., Any]) -> None:
    data = {"data": [DataSegment(Mode.PASSIVE, b"")], "memories": [MemoryType(Limits(1))]}
    array = {"types": (ArrayType(FieldType(I32, True)),)}
    for line, rest in (
        (("data.drop", 0), data),
        (("memory.init", 0, 0), data),
        (("array.new_data", 1, 0), data | array),
        (("array.init_data", 1, 0), data | array),
    ):
        check("unreachable", line, "unreachable", **rest, data_count=1)
        with pytest.raises(DecodeError, match="^data count section required"):
            check("unreachable", line, "unreachable", **rest)


def test_memories_are_those_of_the_mvp_in_features_used(check: Callable[..., Any]) -> None:
    assert check(
        memories=[MemoryType(Limits(1))], globals=[_global(GlobalType(F32), b"\x43\0\0\0\0")]
    ).features_used == {Feature.MVP}
