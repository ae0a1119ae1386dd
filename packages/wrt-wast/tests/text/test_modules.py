"""Modules: every field with its abbreviations, identifiers and their scopes, type uses, names."""

from __future__ import annotations

import pytest

from wrt_foundation.binary import decode, encode
from wrt_foundation.errors import DecodeError, TextError
from wrt_foundation.features import MVP
from wrt_foundation.module import Import, Mode, Module
from wrt_foundation.types import (
    EXTERNREF,
    I32,
    I64,
    AbstractHeapType,
    ArrayType,
    ContType,
    ExternKind,
    FieldType,
    FuncType,
    FuncUse,
    GlobalType,
    Limits,
    MemoryType,
    PackedType,
    RefType,
    StructType,
    SubType,
    TableType,
    TagUse,
)
from wrt_wast.text import parse_module


def same(one: str, other: str) -> None:
    """Both texts are the same module."""
    assert parse_module(one) == parse_module(other)


def refused(text: str) -> str:
    with pytest.raises(TextError) as caught:
        parse_module(text)
    return caught.value.message


def without_names(module: Module) -> Module:
    module.customs = [custom for custom in module.customs if custom.name != "name"]
    return module


def test_a_module_may_be_bare_fields_or_nothing():
    same("(module)", "")
    same('(module (func (export "f")))', '(func (export "f"))')
    assert parse_module("") == Module()


def test_binary_and_quoted_modules():
    same('(module quote "(func" " $f)")', "(func $f)")
    assert parse_module(r'(module $m binary "\00asm" "\01\00\00\00")') == Module()
    with pytest.raises(DecodeError, match="unexpected end"):
        parse_module(r'(module binary "\00asm")')
    assert refused(r'(module quote "\ff")') == "malformed UTF-8 encoding"


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ('(func $f (export "a") (export "b"))', '(func $f) (export "a" (func $f)) (export "b" (func 0))'),
        (
            '(func (export "a") (import "m" "n") (param i32))',
            '(import "m" "n" (func (param i32))) (export "a" (func 0))',
        ),
        ('(memory $m (import "m" "n") 1 2 shared)', '(import "m" "n" (memory $m 1 2 shared))'),
        ('(table (import "m" "n") 1 funcref)', '(import "m" "n" (table 1 funcref))'),
        ('(global (import "m" "n") (mut i32))', '(import "m" "n" (global (mut i32)))'),
        ('(tag (import "m" "n") (param i32))', '(import "m" "n" (tag (param i32)))'),
        (
            '(func (import "m" "n") (exact (type 0))) (type (func))',
            '(import "m" "n" (func (exact (type 0)))) (type (func))',
        ),
        ('(memory (data "ab" "c"))', '(memory 1 1) (data (i32.const 0) "abc")'),
        ("(memory i64 (data))", "(memory i64 0 0) (data (i64.const 0))"),
        ('(memory (pagesize 1) (data "abc"))', '(memory 3 3 (pagesize 1)) (data (i32.const 0) "abc")'),
        (
            "(table funcref (elem $f 0)) (func $f)",
            "(table 2 2 funcref) (elem (i32.const 0) func 0 0) (func)",
        ),
        (
            "(table i64 funcref (elem (ref.null func)))",
            "(table i64 1 1 funcref) (elem (i64.const 0) funcref (item ref.null func))",
        ),
        (
            "(table 1 funcref) (elem (i32.const 0) $f) (func $f)",
            "(table 1 funcref) (elem (offset i32.const 0) func 0) (func)",
        ),
        (
            "(table 1 funcref) (elem 0 (i32.const 0) $f) (func $f)",
            "(table 1 funcref) (elem (i32.const 0) func 0) (func)",
        ),
        (
            "(func (param i32 i64) (param) (result i32) (result i64))",
            "(func (param i32) (param $x i64) (result i32 i64))",
        ),
        (
            "(func (local i32 i32) (local i32) (local i64))",
            "(func (local $a i32) (local $b i32) (local i32) (local i64))",
        ),
        ("(type (func))", "(type (sub final (func)))"),
        ("(type (func (param $x i32) (param $x i32)))", "(type (func (param i32 i32)))"),
        ('(import "" "" (func (param $x i32) (param $x i32)))', '(import "" "" (func (param i32 i32)))'),
        ("(tag (param $x i32) (param $x i32))", "(tag (param i32 i32))"),
        ("(type (struct (field i32 (mut i8)) (field)))", "(type (struct (field $a i32) (field $b (mut i8))))"),
    ],
)
def test_abbreviations(short, long):
    same(short, long)


def test_types_of_every_form():
    module = parse_module("""
        (type $f (func (param i32) (result (ref null $s))))
        (rec (type $s (sub (struct (field $a (mut i16)) (field externref))))
             (type $t (sub final $s (struct (field (mut i16)) (field externref) (field v128)))))
        (rec)
        (type $a (array (mut (ref $a))))
        (type $c (cont $f))
        (rec (type $d (descriptor $e) (struct)) (type $e (sub (describes $d) (struct))))
        (type (func (param (ref exn) nullref (ref null (exact $s)))))
    """)
    struct = StructType((FieldType(PackedType.I16, True), FieldType(EXTERNREF)))
    assert module.subtypes == [
        SubType(FuncType((I32,), (RefType(True, 1),))),
        SubType(struct, final=False),
        SubType(StructType((*struct.fields, FieldType(module.subtypes[2].composite.fields[2].storage))), (1,)),
        SubType(ArrayType(FieldType(RefType(False, 3), True))),
        SubType(ContType(0)),
        SubType(StructType(), descriptor=6),
        SubType(StructType(), final=False, describes=5),
        SubType(
            FuncType(
                (
                    RefType(False, AbstractHeapType.EXN),
                    RefType(True, AbstractHeapType.NONE),
                    RefType(True, 1, exact=True),
                )
            )
        ),
    ]
    assert [(len(group.subtypes), group.explicit) for group in module.types] == [
        (1, False), (2, True), (0, True), (1, False), (1, False), (2, True), (1, False)
    ]  # fmt: skip
    assert without_names(decode(encode(module))) == module


def test_imports_of_every_kind():
    module = parse_module("""
        (import "a" "f" (func $f (param $x i32)))
        (import "a" "t" (table i64 1 0xffff_ffff_ffff_ffff (ref null extern)))
        (import "a" "m" (memory 1 2 shared (pagesize 1)))
        (import "a" "\\u{e9}" (global (mut i64)))
        (import "" "" (tag (type 0)))
    """)
    assert module.imports == [
        Import("a", "f", FuncUse(0)),
        Import("a", "t", TableType(EXTERNREF, Limits(1, (1 << 64) - 1), I64)),
        Import("a", "m", MemoryType(Limits(1, 2), shared=True, page_size=1)),
        Import("a", "é", GlobalType(I64, True)),
        Import("", "", TagUse(0)),
    ]


def test_implicit_types_are_reused_and_appended_in_order_of_their_uses():
    module = parse_module("""
        (func (result i32) (call_indirect (param f32)) (block (param i64)) unreachable)
        (func (param i64))
        (type (func (param f64)))
        (func (param f64) (result i32))
        (table 0 funcref)
    """)
    functions = [sub.composite for sub in module.subtypes]
    assert [str(f) for f in functions] == ["[f64] -> []", "[] -> [i32]", "[f32] -> []", "[i64] -> []", "[f64] -> [i32]"]
    assert module.functions == [1, 3, 4]


def test_only_a_type_that_is_nothing_but_the_function_type_is_reused():
    module = parse_module("(type (sub (func))) (rec (type (func)) (type (func))) (func) (rec (type (func))) (func)")
    assert module.functions == [3, 3]


def test_segments_of_every_mode():
    module = parse_module("""
        (table $t 9 funcref) (table $u 9 externref) (memory $m 1) (memory $n 1)
        (elem $p func 0 $f) (elem declare func $f) (elem (table $u) (i32.const 1) externref (ref.null extern))
        (elem (offset (i32.const 1) (i32.const 1) i32.add) (ref null func) (item ref.func $f) (ref.null func))
        (elem externref) (elem declare funcref (ref.func $f)) (elem (i32.const 0))
        (data $d "a\\00" "b") (data (memory $n) (offset i32.const 4) "c") (data 1 (i32.const 4))
        (func $f)
    """)
    assert [(s.mode, s.table, len(s), s.flags) for s in module.elements] == [
        (Mode.PASSIVE, 0, 2, 1), (Mode.DECLARATIVE, 0, 1, 3), (Mode.ACTIVE, 1, 1, 6), (Mode.ACTIVE, 0, 2, 4),
        (Mode.PASSIVE, 0, 0, 5), (Mode.DECLARATIVE, 0, 1, 7), (Mode.ACTIVE, 0, 0, 0),
    ]  # fmt: skip
    assert [(s.mode, s.memory, s.data, s.flags) for s in module.data] == [
        (Mode.PASSIVE, 0, b"a\0b", 1), (Mode.ACTIVE, 1, b"c", 2), (Mode.ACTIVE, 1, b"", 2),
    ]  # fmt: skip
    assert without_names(decode(encode(module))) == module


def test_a_data_count_is_there_when_a_body_needs_it():
    assert parse_module('(memory 1) (data "")').data_count is None
    assert parse_module('(memory 1) (data "") (func data.drop 0)').data_count == 1


def test_identifiers_may_be_used_before_they_are_bound():
    module = parse_module("""
        (export "f" (func $f)) (start $f) (elem $e (table $t) (i32.const 0) func $f)
        (func $f (type $sig) call $g elem.drop $e (struct.new $s) drop)
        (func $g (global.get $x) drop) (table $t 1 funcref) (global $x i32 (i32.const 1))
        (type $sig (func)) (type $s (struct (field (ref null $sig))))
    """)
    assert module.start == 0
    assert module.exports[0].kind is ExternKind.FUNC


def test_identifiers_become_names_and_annotations_override_them():
    names = parse_module("""
        (module $m (@name "The Module")
          (type $t (func)) (type $s (struct (field $fx i32) (field (@name "fy") i32)))
          (func $f (@name "eff") (param $p i32) (local i32) (local (@name "loc") i32) (local $l i32)
            block $b loop $c (@name "see") end end block $b end)
          (memory $mem 1) (table $tab 1 funcref) (global $g i32 (i32.const 0)) (tag $e) (elem $el func) (data $d ""))
    """).names
    assert names.module == "The Module"
    assert names.types == {0: "t", 1: "s"}
    assert names.fields == {1: {0: "fx", 1: "fy"}}
    assert names.functions == {0: "eff"}
    assert names.locals == {0: {0: "p", 2: "loc", 3: "l"}}
    assert names.labels == {0: {0: "b", 1: "see", 2: "b"}}
    assert (names.memories, names.tables, names.globals, names.tags) == ({0: "mem"}, {0: "tab"}, {0: "g"}, {0: "e"})
    assert (names.elements, names.data) == ({0: "el"}, {0: "d"})


def test_a_segment_whose_table_or_memory_is_named_says_so_in_the_binary():
    module = parse_module(
        "(table 1 funcref) (memory 1) (elem (table 0) (i32.const 0) func) (data (memory 0) (i32.const 0))"
    )
    assert (module.elements[0].flags, module.data[0].flags) == (2, 2)
    short = parse_module("(table 1 funcref) (memory 1) (elem (i32.const 0) func) (data (i32.const 0))")
    assert (short.elements[0].flags, short.data[0].flags) == (0, 0)


def test_custom_sections_go_where_they_are_put():
    module = parse_module("""
        (@custom "end" "1" "\\02") (func) (@custom "first" (before first)) (@custom "a" (after func) "x")
        (@custom "b" (before code)) (@custom "last" (after last))
    """)
    assert [(c.name, c.data, c.after) for c in module.customs] == [
        ("end", b"1\x02", 11), ("first", b"", 0), ("a", b"x", 3), ("b", b"", 12), ("last", b"", 11),
    ]  # fmt: skip
    placed = decode(encode(module)).customs
    assert [(c.name, c.after) for c in placed] == [("first", 0), ("a", 3), ("b", 3), ("end", 10), ("last", 10)]


def test_branch_hints_become_their_custom_section():
    module = parse_module("""
        (import "" "" (func))
        (func (param i32) (local i32 i64)
          (@metadata.code.branch_hint "\\01") (if (local.get 0) (then))
          (block (local.get 0) (@metadata.code.branch_hint "\\00") br_if 0))
    """)
    (section,) = module.customs
    # One function, index 1; two hints; the offsets count from the five bytes that declare locals.
    assert (section.name, section.data) == ("metadata.code.branch_hint", bytes([1, 1, 2, 7, 1, 1, 14, 1, 0]))
    code = module.codes[0].code
    assert (code[7 - 5], code[14 - 5]) == (0x04, 0x0D)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("(func $f) (func $f)", "duplicate func identifier $f"),
        ("(func (param $x i32) (local $x i32))", "duplicate local identifier $x"),
        ("(type (struct (field $x i32) (field $x i32)))", "duplicate field identifier $x"),
        ("(rec (type $a (func)) (type $a (func)))", "duplicate type identifier $a"),
        ('(memory $m 1) (import "" "" (memory $m 1))', "duplicate memory identifier $m"),
        ('(func) (import "" "" (func))', "import after function"),
        ('(func) (memory (import "" "") 1)', "import after function"),
        ('(table 0 funcref) (import "" "" (func))', "import after table"),
        ('(global i32 (i32.const 0)) (func (export "x") (import "" ""))', "import after global"),
        ('(memory 0) (import "" "" (func))', "import after memory"),
        ('(tag) (import "" "" (func))', "import after tag"),
        ("(func $f) (start $f) (start $f)", "multiple start sections"),
        ("(start $f)", "unknown function $f"),
        ("(func (type $t))", "unknown type $t"),
        ("(type $t (func)) (func (type $t) (param i32))", "inline function type"),
        ("(type $t (func (param i32))) (func (type $t) (result i32) (param i32))", "unexpected token param"),
        ("(memory 1 (pagesize 3))", "invalid custom page size"),
        ("(memory 1 (pagesize 0))", "invalid custom page size"),
        ("(memory 0x1_0000_0000_0000_0000)", "i64 constant out of range"),
        ("(func (export \"a\" 1))", "unexpected token 1"),
        ("(func (result $x i32))", "unexpected token $x"),
        ("(func (param $x i32 i32))", "unexpected token i32"),
        ("(func (local $x i32 i32))", "unexpected token i32"),
        ("(func) )", "unexpected token )"),
        ("(module (func)) (module)", "unexpected token ("),
        ("(module", "unexpected token: the text ends here"),
        ("(func", "unexpected token: the text ends here"),
        ("(foo)", "unknown operator foo"),
        ("(global i32)", ""),
        ("(table 1 funcref) (elem (table 0) (i32.const 0) 0) (func)", "unexpected token 0, expected func"),
        ("(table 1 funcref) (elem (table 0) (i32.const 0))", "unexpected token ), expected func"),
        ("(elem passive func)", "unknown operator passive"),
        ("(import \"a\" (func))", "unexpected token ("),
        ("(import \"a\" \"b\" (type (func)))", "unexpected token type"),
        ("(export \"a\" (elem 0))", "unexpected token elem"),
        ("(export \"\\ff\" (func 0))", "malformed UTF-8 encoding"),
        ("(table 1)", "unexpected token ), expected a reference type"),
        ("(table funcref)", "unexpected token ), expected '(elem'"),
        ("(type)", "unexpected token ), expected a type definition"),
        ("(type (union))", "unknown operator union"),
        ("(data (i32.const 0) \"a\" 1)", "unexpected token 1"),
        ("(@custom)", "@custom annotation: missing section name"),
        ("(@custom \"x\" (after))", "@custom annotation: malformed section kind"),
        ("(@custom \"x\" (aft type))", "@custom annotation: malformed placement"),
        ("(@custom \"x\" (after type) here)", "@custom annotation: unexpected token"),
        ("(func (@custom \"x\"))", "misplaced @custom annotation"),
        ("(func) (@name \"x\")", "misplaced @name annotation"),
        ("(module (@name \"a\") (@name \"b\"))", "@name annotation: multiple module"),
        ("(func (@name 1))", "@name annotation: unexpected token"),
        ("(@metadata.code.branch_hint \"\\00\") (func)", "@metadata.code.branch_hint annotation: not in a function"),
        (
            "(func (@metadata.code.branch_hint \"\\00\") (@metadata.code.branch_hint \"\\00\") nop)",
            "@metadata.code.branch_hint annotation: duplicate annotation",
        ),
        ("(func (@metadata.code.branch_hint \"\\02\") nop)", "@metadata.code.branch_hint annotation: invalid hint"),
    ],
)  # fmt: skip
def test_what_is_malformed(text, message):
    if message:
        assert refused(text).startswith(message)
    else:
        # The grammar admits an empty expression; validation does not.
        parse_module(text)


def test_before_64_bit_addresses_limits_had_32_bits():
    assert parse_module("(memory 0x1_0000_0000)").memories[0].limits.minimum == 1 << 32
    with pytest.raises(TextError, match="i32 constant out of range"):
        parse_module("(memory 0x1_0000_0000)", features=MVP)


def test_an_error_names_its_place():
    with pytest.raises(TextError) as caught:
        parse_module("(module\n  (func $f\n    i32.cnst 1))", "dir/x.wat")
    assert str(caught.value) == (
        "dir/x.wat:3:5: unknown operator i32.cnst (did you mean 'i32.const'?)\n      i32.cnst 1))\n      ^"
    )


def test_a_table_of_elements_has_the_tables_type():
    (plain,) = parse_module("(table (ref null func) (elem 0)) (func)").elements
    assert (plain.flags, plain.functions, plain.expressions) == (0, (0,), ())
    (typed,) = parse_module("(type $t (func)) (table (ref null $t) (elem $f)) (func $f)").elements
    assert (typed.flags, typed.type, typed.functions, len(typed.expressions)) == (6, RefType(True, 0), (), 1)


def test_an_error_in_a_long_line_shows_what_is_around_it():
    with pytest.raises(TextError) as caught:
        parse_module("(module " + "(func) " * 1000 + "(fun) " + "(func) " * 1000 + ")")
    first, line, caret = str(caught.value).splitlines()
    assert first == "<text>:1:7010: unknown operator fun (did you mean 'func'?)"
    assert len(line) < 200
    assert line[caret.index("^") :].startswith("fun)")


def test_an_error_at_the_end_names_the_parenthesis_that_is_open():
    assert refused("(module\n (func (nop)\n") == (
        "unexpected token: the text ends here, expected an instruction; the parenthesis at 2:2 is not closed"
    )
