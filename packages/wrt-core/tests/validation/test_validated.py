"""What a validated module says about itself, and that it goes to another process."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from wrt_core.validation import ExportType, ImportType, ValidatedModule, validate
from wrt_foundation.binary import decode, encode
from wrt_foundation.features import ALL, WASM_3_0
from wrt_foundation.module import Code, Export, Expression, Global, Import, Module, Table
from wrt_foundation.types import (
    FUNCREF,
    I32,
    I64,
    ExternKind,
    FuncType,
    FuncUse,
    GlobalType,
    Limits,
    MemoryType,
    RecType,
    RefType,
    SubType,
    TableType,
    TagUse,
)

_TO_1 = RefType(True, 1)


def _everything() -> Module:
    return Module(
        types=[RecType((SubType(FuncType((I32,), (I64,))),)), RecType((SubType(FuncType()),))],
        imports=[
            Import("m", "t", TableType(_TO_1, Limits(1))),
            Import("m", "f", FuncUse(0)),
            Import("m", "g", GlobalType(_TO_1, True)),
            Import("m", "e", TagUse(1)),
            Import("m", "h", FuncUse(1)),
        ],
        functions=[1],
        tables=[Table(TableType(FUNCREF, Limits(2)))],
        memories=[MemoryType(Limits(1))],
        tags=[TagUse(1)],
        globals=[Global(GlobalType(I32), Expression(b"\x41\x00\x0b"))],
        exports=[
            Export("own", ExternKind.FUNC, 2),
            Export("table", ExternKind.TABLE, 0),
            Export("again", ExternKind.FUNC, 2),
            Export("global", ExternKind.GLOBAL, 1),
            Export("memory", ExternKind.MEMORY, 0),
            Export("tag", ExternKind.TAG, 1),
        ],
        codes=[Code((), b"\x0b")],
    )


@pytest.fixture
def validated() -> ValidatedModule:
    return validate(_everything())


def test_index_spaces_are_whole_and_closed(validated: ValidatedModule) -> None:
    first, second = validated.types
    closed = RefType(True, second)
    assert validated.functions == [first, second, second]
    assert validated.function_types == [FuncType((I32,), (I64,)), FuncType(), FuncType()]
    assert validated.tables == [TableType(closed, Limits(1)), TableType(FUNCREF, Limits(2))]
    assert validated.memories == [MemoryType(Limits(1))]
    assert validated.globals == [GlobalType(closed, True), GlobalType(I32)]
    assert validated.tags == [second, second]


def test_imports_and_exports_name_closed_types(validated: ValidatedModule) -> None:
    first, second = validated.types
    assert validated.imports == [
        ImportType("m", "t", ExternKind.TABLE, validated.tables[0]),
        ImportType("m", "f", ExternKind.FUNC, first),
        ImportType("m", "g", ExternKind.GLOBAL, validated.globals[0]),
        ImportType("m", "e", ExternKind.TAG, second),
        ImportType("m", "h", ExternKind.FUNC, second),
    ]
    assert validated.exports == [
        ExportType("own", ExternKind.FUNC, second, 2),
        ExportType("table", ExternKind.TABLE, validated.tables[0], 0),
        ExportType("again", ExternKind.FUNC, second, 2),
        ExportType("global", ExternKind.GLOBAL, GlobalType(I32), 1),
        ExportType("memory", ExternKind.MEMORY, MemoryType(Limits(1)), 0),
        ExportType("tag", ExternKind.TAG, second, 1),
    ]


def test_exact_imports_say_so() -> None:
    module = Module(types=[RecType((SubType(FuncType()),))], imports=[Import("m", "f", FuncUse(0, exact=True))])
    assert validate(module, features=ALL).imports[0].exact


def test_function_names(validated: ValidatedModule) -> None:
    assert [validated.function_name(index) for index in range(4)] == ["m.f", "m.h", "own", None]
    named = _everything()
    named.names.functions[2] = "mine"
    assert validate(named).function_name(2) == "mine"


def test_the_hash_is_that_of_the_binary(validated: ValidatedModule) -> None:
    data = encode(_everything())
    decoded = validate(decode(data))
    assert decoded.hash == hashlib.sha256(data).hexdigest()
    assert validated.hash == decoded.hash


def test_it_pickles(validated: ValidatedModule) -> None:
    copy = pickle.loads(pickle.dumps(validated))
    for name in ("module", "types", "functions", "function_types", "tables", "memories", "globals", "tags", "imports"):
        assert getattr(copy, name) == getattr(validated, name)
    assert copy.types[0] is validated.types[0]
    assert copy.features_used == validated.features_used
    assert copy.declared_functions == validated.declared_functions == {2}
    assert copy.changed_tables == validated.changed_tables


def test_a_decoded_module_pickles_with_its_names() -> None:
    module = _everything()
    module.names.functions[2] = "mine"
    copy = pickle.loads(pickle.dumps(validate(decode(encode(module)))))
    assert copy.function_name(2) == "mine"


def test_types_that_refer_to_types_very_deeply_pickle() -> None:
    groups = [RecType((SubType(FuncType()),))]
    groups += [RecType((SubType(FuncType((RefType(True, index),))),)) for index in range(20_000)]
    validated = validate(Module(types=groups), features=WASM_3_0)
    assert pickle.loads(pickle.dumps(validated)).types[-1] is validated.types[-1]


def test_it_shows_what_it_is(validated: ValidatedModule) -> None:
    assert repr(validated) == f"<ValidatedModule {validated.hash[:12]}>"
    named = _everything()
    named.names.module = "spectest"
    assert repr(validate(named)) == "<ValidatedModule spectest>"


def test_the_default_features_are_those_of_the_standard(check: Callable[..., Any], module: Callable[..., Any]) -> None:
    assert validate(module(("i32.const", 0), "drop")).features_used < WASM_3_0
