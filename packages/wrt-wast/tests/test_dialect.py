"""The dialects: each of their liberties, and that the specification's has none of them."""

from __future__ import annotations

import pytest

from wrt_foundation.errors import TextError
from wrt_wast.dialect import Dialect, dialect_for
from wrt_wast.engine import WastEngine
from wrt_wast.text import parse_module

SYNTAX = [
    ("(func (i32.eqz i32.const 1) drop)", "(func i32.const 1 i32.eqz drop)"),
    ("(func (i32.add (i32.const 1) i32.const 2) drop)", "(func i32.const 1 i32.const 2 i32.add drop)"),
    ("(func (drop block (result i32) i32.const 1 end))", "(func block (result i32) i32.const 1 end drop)"),
    ('(data (i8 1 -1) "a" (i16 258))', '(data "\\01\\ffa\\02\\01")'),
    ("(data (f32 1) (i32 -1) (f64 -0))", "(data \"\\00\\00\\80\\3f\\ff\\ff\\ff\\ff\\00\\00\\00\\00\\00\\00\\00\\80\")"),
    ("(memory (data (v128 i64x2 0x61626364 -1)))", '(memory (data "dcba" "\\00\\00\\00\\00" (i64 -1)))'),
]  # fmt: skip


@pytest.mark.parametrize(("text", "meaning"), SYNTAX)
def test_text_beyond_the_specification(text, meaning):
    assert parse_module(text, dialect=Dialect.WASMTIME) == parse_module(meaning, dialect=Dialect.WASMTIME)
    with pytest.raises(TextError, match="unexpected token"):
        parse_module(text)


@pytest.mark.parametrize(
    "text", ["(data (i9 1))", "(data (i8 256))", "(data (i8 $x))", "(elem (i32.const 1 nop) func)"]
)
def test_what_no_dialect_has(text):
    with pytest.raises(TextError):
        parse_module(text, dialect=Dialect.WASMTIME)


SCRIPTS = [
    '(module $m (func (export "f"))) (module (import "m" "f" (func)))',
    '(module (import "wasmtime" "gc" (func)))',
    '(assert_unlinkable (module (memory 0) (data (i32.const 0) "x")) "out of bounds")',
    '(module quote "(func (i32.eqz i32.const 1) drop)")',
    '(assert_invalid (module binary "") "")',
]


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_beyond_the_specification(script):
    assert not WastEngine(dialect=Dialect.WASMTIME).run(script.encode()).failures
    assert len(WastEngine().run(script.encode()).failures) == 1


def test_a_folder_s_name_tells_the_dialect():
    assert dialect_for("peers/wasmtime/gc/x.wast") is Dialect.WASMTIME
    assert dialect_for("peers/wasm-tools/x.wast") is Dialect.WASMTIME
    assert dialect_for("official/wasmtime.wast") is Dialect.STANDARD
    assert dialect_for("") is Dialect.STANDARD


def test_producers_are_a_custom_section_of_wasm_tools():
    text = '(@producers (language "Rust" "1") (sdk "x" "2") (language "C" "")) (func)'
    (section,) = parse_module(text, dialect=Dialect.WASMTIME).customs
    assert (section.name, section.data) == (
        "producers",
        b"\x02\x08language\x02\x04Rust\x011\x01C\x00\x03sdk\x01\x01x\x012",
    )
    assert parse_module(text).customs == []
    for malformed in ("(foo)", '(sdk "a")', '"sdk"', '(sdk "a" "b" "c")', '("a" "b")'):
        with pytest.raises(TextError, match="unexpected token"):
            parse_module(f"(@producers {malformed})", dialect=Dialect.WASMTIME)
