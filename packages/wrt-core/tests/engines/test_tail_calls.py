"""Tail calls: in constant space, whoever calls whom; and what non-tail calls of such functions are spared."""

from __future__ import annotations

import sys
import threading
import tracemalloc

import pytest

from wrt_core import Func, Table
from wrt_foundation.traps import Exhaustion, Trap, TrapCode, WasmException
from wrt_foundation.types import FUNCREF, I32, FuncType, Limits, TableType

PARITY = """(module
  (type $parity (func (param i32) (result i32)))
  (table funcref (elem $even_by_table $odd_by_table))
  (elem declare func $even_by_reference $odd_by_reference)
  (func $even (export "even") (type $parity)
    (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 1))
      (else (return_call $odd (i32.sub (local.get 0) (i32.const 1))))))
  (func $odd (export "odd") (type $parity)
    (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0))
      (else (return_call $even (i32.sub (local.get 0) (i32.const 1))))))
  (func $even_by_table (export "table") (type $parity)
    (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 1))
      (else (return_call_indirect (type $parity) (i32.sub (local.get 0) (i32.const 1)) (i32.const 1)))))
  (func $odd_by_table (type $parity)
    (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0))
      (else (return_call_indirect (type $parity) (i32.sub (local.get 0) (i32.const 1)) (i32.const 0)))))
  (func $even_by_reference (export "reference") (type $parity)
    (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 1))
      (else (return_call_ref $parity (i32.sub (local.get 0) (i32.const 1)) (ref.func $odd_by_reference)))))
  (func $odd_by_reference (type $parity)
    (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0))
      (else (return_call_ref $parity (i32.sub (local.get 0) (i32.const 1)) (ref.func $even_by_reference)))))
  (func $count (export "count") (param i32 i64) (result i64)
    (if (i32.eqz (local.get 0)) (then (return (local.get 1))))
    (return_call $count (i32.sub (local.get 0) (i32.const 1)) (i64.add (local.get 1) (i64.const 3)))))"""


def in_small_stack(function):
    """Run a function in a thread whose C stack would not hold a thousand C frames."""
    outcome = []

    def run():
        try:
            outcome.append(function())
        except Trap as trap:
            outcome.append(trap)

    before = threading.stack_size(256 * 1024)
    try:
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    return outcome[0]


def peak(function, *args) -> int:
    """The most memory that a call takes at one time, in bytes, once everything is translated."""
    function(*args)
    tracemalloc.start()
    try:
        function(*args)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ["even", "reference", "table"])
def test_mutual_tail_calls_take_constant_memory(instantiate, name):
    f = instantiate(PARITY).exports[name]
    assert f(30_001) == 0
    assert f(30_002) == 1
    assert peak(f, 3_000) < 4_000


def test_a_tail_call_of_itself_is_a_loop(instantiate):
    f = instantiate(PARITY).exports["count"]
    assert f(100_000, 0) == 300_000
    assert peak(f, 3_000, 0) < 4_000


def test_locals_are_zero_again_when_a_function_tail_calls_itself(instantiate):
    f = instantiate(
        """(module (func $f (export "f") (param i32) (result i32) (local $x i32) (local $r externref)
          (if (i32.eqz (local.get 0))
            (then (return (i32.add (local.get $x) (i32.mul (i32.const 100) (i32.eqz (ref.is_null (local.get $r))))))))
          (local.set $x (i32.const 7))
          (return_call $f (i32.sub (local.get 0) (i32.const 1)))))"""
    ).exports.f
    assert f(3) == 0


def test_arguments_may_change_places(instantiate):
    f = instantiate(
        """(module (func $f (export "f") (param i32 i32 i32) (result i32 i32)
          (if (i32.eqz (local.get 0)) (then (return (local.get 1) (local.get 2))))
          (return_call $f (i32.sub (local.get 0) (i32.const 1)) (local.get 2) (local.get 1))))"""
    ).exports.f
    assert f(3, 10, 20) == (20, 10)


def test_a_tail_call_leaves_the_handlers_around_it(instantiate):
    exports = instantiate(
        """(module (tag $e (export "e"))
          (func $throw (result i32) (throw $e))
          (func $self (export "self") (param i32) (result i32)
            (if (i32.eqz (local.get 0)) (then (throw $e)))
            (block (try_table (catch_all 0)
              (return_call $self (i32.sub (local.get 0) (i32.const 1)))))
            (i32.const 1))
          (func (export "other") (result i32)
            (block (try_table (catch_all 0) (return_call $throw)))
            (i32.const 1))
          (func (export "one") (result i32)
            (block (try_table (catch_all 0) (drop (call $throw))))
            (i32.const 1))
          (func (export "chain") (result i32) (return_call $other))
          (func $other (result i32)
            (block (try_table (catch_all 0) (return_call $throw)))
            (i32.const 1)))"""
    ).exports
    assert exports.one() == 1
    for call in (lambda: exports.self(2), exports.other, exports.chain):
        with pytest.raises(WasmException) as caught:
            call()
        assert caught.value.tag is exports.e


def test_the_caller_of_a_tail_caller_still_catches(instantiate):
    f = instantiate(
        """(module (tag $e)
          (func $throw (throw $e))
          (func $leave (return_call $throw))
          (func (export "f") (result i32)
            (block (try_table (catch $e 0) (call $leave) (return (i32.const 0))))
            (i32.const 1)))"""
    ).exports.f
    assert f() == 1


def test_tail_calls_of_host_functions(instantiate):
    host = Func(FuncType((I32,), (I32, I32)), lambda n: (n, -n))
    exports = instantiate(
        """(module (import "h" "f" (func $f (param i32) (result i32 i32)))
          (table funcref (elem $f))
          (func (export "direct") (param i32) (result i32 i32) (return_call $f (local.get 0)))
          (func (export "indirect") (param i32) (result i32 i32)
            (return_call_indirect (param i32) (result i32 i32) (local.get 0) (i32.const 0))))""",
        {"h": {"f": host}},
    ).exports
    assert exports.direct(-5) == (-5, 5)
    assert exports.indirect(-5) == (-5, 5)


def test_tail_calls_between_instances_take_constant_memory(instantiate):
    table = Table(TableType(FUNCREF, Limits(2)))
    text = """(module (import "h" "table" (table 2 funcref))
      (func (export "f") (param i32) (result i32)
        (if (i32.eqz (local.get 0)) (then (return (i32.const {answer}))))
        (return_call_indirect (param i32) (result i32) (i32.sub (local.get 0) (i32.const 1)) (i32.const {other}))))"""
    even = instantiate(text.format(answer=1, other=1), {"h": {"table": table}}).exports.f
    odd = instantiate(text.format(answer=0, other=0), {"h": {"table": table}}).exports.f
    table[0], table[1] = even, odd
    assert even(30_001) == 0
    assert peak(even, 3_000) < 4_000


def test_tail_calls_of_imported_functions(instantiate):
    library = instantiate(
        """(module (import "h" "table" (table 1 funcref))
          (func (export "back") (param i32) (result i32)
            (return_call_indirect (param i32) (result i32) (i32.sub (local.get 0) (i32.const 1)) (i32.const 0))))""",
        {"h": {"table": (table := Table(TableType(FUNCREF, Limits(1))))}},
    )
    f = instantiate(
        """(module (import "l" "back" (func $back (param i32) (result i32)))
          (func (export "f") (param i32) (result i32)
            (if (i32.le_s (local.get 0) (i32.const 0)) (then (return (local.get 0))))
            (return_call $back (local.get 0))))""",
        {"l": library},
    ).exports.f
    table[0] = f
    assert f(20_000) == 0
    assert peak(f, 3_000) < 4_000


DEEP = """(module
  (func $id (param i32) (result i32) (local.get 0))
  (func $deep (export "deep") (param i32) (result i32)
    (if (result i32) (i32.eqz (local.get 0))
      (then (return_call $id (i32.const 0)))
      (else (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1)))))))
  (func $endless (export "endless") (param i32) (result i32) (i32.add (i32.const 1) (call $again (local.get 0))))
  (func $again (param i32) (result i32) (return_call $endless (local.get 0))))"""


def test_deep_recursion_through_functions_with_tail_calls_leaves_the_c_stack_alone(instantiate):
    f = instantiate(DEEP).exports.deep
    f(1)
    assert in_small_stack(lambda: f(9_000)) == 9_000


def test_endless_recursion_through_tail_calls_exhausts_the_call_stack(instantiate):
    limit = sys.getrecursionlimit()
    trap = in_small_stack(lambda: instantiate(DEEP).exports.endless(0))
    assert isinstance(trap, Exhaustion)
    assert trap.code is TrapCode.CALL_STACK_EXHAUSTED
    assert {frame.name for frame in trap.frames} <= {"endless", "again"}
    assert sys.getrecursionlimit() == limit


def test_a_wrong_callee_traps_in_the_caller(instantiate):
    exports = instantiate(
        """(module (type $t (func (param i32)))
          (table 3 funcref) (elem (i32.const 0) $none)
          (func $none)
          (func (export "indirect") (param i32)
            (return_call_indirect (type $t) (i32.const 0) (local.get 0)))
          (func (export "null") (return_call_ref $t (i32.const 0) (ref.null $t))))"""
    ).exports
    for index, code in (
        (0, TrapCode.INDIRECT_CALL_TYPE_MISMATCH),
        (1, TrapCode.UNINITIALIZED_ELEMENT),
        (3, TrapCode.UNDEFINED_ELEMENT),
        (-1, TrapCode.UNDEFINED_ELEMENT),
    ):
        with pytest.raises(Trap) as trapped:
            exports.indirect(index)
        assert trapped.value.code is code
        assert trapped.value.frames[0].name == "indirect"
    with pytest.raises(Trap) as trapped:
        exports.null()
    assert trapped.value.code is TrapCode.NULL_FUNCTION_REFERENCE


def test_arguments_are_evaluated_before_the_callee_is_looked_at(instantiate):
    log = []
    exports = instantiate(
        """(module (import "h" "log" (func $log (param i32) (result i32)))
          (type $t (func (param i32 i32)))
          (table 1 funcref)
          (func (export "f")
            (return_call_indirect (type $t)
              (call $log (i32.const 1)) (call $log (i32.const 2)) (call $log (i32.const 3)))))""",
        {"h": {"log": lambda n: log.append(n) or n}},
    ).exports
    with pytest.raises(Trap, match="undefined element"):
        exports.f()
    assert log == [1, 2, 3]


def test_an_imported_function_is_translated_once(instantiate):
    library = instantiate('(module (func (export "f") (param i32) (result i32) (local.get 0)))')
    g = instantiate(
        """(module (import "l" "f" (func $f (param i32) (result i32)))
          (func (export "g") (result i32) (i32.add (call $f (i32.const 1)) (call $f (i32.const 2)))))""",
        {"l": library},
    ).exports.g
    assert g() == 3
    code = library.exports.f.code
    assert g() == 3
    assert library.exports.f.code is code
    assert g.instance.namespace["f0"] is code
