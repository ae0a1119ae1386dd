"""Printing: the text parses back to the same bytes, flat and folded, and is a pleasure to read."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wrt_foundation.binary import check_bodies, decode, encode
from wrt_foundation.errors import DecodeError, TextError
from wrt_foundation.instructions import INSTRUCTIONS
from wrt_foundation.module import Code, CustomSection, Expression, Global, Module, Names
from wrt_foundation.types import I32, I64, FuncType, GlobalType, RecType, SubType
from wrt_wast.script import parse_script
from wrt_wast.script.directives import AssertTrap, ModuleSource
from wrt_wast.text import parse_module, print_module


def assert_faithful(module: Module) -> None:
    binary = encode(module)
    for folded in (False, True):
        text = print_module(module, folded=folded)
        assert encode(parse_module(text)) == binary, text


def module_of(code: str, locals_: tuple = (), **fields) -> Module:
    """A module with one function of type [] -> [] and that code, in hexadecimal."""
    body = Code(locals_, bytes.fromhex(code))
    return Module(types=[RecType((SubType(FuncType()),))], functions=[0], codes=[body], **fields)


FLAT = """\
(module $m
  (type $t (func (param i32)))
  (type (;1;) (func (param i32) (result i32)))
  (import "a" "b" (func $i (type 1) (param i32) (result i32)))
  (func $f (type 1) (param $a i32) (result i32)
    (local i64 i64)
    (local $l f32)
    local.get $a
    if $x (result i32)
      i32.const -1
      br $x
    else
      local.get $a
      call $i
    end
    f32.const 0x1.8p+3 (;=12;)
    local.set $l
    i32.load8_u offset=4
    block
      unreachable
    end
    i32.const 0
    call_indirect (type $t)
    i32.const 2
  )
  (table (;0;) 1 1 funcref)
  (memory (;0;) 1)
  (global $g (mut i32) (i32.const 5))
  (export "x" (func $f))
  (start 2)
  (elem (;0;) (i32.const 0) func $f)
  (data (;0;) (offset i32.const 1 i32.const 2 i32.add) "a\\00\\"")
)
"""
FOLDED = """\
(module $m
  (type $t (func (param i32)))
  (type (;1;) (func (param i32) (result i32)))
  (import "a" "b" (func $i (type 1) (param i32) (result i32)))
  (func $f (type 1) (param $a i32) (result i32)
    (local i64 i64)
    (local $l f32)
    (i32.load8_u offset=4
      (if $x (result i32)
        (local.get $a)
        (then (i32.const -1) (br $x))
        (else (call $i (local.get $a)))))
    (local.set $l (f32.const 0x1.8p+3 (;=12;)))
    (block (unreachable))
    (call_indirect (type $t) (i32.const 0))
    (i32.const 2)
  )
"""


def test_the_flat_form():
    assert print_module(parse_module(FLAT)) == FLAT


def test_the_folded_form():
    text = FLAT.replace("    f32.const 0x1.8p+3 (;=12;)\n    local.set $l\n    i32.load8_u offset=4\n", "")
    text = text.replace(
        "    end\n    block\n",
        "    end\n    i32.load8_u offset=4\n    f32.const 0x1.8p+3\n    local.set $l\n    block\n",
    )
    printed = print_module(parse_module(text), folded=True)
    lines = printed.splitlines()
    expected = FOLDED.splitlines()
    expected[7:12] = [
        "    (i32.load8_u offset=4",
        "      (if $x (result i32) (local.get $a) (then (br $x (i32.const -1))) (else (call $i (local.get $a)))))",
    ]
    assert lines[: len(expected)] == expected


def test_an_empty_module_is_one_line():
    assert print_module(Module()) == "(module)\n"


TEXTS = """
(module (@name ""))
;;
(module $"a b" (func $"\\t" (param $"(" i32) (local $"\\"" i32) block $" " br $" " end))
;;
(func $f (@name "")) (func $g (@name "f")) (func $h (@name "f#1")) (func (@name "f"))
;;
(func (param $x i32) (param (@name "x") i32) (param i32) (local (@name "") i32)
  local.get 1 local.get 3 drop drop)
;;
(func block $x block $x br $x br 1 end end block (@name "") br 0 end)
;;
(func (block $x (loop $y (block $x (br $x) (br $y) (br 2)))))
;;
(type $s (struct (field $a i32) (field (mut i8)) (field $"b c" (ref $s)))
  ) (func (struct.get $s $"b c") (struct.set 0 1))
;;
(rec) (rec (type (func))) (type (sub (func))) (rec (type $a (sub final 2 (func)))
  (type (array (mut (ref null $a)))))
;;
(rec (type $a (descriptor $b) (struct)) (type $b (sub (describes $a) (descriptor $c) (struct)))
  (type $c (describes $b) (struct)))
;;
(type $f (func)) (type $k (cont $f)) (tag $e) (func (resume $k (on $e switch) (on 0 0))
  (switch $k $e) (suspend $e))
;;
(import "m" "n" (func (exact (type 0)))) (import "" "\\u{202e}" (global (mut externref))
  ) (type (func (param i32)))
;;
(import "a" "b" (tag (param i32))) (import "a" "c" (table i64 1 2 (ref null func))
  ) (import "a" "d" (memory 1 1 shared (pagesize 1)))
;;
(memory i64 1) (memory 0 (pagesize 1)) (memory 1 2 shared) (func (i32.load 1 align=1)
  (v128.load8_lane 2 offset=7 3) (memory.copy 0 1))
;;
(table 1 funcref (ref.func 0)) (table i64 1 externref) (func (table.copy 1 0)
  (table.init 1 $e) (table.get) (elem.drop $e)) (elem $e func)
;;
(elem (table 0) (i32.const 0) func) (elem (table 0) (i32.const 0)
  funcref) (elem (i32.const 0) (ref func)) (table 1 funcref)
;;
(elem declare func 0) (elem declare externref) (elem (ref func) (ref.func 0) (item nop ref.func 0)) (func)
;;
(data (memory 0) (i32.const 0)) (data "") (data (offset)) (memory 0) (func (memory.init 0) (data.drop 1))
;;
(func (try (do (nop)) (catch 0 (rethrow 0)) (catch_all)) (try (do) (delegate 0))) (tag)
;;
(func (try_table (result i32) (catch 0 0) (catch_ref 0 0) (catch_all 0) (catch_all_ref 0) (i32.const 1))) (tag)
;;
(func (select) (select (result)) (select (result i32 i64)) (br_table 0 0)
  (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15))
;;
(func (f32.const nan:0x1) (f64.const -inf) (f64.const -0) (v128.const f64x2 1 nan)
  (i64.const -9223372036854775808))
;;
(func (ref.test (ref null any)) (ref.cast (ref 0)) (br_on_cast 0 anyref (ref null (exact 0)))
  (ref.null (exact 0)) (ref.null 0)) (type (struct))
;;
(@custom "a" (before first) "\\00") (@custom "b" (after code) "x") (@custom "c" "y") (func $named)
;;
(func (call 99) (br 99) (local.get 99) (global.get 99) (struct.new 99)
  (struct.get 99 99) (call_indirect (type 99)) (throw 99) (resume 99))
;;
(import "a" "b" (func (type 99))) (func (type 99)) (export "x" (func 99)) (start 99) (global (ref 99))
"""


@pytest.mark.parametrize("text", TEXTS.strip().split("\n;;\n"))
def test_corners_of_the_format(text):
    assert_faithful(decode(encode(parse_module(text))))


@pytest.mark.parametrize(
    "module",
    [
        module_of("0b", ((1, I32), (1, I32))),
        module_of("0b", ((0, I64), (2, I32), (0, I32))),
        module_of("41 80 00 1a 0b"),
        module_of("02 63 70 d0 70 0b 1a 0b"),
        module_of("28 42 00 00 0b"),
        module_of("0b", data_count=0),
        module_of(
            "0b", customs=[CustomSection("name", b"\x01\x04\x01\x00\x01f", 10), CustomSection("after", b"x", 10)]
        ),
        module_of("0b", customs=[CustomSection("name", b"\x01\x04\x01\x00\x01f", 1)]),
        module_of("0b", customs=[CustomSection("name", b"\x01\x04\x01\x05\x01f", 10)]),
        module_of("0b", customs=[CustomSection("name", b"malformed", 10)]),
        module_of("0b", customs=[CustomSection("name", b"", 10), CustomSection("name", b"", 10)]),
        module_of("0b", customs=[CustomSection("name", b"\x02\x06\x01\x00\x01\x00\x01l", 10)]),
    ],
)
def test_what_only_a_binary_can_say_is_said_in_annotations(module):
    module = decode(encode(module))
    assert_faithful(module)
    assert parse_module(print_module(module, exact=False)).functions == module.functions


def test_inexact_text_has_no_such_annotations():
    module = module_of("41 80 00 1a 0b", ((1, I32), (1, I32)), data_count=0)
    assert print_module(module).count("(@wrt") == 3
    assert "(@wrt" not in print_module(module, exact=False)


@pytest.mark.parametrize(
    "text",
    [
        '(func (@wrt.code "\\41\\80\\00\\1a\\0b") i32.const 1 drop)',
        '(func (@wrt.code "\\41") i32.const 0 drop)',
        "(func (@wrt.code) nop)",
        '(func (@wrt.locals "\\01\\01\\7f") (local i64))',
        '(func (@wrt.locals "\\01\\01") (local i32))',
        '(func (@wrt.locals "\\01\\01\\7f\\00") (local i32))',
        '(func (@wrt.locals "\\01\\01\\01") (local i32))',
        "(@wrt.names) (@wrt.names)",
        "(@wrt.names here)",
        "(@wrt.datacount 1)",
        "(func (@wrt.datacount))",
        '(func nop (@wrt.code "\\01\\0b"))',
    ],
)
def test_annotations_that_contradict_the_text_are_refused(text):
    with pytest.raises(TextError):
        parse_module(text)


def test_malformed_instructions_are_refused():
    with pytest.raises(DecodeError):
        print_module(module_of("ff 0b"))
    with pytest.raises(DecodeError):
        print_module(module_of("02 40 0b"))


def test_a_guest_s_names_can_t_command_the_terminal():
    module = module_of("0b")
    module.names.functions[0] = "\x1b[2J\u202e"
    module.customs.append(CustomSection("\x07", b"\x1b"))
    assert print_module(module).replace("\n", "").isprintable()


@pytest.mark.parametrize(
    "code",
    ["0240" * 100_000 + "0b" * 100_001, "d06f" + "d4" * 100_000 + "1a0b", ("d06f" + "0440") * 50_000 + "0b" * 50_001],
)
def test_deep_nesting_is_printed_without_recursion_and_without_quadratic_space(code):
    module = module_of(code)
    for folded in (False, True):
        text = print_module(module, folded=folded)
        assert len(text) < 20_000_000
        assert encode(parse_module(text)) == encode(module)


@given(
    st.lists(
        st.sampled_from([i for i in INSTRUCTIONS if not i.immediates and i.keyword not in ("else", "end", "catch_all")])
    )
)
@settings(max_examples=200)
def test_any_sequence_of_instructions_keeps_its_order(instructions):
    code = b"".join(i.encoding for i in instructions) + b"\x0b"
    assert_faithful(module_of(code.hex()))


@given(
    st.dictionaries(st.integers(0, 5), st.text(max_size=3)),
    st.dictionaries(st.integers(0, 5), st.sampled_from(["", "x", "x#1"])),
)
def test_any_names_come_back(functions, locals_):
    functions = {i: n for i, n in functions.items() if n.isascii() or n.encode(errors="ignore").decode() == n}
    names = Names(functions=functions, locals={0: locals_} if locals_ else {})
    text = "(func (param i32 i32 i32) (local i64 i64 i64))" + "(func)" * 5
    module = parse_module(text)
    module.defer_names(lambda: names)
    back = decode(encode(parse_module(print_module(module))))
    assert back.names == names


def sources(script):
    for directive in script.directives:
        source = directive.action if isinstance(directive, AssertTrap) else getattr(directive, "source", None)
        if isinstance(source, ModuleSource):
            yield directive, source


@pytest.mark.parametrize("folder", ["official", "spec-main", "proposal-repos"])
@pytest.mark.slow
def test_every_module_of_the_suites(suites, folder):
    checked = 0
    for path in sorted((suites / folder).rglob("*.wast")):
        for directive, source in sources(parse_script(path.read_bytes())):
            try:
                module = decode(encode(source.read()))
                check_bodies(module)
            except (TextError, DecodeError):
                continue
            checked += 1
            binary = encode(module)
            for folded in (False, True):
                assert encode(parse_module(print_module(module, folded=folded))) == binary, f"{path}:{directive.place}"
    assert checked > 50


@pytest.mark.parametrize("code", ["07 00 0b", "05 0b", "18 00 0b", "02 40 05 0b 0b"])
def test_a_constant_expression_that_does_not_nest_is_refused(code):
    expression = Expression(bytes.fromhex(code))
    with pytest.raises(DecodeError):
        print_module(Module(globals=[Global(GlobalType(I32), expression)]))
