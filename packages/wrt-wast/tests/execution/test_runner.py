"""What scripts set up: names, registered modules, definitions and instances, spectest, threads."""

from __future__ import annotations

import pytest

from wrt_core import EngineFactory
from wrt_foundation.features import ALL, Feature
from wrt_wast.engine import WastEngine
from wrt_wast.execution import Cause
from wrt_wast.execution.features import features_for


def passes(script: str, count: int, **options) -> None:
    outcome = WastEngine(**options).run(script.encode())
    assert not outcome.failures
    assert (outcome.tally.passed, outcome.tally.errors) == (count, 0)


def test_the_engine_is_found_by_name_and_is_an_engine_itself():
    engine = EngineFactory.create("wast", engine="stackless", max_call_depth=100)
    instance = engine.instantiate(engine.load('(module (func (export "f") (result i32) i32.const 1))'))
    assert instance.exports.f() == 1
    assert engine.features == engine.inner.features


def test_instances_are_called_by_name_or_the_latest_is_meant():
    passes(
        """
        (module $A (func (export "f") (result i32) i32.const 1))
        (module $B (func (export "f") (result i32) i32.const 2))
        (assert_return (invoke "f") (i32.const 2))
        (assert_return (invoke $A "f") (i32.const 1))
        (register "a" $A) (register "b")
        (module (import "a" "f" (func $a (result i32))) (import "b" "f" (func $b (result i32)))
          (func (export "f") (result i32) (i32.sub (call $a) (call $b))))
        (assert_return (invoke "f") (i32.const -1))
        """,
        3,
    )


def test_a_definition_is_instantiated_on_request_each_time_afresh():
    passes(
        """
        (module $Before (func (export "f") (result i32) i32.const 0))
        (module definition $D (global $g (mut i32) (i32.const 0))
          (func (export "f") (result i32) (global.set $g (i32.add (global.get $g) (i32.const 1))) (global.get $g)))
        (assert_return (invoke "f") (i32.const 0))
        (module instance $one $D) (module instance $two $D)
        (assert_return (invoke $one "f") (i32.const 1))
        (assert_return (invoke $one "f") (i32.const 2))
        (assert_return (invoke $two "f") (i32.const 1))
        (assert_return (invoke "f") (i32.const 2))
        (module instance)
        (assert_return (invoke "f") (i32.const 1))
        """,
        6,
    )


def test_spectest_offers_everything_and_is_fresh_for_each_script():
    script = """
        (module
          (import "spectest" "print" (func)) (import "spectest" "print_i32" (func $p (param i32)))
          (import "spectest" "print_i64" (func (param i64))) (import "spectest" "print_f32" (func (param f32)))
          (import "spectest" "print_f64" (func (param f64)))
          (import "spectest" "print_i32_f32" (func $q (param i32 f32)))
          (import "spectest" "print_f64_f64" (func (param f64 f64)))
          (import "spectest" "global_i32" (global i32)) (import "spectest" "global_i64" (global i64))
          (import "spectest" "global_f32" (global f32)) (import "spectest" "global_f64" (global f64))
          (import "spectest" "table" (table 10 20 funcref)) (import "spectest" "memory" (memory 1 2))
          (func (export "i32") (result i32) global.get 0) (func (export "i64") (result i64) global.get 1)
          (func (export "f32") (result f32) global.get 2) (func (export "f64") (result f64) global.get 3)
          (func (export "run") (result i32) (call $p (i32.const 1)) (call $q (i32.const -2) (f32.const 0.5))
            (i32.load8_u (i32.const 0)) (i32.store8 (i32.const 0) (i32.const 9))))
        (assert_return (invoke "i32") (i32.const 666)) (assert_return (invoke "i64") (i64.const 666))
        (assert_return (invoke "f32") (f32.const 666.6)) (assert_return (invoke "f64") (f64.const 666.6))
        (assert_return (invoke "run") (i32.const 0))
        (assert_unlinkable (module (import "spectest" "absent" (func))) "unknown import")
        (assert_unlinkable (module (import "spectest" "table" (table 10 19 funcref))) "incompatible import type")
        (assert_unlinkable (module (import "spectest" "global_i32" (global (mut i32)))) "incompatible import type")
    """
    engine = WastEngine()
    for _ in range(2):
        printed = []
        outcome = engine.run(script.encode(), printed=lambda *values, into=printed: into.append(values))
        assert not outcome.failures
        assert outcome.tally.passed == 8
        assert printed == [(1,), (-2, 0.5)]


def test_arguments_keep_their_bits():
    passes(
        """
        (module (func (export "f32") (param f32) (result i32) (i32.reinterpret_f32 (local.get 0)))
          (func (export "f64") (param f64) (result f64) (local.get 0))
          (func (export "i64") (param i64) (result i64) (local.get 0)))
        (assert_return (invoke "f32" (f32.const -nan:0x1)) (i32.const 0xff800001))
        (assert_return (invoke "f64" (f64.const nan:0x4000000000001)) (f64.const nan:0x4000000000001))
        (assert_return (invoke "f64" (f64.const -0)) (f64.const -0))
        (assert_return (invoke "i64" (i64.const 0xffff_ffff_ffff_ffff)) (i64.const -1))
        """,
        4,
    )


def test_threads_have_scripts_of_their_own_and_share_what_they_are_given():
    passes(
        """
        (module $M (global $g (export "g") (mut i32) (i32.const 0))
          (func (export "set") (param i32) (global.set $g (local.get 0))))
        (module $N)
        (register "M" $M)
        (thread $T (shared (module $M))
          (assert_unlinkable (module (import "M" "g" (global (mut i32)))) "unknown import")
          (register "M" $M)
          (module $Inner (import "M" "set" (func $set (param i32))) (func (export "f") (call $set (i32.const 5))))
          (invoke "f"))
        (wait $T)
        (assert_return (get $M "g") (i32.const 5))
        """,
        2,
    )


def test_what_fails_in_a_thread_fails_even_if_nobody_waits():
    script = """
        (module $M)
        (thread $T (assert_return (invoke $M "f")) (thread $U (invoke "g")))
        (thread $T)
        (thread $V (shared (module $X)))
        (assert_return (invoke "f"))
    """
    outcome = WastEngine().run(script.encode())
    assert sorted((f.place.line, f.directive) for f in outcome.failures) == [
        (3, "assert_return"), (3, "invoke"), (4, "thread"), (5, "thread"), (6, "assert_return"),
    ]  # fmt: skip
    assert {f.cause for f in outcome.failures} == {Cause.SCRIPT}


def test_features_follow_from_where_a_script_is():
    assert Feature.CUSTOM_DESCRIPTORS not in features_for("suite/br_on_cast.wast")
    assert Feature.STACK_SWITCHING not in features_for("suite/tag.wast")
    assert features_for("suite/proposals/custom-descriptors/x.wast") == ALL - {Feature.STACK_SWITCHING}
    assert features_for("suite/stack-switching/x.wast") == ALL - {Feature.CUSTOM_DESCRIPTORS}
    threads = features_for("suite/proposals/threads/memory.wast")
    assert Feature.THREADS in threads
    assert Feature.REFERENCE_TYPES not in threads


def test_a_feature_that_scripts_may_not_use_makes_modules_invalid():
    script = '(assert_invalid (module (func (return_call 0))) "")'
    engine = WastEngine(features=ALL - {Feature.TAIL_CALL})
    assert not engine.run(script.encode()).failures
    assert WastEngine(features=ALL).run(script.encode()).failures


def test_a_feature_that_the_engine_lacks_is_no_reason_for_a_module_to_be_invalid():
    engine = WastEngine()
    engine.inner = EngineFactory.create("stackless", features=engine.features - {Feature.TAIL_CALL})
    outcome = engine.run(b'(module (func (return_call 0))) (assert_invalid (module (func (return_call 1))) "")')
    assert [f.cause for f in outcome.failures] == [Cause.UNSUPPORTED] * 2


def test_times_are_measured():
    outcome = WastEngine().run(b'(module (func (export "f")))' + b'(assert_return (invoke "f"))' * 20)
    assert 0 < len(outcome.slowest) <= 10
    assert outcome.slowest[0].seconds >= outcome.slowest[-1].seconds > 0
    assert outcome.seconds >= outcome.slowest[0].seconds


@pytest.mark.parametrize(
    "name", ["custom/branch_hint.wast", "annotations.wast", "id.wast", "instance.wast", "i32.wast"]
)
def test_scripts_of_the_official_suite(suites, name):
    outcome = WastEngine().run(suites / "official" / name)
    assert not outcome.failures


def test_a_directive_that_does_not_end_is_stopped_and_the_others_go_on():
    script = b"""
        (module (func (export "spin") (loop br 0)) (func (export "f")))
        (assert_return (invoke "spin"))
        (assert_trap (invoke "spin") "unreachable")
        (invoke "spin")
        (assert_return (invoke "f"))
    """
    outcome = WastEngine().run(script, timeout=0.2)
    assert [f.cause for f in outcome.failures] == [Cause.TIMEOUT] * 3
    assert outcome.tally.passed == 1
    assert 0.5 < outcome.seconds < 10
