"""Each expectation that is wrong must fail, and say why."""

from __future__ import annotations

import pytest

from wrt_wast.engine import WastEngine
from wrt_wast.execution import Cause

MODULE = """
(module $M
  (type $st (struct)) (type $ar (array i8))
  (tag $e)
  (func (export "none"))
  (func (export "i32") (result i32) i32.const 7)
  (func (export "i64") (result i64) i64.const 7)
  (func (export "two") (result i32 i32) i32.const 1 i32.const 2)
  (func (export "zero") (result f32) f32.const 0)
  (func (export "snan") (result f32) f32.const nan:0x200000)
  (func (export "qnan") (result f32) f32.const nan:0x600000)
  (func (export "cnan") (result f64) f64.const -nan)
  (func (export "null-func") (result funcref) ref.null func)
  (func (export "null-extern") (result externref) ref.null extern)
  (func $f (export "func") (result funcref) ref.func $f)
  (func (export "id") (param externref) (result externref) local.get 0)
  (func (export "struct") (result anyref) struct.new $st)
  (func (export "array") (result anyref) (array.new_default $ar (i32.const 1)))
  (func (export "i31") (result anyref) (ref.i31 (i32.const 1)))
  (func (export "host") (param externref) (result anyref) (any.convert_extern (local.get 0)))
  (func (export "lanes") (result v128) (v128.const f32x4 nan -0 nan:0x600000 1))
  (func (export "doubles") (result v128) (v128.const f64x2 nan:0x8000000000001 -nan))
  (func (export "ints") (result v128) (v128.const i8x16 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15))
  (func (export "null-any") (result anyref) (ref.null none))
  (func (export "exn") (result exnref) (block $h (result exnref) (try_table (catch_all_ref $h) (throw $e)) unreachable))
  (func (export "take") (param i32 f64))
  (func (export "div") (result i32) (i32.div_u (i32.const 1) (i32.const 0)))
  (func (export "unreachable") unreachable)
  (func $loop (export "recurse") (call $loop))
  (func (export "throw") (throw $e))
  (global (export "g") i32 (i32.const 3))
  (memory (export "mem") 1))
(register "M" $M)
"""


@pytest.fixture(scope="module")
def engine():
    return WastEngine()


def run(engine, script: str):
    return engine.run((MODULE + script).encode())


RIGHT = """
(assert_return (invoke "none"))
(assert_return (invoke $M "i32") (i32.const 7))
(assert_return (invoke "two") (i32.const 1) (i32.const 2))
(assert_return (invoke "zero") (f32.const 0))
(assert_return (invoke "snan") (f32.const nan:0x200000))
(assert_return (invoke "qnan") (f32.const nan:arithmetic))
(assert_return (invoke "cnan") (f64.const nan:canonical))
(assert_return (invoke "cnan") (f64.const nan:arithmetic))
(assert_return (invoke "cnan") (f64.const -nan))
(assert_return (invoke "null-func") (ref.null func))
(assert_return (invoke "null-func") (ref.null nofunc))
(assert_return (invoke "null-extern") (ref.null))
(assert_return (invoke "func") (ref.func))
(assert_return (invoke "func") (ref.func 10))
(assert_return (invoke "id" (ref.extern 4)) (ref.extern 4))
(assert_return (invoke "id" (ref.null extern)) (ref.null extern))
(assert_return (invoke "struct") (ref.struct))
(assert_return (invoke "struct") (ref.eq))
(assert_return (invoke "array") (ref.any))
(assert_return (invoke "array") (ref.array))
(assert_return (invoke "i31") (ref.i31))
(assert_return (get "g") (i32.const 3))
(assert_return (invoke "host" (ref.extern 4)) (ref.host 4))
(assert_return (invoke "host" (ref.extern 4)) (ref.any))
(assert_return (invoke "lanes") (v128.const f32x4 nan:canonical -0 nan:arithmetic 1))
(assert_return (invoke "lanes") (v128.const f32x4 nan:arithmetic -0 nan:0x600000 1))
(assert_return (invoke "doubles") (v128.const f64x2 nan:arithmetic nan:canonical))
(assert_return (invoke "ints") (v128.const i32x4 0x03020100 0x07060504 0x0b0a0908 0x0f0e0d0c))
(assert_return (invoke "null-any") (ref.null any))
(assert_return (invoke "null-any") (ref.null struct))
(assert_return (invoke "exn") (ref.exn))
(assert_return (invoke "i32") (either (i32.const 6) (i32.const 7)))
(assert_trap (invoke "div") "integer divide by zero")
(assert_exhaustion (invoke "recurse") "call stack exhausted")
(assert_exception (invoke "throw"))
(assert_trap (module (memory 0) (data (i32.const 0) "x")) "out of bounds memory access")
(assert_unlinkable (module (import "M" "absent" (func))) "unknown import")
(assert_unlinkable (module (import "M" "g" (func))) "incompatible import type")
(assert_invalid (module (func (result i32))) "type mismatch")
(assert_malformed (module quote "(func") "unexpected token")
(assert_malformed (module binary "") "unexpected end")
(assert_malformed_custom (module quote "(@custom)") "@custom annotation: missing section name")
"""


@pytest.mark.parametrize("script", RIGHT.strip().splitlines())
def test_right_expectations_pass(engine, script):
    outcome = run(engine, script)
    assert not outcome.failures
    assert (outcome.tally.passed, outcome.tally.errors) == (1, 0)


WRONG = {
    Cause.WRONG_RESULT: """
(assert_return (invoke "none") (i32.const 0))
(assert_return (invoke "i32"))
(assert_return (invoke "i32") (i32.const 8))
(assert_return (invoke "i32") (i64.const 7))
(assert_return (invoke "i64") (i32.const 7))
(assert_return (invoke "i32") (f32.const 7))
(assert_return (invoke "i32") (i32.const 7) (i32.const 7))
(assert_return (invoke "two") (i32.const 1))
(assert_return (invoke "two") (i32.const 2) (i32.const 1))
(assert_return (invoke "zero") (f32.const -0))
(assert_return (invoke "zero") (f64.const 0))
(assert_return (invoke "zero") (f32.const nan:arithmetic))
(assert_return (invoke "snan") (f32.const nan))
(assert_return (invoke "snan") (f32.const nan:arithmetic))
(assert_return (invoke "snan") (f32.const nan:0x600000))
(assert_return (invoke "qnan") (f32.const nan:canonical))
(assert_return (invoke "qnan") (f32.const -nan:0x600000))
(assert_return (invoke "cnan") (f32.const nan:canonical))
(assert_return (invoke "cnan") (f64.const nan))
(assert_return (invoke "null-func") (ref.null extern))
(assert_return (invoke "null-func") (ref.func))
(assert_return (invoke "null-extern") (ref.null func))
(assert_return (invoke "null-extern") (ref.extern))
(assert_return (invoke "func") (ref.null))
(assert_return (invoke "func") (ref.extern))
(assert_return (invoke "func") (ref.func 0))
(assert_return (invoke "func") (i32.const 0))
(assert_return (invoke "id" (ref.extern 4)) (ref.extern 5))
(assert_return (invoke "id" (ref.extern 4)) (ref.host 4))
(assert_return (invoke "id" (ref.extern 4)) (ref.any))
(assert_return (invoke "id" (ref.extern 4)) (ref.null))
(assert_return (invoke "struct") (ref.array))
(assert_return (invoke "struct") (ref.i31))
(assert_return (invoke "struct") (ref.extern))
(assert_return (invoke "array") (ref.struct))
(assert_return (invoke "i31") (ref.struct))
(assert_return (invoke "i31") (ref.host 1))
(assert_return (invoke "host" (ref.extern 4)) (ref.host 5))
(assert_return (invoke "host" (ref.extern 4)) (ref.extern 4))
(assert_return (invoke "host" (ref.extern 4)) (ref.eq))
(assert_return (invoke "lanes") (v128.const f32x4 nan:canonical 0 nan:arithmetic 1))
(assert_return (invoke "lanes") (v128.const f32x4 nan:canonical -0 nan:canonical 1))
(assert_return (invoke "lanes") (v128.const f32x4 nan:canonical nan:canonical nan:arithmetic 1))
(assert_return (invoke "lanes") (v128.const f32x4 nan:canonical -0 nan:arithmetic nan:arithmetic))
(assert_return (invoke "lanes") (v128.const f64x2 nan:arithmetic nan:arithmetic))
(assert_return (invoke "doubles") (v128.const f64x2 nan:canonical nan:canonical))
(assert_return (invoke "ints") (v128.const i8x16 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 16))
(assert_return (invoke "ints") (i64.const 0))
(assert_return (invoke "null-any") (ref.null func))
(assert_return (invoke "null-any") (ref.any))
(assert_return (invoke "exn") (ref.null exn))
(assert_return (invoke "exn") (ref.extern))
(assert_return (get "g") (i32.const 4))
(assert_return (get "g") (i64.const 3))
(assert_return (invoke "i32") (either (i32.const 6) (i64.const 7)))
(assert_return (invoke "i32") (either))
""",
    Cause.SUCCEEDED: """
(assert_trap (invoke "none") "unreachable")
(assert_trap (invoke "i32") "")
(assert_trap (module (func)) "unreachable")
(assert_exhaustion (invoke "none") "call stack exhausted")
(assert_exception (invoke "none"))
(assert_suspension (invoke "none") "unhandled")
(assert_unlinkable (module) "unknown import")
(assert_unlinkable (module (import "M" "g" (global i32))) "incompatible import type")
(assert_invalid (module) "type mismatch")
(assert_malformed (module quote "(func)") "unexpected token")
(assert_malformed (module quote "(func (result i32))") "unexpected token")
(assert_malformed (module binary "\\00asm" "\\01\\00\\00\\00") "unexpected end")
(assert_malformed_custom (module quote "(@other)") "")
(assert_invalid_custom (module (func)) "")
""",
    Cause.WRONG_FAILURE: """
(assert_trap (invoke "div") "integer overflow")
(assert_trap (invoke "div") "divide")
(assert_trap (invoke "unreachable") "undefined element")
(assert_trap (invoke "recurse") "call stack exhausted")
(assert_trap (invoke "throw") "uncaught exception")
(assert_exhaustion (invoke "unreachable") "call stack exhausted")
(assert_exception (invoke "unreachable"))
(assert_suspension (invoke "unreachable") "unhandled")
(assert_trap (module (import "M" "absent" (func))) "unreachable")
(assert_unlinkable (module (memory 0) (data (i32.const 0) "x")) "out of bounds memory access")
(assert_invalid (module quote "(fun)") "type mismatch")
(assert_invalid (module (func (i32.foo))) "type mismatch")
(assert_invalid (module binary "\\00asm") "type mismatch")
(assert_malformed (module quote "(@custom)") "@custom annotation: missing section name")
(assert_malformed_custom (module quote "(func $f) (func $f)") "duplicate func")
(assert_invalid_custom (module (func i32.foo)) "")
""",
    Cause.UNEXPECTED_FAILURE: """
(assert_return (invoke "div") (i32.const 0))
(assert_return (invoke "throw"))
(assert_trap (module (func (result i32))) "unreachable")
(assert_unlinkable (module (func (result i32))) "unknown import")
(assert_unlinkable (module quote "(func") "unknown import")
(module (func (result i32)))
(module (func $f $f))
(module (import "M" "absent" (func)))
(module (func $s unreachable) (start $s))
(invoke "unreachable")
""",
    Cause.SCRIPT: """
(assert_return (invoke "absent"))
(assert_return (invoke "g"))
(assert_return (get "i32") (i32.const 7))
(assert_return (get "mem"))
(assert_return (invoke $N "none"))
(assert_return (invoke "take" (i32.const 1)))
(assert_return (invoke "take" (i32.const 1) (f32.const 1)))
(assert_return (invoke "take" (i64.const 1) (f64.const 1)))
(assert_return (invoke "none" (i32.const 1)))
(assert_return (invoke "id" (ref.null func)) (ref.null))
(assert_return (invoke "id" (i32.const 0)) (ref.null))
(assert_return (invoke "id" (ref.host 0)) (ref.extern 0))
(assert_trap (invoke "absent") "unreachable")
(assert_exception (invoke "absent"))
(register "x" $N)
(module instance $i $none)
(wait $T)
(assert_throws (invoke "throw"))
(frobnicate)
""",
}


@pytest.mark.parametrize(
    ("cause", "script"), [(cause, line) for cause, lines in WRONG.items() for line in lines.strip().splitlines()]
)
def test_wrong_expectations_fail_with_their_cause(engine, cause, script):
    outcome = run(engine, script)
    (failure,) = outcome.failures
    assert failure.cause is cause
    assert (failure.place.line, failure.source_line) == (MODULE.count("\n") + 1, script)
    assert failure.expected
    assert failure.actual
    expected = (0, 1, 0, 0) if script.startswith("(assert_") else (0, 0, 0, 1)
    tally = outcome.tally
    assert (tally.passed, tally.failed, tally.skipped, tally.errors) == expected


def test_a_module_that_fails_leaves_none_to_act_on(engine):
    outcome = run(
        engine, '(module $M (func (result i32))) (assert_return (invoke "none")) (assert_return (invoke $M "none"))'
    )
    assert [f.cause for f in outcome.failures] == [Cause.UNEXPECTED_FAILURE, Cause.SCRIPT, Cause.SCRIPT]


def test_state_survives_a_trap(engine):
    outcome = run(
        engine,
        """
        (module (global $g (export "g") (mut i32) (i32.const 0))
          (func (export "f") (global.set $g (i32.const 5)) unreachable))
        (assert_trap (invoke "f") "unreachable")
        (assert_return (get "g") (i32.const 5))
        """,
    )
    assert not outcome.failures


def test_messages_are_compared_on_request():
    script = '(assert_invalid (module (func (result i32))) "{}") (assert_malformed (module quote "(func") "{}")'
    assert not run(WastEngine(), script.format("anything", "at all")).failures
    strict = WastEngine(match_messages=True)
    assert not run(strict, script.format("type mismatch", "unexpected token")).failures
    failures = run(strict, script.format("type mis-match", "unexpected tokens")).failures
    assert [f.cause for f in failures] == [Cause.WRONG_MESSAGE] * 2


def test_an_engine_that_breaks_is_reported_and_the_script_goes_on(engine, monkeypatch):
    from wrt_core.runtime.function import Func

    def broken(self, args):
        raise KeyError("engine")

    monkeypatch.setattr(Func, "call_raw", broken)
    outcome = run(
        engine, '(assert_return (invoke "none")) (assert_trap (invoke "div") "integer divide by zero") (invoke "none")'
    )
    assert [f.cause for f in outcome.failures] == [Cause.CRASH] * 3
    assert "KeyError: 'engine'" in outcome.failures[0].actual


def test_skipped_assertions_are_counted(engine):
    outcome = engine.run((MODULE + '(assert_return (invoke "none"))').encode(), only=lambda d: d.place.line < 20)
    assert outcome.tally.skipped == 1
