"""`wrt inspect`: everything that is in a module, for people and for programs, whatever the module says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wrt_cli.description import describe
from wrt_foundation.binary import encode
from wrt_foundation.module import Export, Import, Module, Table
from wrt_foundation.types import (
    FUNCREF,
    I32,
    I64,
    ArrayType,
    ExternKind,
    FieldType,
    FuncType,
    FuncUse,
    GlobalType,
    Limits,
    MemoryType,
    PackedType,
    RecType,
    StructType,
    SubType,
    TableType,
    TagUse,
)


def described(invoke, path):
    result = invoke("inspect", "--json", str(path))
    return result, json.loads(result.stdout)


def test_record(invoke, modules):
    result, found = described(invoke, modules("echoing"))
    assert result.exit_code == 0
    assert found["valid"]
    assert found["features"] == ["mvp"]
    assert found["functions"] == {"imported": 2, "defined": 1}
    assert found["imports"][0] == {
        "module": "wasi_snapshot_preview1",
        "name": "fd_read",
        "kind": "func",
        "type": {"index": 0, "params": ["i32"] * 4, "results": ["i32"]},
    }
    assert found["exports"][1]["name"] == "memory"
    assert found["exports"][1]["type"]["minimum"] == 1
    assert found["memories"] == [
        {
            "index": 0,
            "imported": False,
            "type": {"minimum": 1, "maximum": None, "address": "i32", "shared": False, "page_size": 65536},
        }
    ]
    assert found["segments"] == {"elements": 0, "data": 1}


def test_sections_add_up_to_the_file(invoke, modules):
    for name in ("echoing", "trapping", "vectors"):
        path = Path(modules(name))
        _, found = described(invoke, path)
        size = path.stat().st_size
        assert found["bytes"] == size
        assert 8 + sum(section["bytes"] for section in found["sections"]) == size
        position = 8
        for section in found["sections"]:
            assert section["offset"] == position
            position += section["bytes"]


def test_custom_sections_and_names(invoke, modules):
    _, found = described(invoke, modules("vectors"))
    assert found["custom_sections"] == [{"name": "producers", "bytes": 5}]
    assert {"name": "custom", "offset": found["sections"][-1]["offset"], "bytes": 17, "custom": "producers"} == found[
        "sections"
    ][-1]
    _, found = described(invoke, modules("trapping"))
    assert found["name"] == "crasher"


EVERY_KIND = Module(
    types=[
        RecType((SubType(FuncType((I32,), (I64, I64))),)),
        RecType((SubType(StructType((FieldType(PackedType.I8, True), FieldType(I64))), (), False),)),
        RecType((SubType(ArrayType(FieldType(I32))),)),
        RecType((SubType(FuncType((I32,))),)),
    ],
    imports=[
        Import("env", "function", FuncUse(0)),
        Import("env", "table", TableType(FUNCREF, Limits(1, 5))),
        Import("env", "memory", MemoryType(Limits(1, 2), shared=True)),
        Import("env", "global", GlobalType(I32, True)),
        Import("env", "tag", TagUse(3)),
    ],
    memories=[MemoryType(Limits(3), I64, page_size=1)],
    exports=[Export("again", kind, 0) for kind in (ExternKind.FUNC,)],
)


def test_every_kind_for_people(invoke, tmp_path):
    path = tmp_path / "every.wasm"
    path.write_bytes(encode(EVERY_KIND))
    result = invoke("inspect", str(path))
    assert result.exit_code == 0, result.output
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    for line in (
        "0 func (param i32) (result i64 i64)",
        "1 struct open (field (mut i8)) (field i64)",
        "2 array i32",
        "env function func (param i32) (result i64 i64)",
        "env table table 1 to 5 funcref",
        "env memory memory 1 to 2 pages shared",
        "env global global (mut i32)",
        "env tag tag (param i32)",
        "again func 0 (param i32) (result i64 i64)",
        "1 defined 3 or more pages of 1 byte(s), addresses are i64",
        "0 imported 1 to 2 pages shared",
    ):
        assert line in lines, line


def test_the_features_that_are_used(invoke, tmp_path):
    path = tmp_path / "every.wasm"
    path.write_bytes(encode(EVERY_KIND))
    _, found = described(invoke, path)
    assert {"gc", "memory64", "multi-memory", "threads", "custom-page-sizes", "exception-handling"} <= set(
        found["features"]
    )


def test_an_invalid_module_is_shown_and_told(invoke, modules):
    result, found = described(invoke, modules("invalid"))
    assert result.exit_code == 1
    assert not found["valid"]
    assert "type mismatch" in found["error"]
    assert "features" not in found
    result = invoke("inspect", modules("invalid"))
    assert result.exit_code == 1
    assert "no: type mismatch" in result.stdout


def test_indices_that_lead_nowhere_are_described_without_a_type():
    module = Module(
        types=[RecType((SubType(StructType()),))],
        imports=[Import("env", "far", FuncUse(9)), Import("env", "no function", FuncUse(0))],
        exports=[Export("nothing", ExternKind.MEMORY, 7)],
    )
    found = describe(module)
    assert not found["valid"]
    assert [each["type"] for each in found["imports"]] == [{"index": 9}, {"index": 0}]
    assert found["exports"][0]["type"] is None


@pytest.mark.parametrize("as_json", [True, False])
def test_indices_that_lead_nowhere_are_shown(invoke, tmp_path, as_json):
    path = tmp_path / "far.wasm"
    path.write_bytes(
        encode(Module(imports=[Import("env", "far", FuncUse(9))], exports=[Export("x", ExternKind.MEMORY, 7)]))
    )
    result = invoke("inspect", *(["--json"] if as_json else []), str(path))
    assert result.exit_code == 1
    assert not isinstance(result.exception, (IndexError, KeyError))
    assert "far" in result.stdout


def test_a_module_that_was_assembled_from_text_has_sections():
    module = Module(tables=[Table(TableType(FUNCREF, Limits(1)))])
    module.names.module = "named"
    assert [section["name"] for section in describe(module)["sections"]] == ["table", "custom"]


def test_a_malformed_module(invoke, tmp_path):
    path = tmp_path / "bad.wasm"
    path.write_bytes(b"\0asm\1\0\0\0\xff")
    result = invoke("inspect", str(path))
    assert result.exit_code == 1
    assert "malformed section id" in result.stderr


def test_names_can_not_command_the_terminal_or_forge_lines(invoke, tmp_path):
    path = tmp_path / "hostile.wasm"
    names = ["\x1b[2J\x07", "a\nexports (999)", "\u202egnp", "\x9b31m"]
    path.write_bytes(encode(Module(imports=[Import("[bold]m[/bold]", name, GlobalType(I32)) for name in names])))
    result = invoke("inspect", str(path))
    assert result.exit_code == 0
    for character in ("\x1b", "\x07", "\u202e", "\x9b"):
        assert character not in result.stdout
    assert "\nexports (999)" not in result.stdout
    assert "[bold]m[/bold]" in result.stdout
