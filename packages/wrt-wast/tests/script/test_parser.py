"""Scripts: every directive, every form of value, and errors that stay with their directive."""

from __future__ import annotations

import pytest

from wrt_foundation.errors import TextError
from wrt_foundation.types import F32, F64, I32, I64, V128, AbstractHeapType
from wrt_wast.script import parse_script
from wrt_wast.script.directives import (
    AssertException,
    AssertExhaustion,
    AssertInvalid,
    AssertMalformed,
    AssertReturn,
    AssertSuspension,
    AssertTrap,
    AssertUnlinkable,
    DefineModule,
    Get,
    Invoke,
    ModuleForm,
    ModuleSource,
    NewInstance,
    Perform,
    Place,
    Register,
    Thread,
    Unreadable,
    Wait,
)
from wrt_wast.script.values import (
    Constant,
    Either,
    HostReference,
    NanClass,
    NanPattern,
    NullReference,
    ReferencePattern,
    VectorPattern,
)


def directives(source: str) -> list:
    return parse_script(source).directives


def only(source: str):
    (directive,) = directives(source)
    return directive


def result(source: str):
    (found,) = only(f'(assert_return (invoke "f") {source})').results
    return found


def test_modules_of_every_form():
    text, binary, quote, definition = directives(
        '(module $t (func)) (module $b binary "\\00" "asm") (module quote "(fu" "nc)") (module definition $d (func))'
    )
    assert (text.source.form, text.source.name, len(text.source.module.codes)) == (ModuleForm.TEXT, "$t", 1)
    assert (binary.source.form, binary.source.name, binary.source.data) == (ModuleForm.BINARY, "$b", b"\0asm")
    assert len(quote.source.read().codes) == 1
    assert (definition.definition, definition.source.name) == (True, "$d")
    assert only("(module definition binary)").definition
    assert only("(module instance $i $d)") == NewInstance(Place(1, 1), "$i", "$d")
    assert only("(module instance)") == NewInstance(Place(1, 1), None, None)


def test_a_script_may_be_the_fields_of_one_module():
    module = only('(memory 0) (func (export "f"))')
    assert isinstance(module, DefineModule)
    assert len(module.source.read().exports) == 1


def test_every_directive():
    found = directives("""
        (register "m" $M)
        (invoke $M "f" (i32.const 1))
        (get "g")
        (assert_return (get $M "g") (i32.const 1) (i64.const 2))
        (assert_trap (invoke "f") "why")
        (assert_trap (module (func)) "why")
        (assert_exhaustion (invoke "f") "why")
        (assert_malformed (module quote "") "why")
        (assert_malformed_custom (module quote "") "why")
        (assert_invalid (module) "why")
        (assert_invalid_custom (module) "why")
        (assert_unlinkable (module) "why")
        (assert_exception (invoke "f"))
        (assert_suspension (invoke "f") "why")
        (thread $T (shared (module $M)) (shared (module $N)) (invoke "f") (thread $U))
        (wait $T)
    """)
    assert [type(d) for d in found] == [
        Register, Perform, Perform, AssertReturn, AssertTrap, AssertTrap, AssertExhaustion, AssertMalformed,
        AssertMalformed, AssertInvalid, AssertInvalid, AssertUnlinkable, AssertException, AssertSuspension,
        Thread, Wait,
    ]  # fmt: skip
    assert found[1].action == Invoke("$M", "f", (Constant(I32, 1),))
    assert found[2].action == Get(None, "g")
    assert isinstance(found[5].action, ModuleSource)
    assert [d.custom for d in found[7:11]] == [False, True, False, True]
    thread = found[14]
    assert (thread.name, thread.shared) == ("$T", ("$M", "$N"))
    assert [type(d) for d in thread.directives] == [Perform, Thread]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("(i32.const -1)", Constant(I32, 0xFFFFFFFF)),
        ("(i64.const -1)", Constant(I64, (1 << 64) - 1)),
        ("(f32.const -nan:0x1)", Constant(F32, 0xFF800001)),
        ("(f64.const nan:canonical)", NanPattern(F64, NanClass.CANONICAL)),
        ("(f32.const nan:arithmetic)", NanPattern(F32, NanClass.ARITHMETIC)),
        ("(v128.const i64x2 1 -1)", Constant(V128, bytes([1] + [0] * 7 + [255] * 8))),
        (
            "(v128.const f32x4 nan:canonical 1 nan:arithmetic -0)",
            VectorPattern(F32, (NanClass.CANONICAL, 0x3F800000, NanClass.ARITHMETIC, 0x80000000)),
        ),
        (
            "(v128.const f64x2 1 nan:arithmetic)",
            VectorPattern(F64, (0x3FF0000000000000, NanClass.ARITHMETIC)),
        ),
        ("(ref.null)", NullReference()),
        ("(ref.null any)", NullReference(AbstractHeapType.ANY)),
        ("(ref.extern 3)", HostReference(3)),
        ("(ref.host 3)", HostReference(3, internal=True)),
        ("(ref.extern)", ReferencePattern("extern")),
        ("(ref.func)", ReferencePattern("func")),
        ("(ref.func 2)", ReferencePattern("func", 2)),
        ("(ref.i31)", ReferencePattern("i31")),
        ("(either (i32.const 0) (ref.null))", Either((Constant(I32, 0), NullReference()))),
    ],
)
def test_results(source, expected):
    assert result(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        "(i32.const)",
        "(i32.const 1 2)",
        "(i32.const nan:canonical)",
        "(v128.const i32x4 nan:canonical 0 0 0)",
        "(v128.const f32x4 nan:canonical 0 0)",
        "(ref.null 0)",
        "(ref.null $t)",
        "(ref.host)",
        "(ref.foo)",
        "(i31.const 0)",
        "(either (either (i32.const 0)))",
        "1",
        "(nop)",
    ],
)
def test_what_is_no_result_makes_the_directive_unreadable(source):
    assert isinstance(only(f'(assert_return (invoke "f") {source})'), Unreadable)
    assert isinstance(only(f"(assert_return (either {source}) (i32.const 0))"), Unreadable)


@pytest.mark.parametrize("source", ["(f32.const nan:canonical)", "(ref.func)", "(either (i32.const 0))", "1"])
def test_patterns_are_no_arguments(source):
    assert isinstance(only(f'(invoke "f" {source})'), Unreadable)


def test_a_directive_that_can_t_be_read_leaves_the_others_alone():
    found = directives("""(invoke "a")
      (assert_returns (invoke "f") (i32.const (;(;;);) 1 "))"))
      (invoke "b")
      (invoke \ufffd "c")
      ) "x"
      (invoke "d" "\\q")
      (module (func (i32.bad)))
      (invoke "e")""")
    kinds = [Perform, Unreadable, Perform, Unreadable, Unreadable, Unreadable, Unreadable, DefineModule, Perform]
    assert [type(d) for d in found] == kinds
    assert found[1].keyword == "assert_returns"
    assert found[1].error.message == "unknown directive 'assert_returns' (did you mean 'assert_return'?)"
    assert (found[1].error.line, found[1].error.column, found[1].place) == (2, 8, Place(2, 7))
    assert found[7].source.error.message.startswith("unknown operator i32.bad")


@pytest.mark.parametrize(
    "source",
    [
        "(assert_return)",
        "(assert_return (module))",
        '(assert_return (invoke "f")',
        '(assert_trap (invoke "f"))',
        '(assert_trap (register "f") "x")',
        '(assert_invalid (func) "x")',
        '(assert_exception (invoke "f") "x")',
        "(register $M)",
        "(thread)",
        "(thread $T (shared $M))",
        "(thread $T",
        "(wait)",
        "(invoke f)",
        "(module instance $a $b $c)",
        "(script)",
        "()",
        "(",
        ")",
        "foo",
    ],
)
def test_malformed_directives_are_errors(source):
    assert any(isinstance(d, Unreadable) for d in directives(source))


def test_threads_nest_without_recursion():
    depth = 20_000
    (thread,) = directives("(thread $T " * depth + ")" * depth)
    for _ in range(depth - 1):
        (thread,) = thread.directives
    assert thread.directives == []


def test_a_script_that_is_not_utf8_is_refused_whole():
    with pytest.raises(TextError, match="malformed UTF-8 encoding"):
        parse_script(b"(module) \xff")


def test_lines_of_the_source_are_there_for_reports():
    script = parse_script("a\r\nb\nc")
    assert [script.line(n) for n in range(5)] == ["", "a", "b", "c", ""]
