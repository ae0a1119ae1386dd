"""Stack switching: continuations that are resumed, suspended, bound, switched between, thrown into and abandoned."""

from __future__ import annotations

import gc
import threading
import tracemalloc
import weakref

import pytest

from wrt_core import EngineFactory, Table
from wrt_core.engines.stackless.translation.suspension import Suspension
from wrt_core.engines.stackless.translation.variant import STRIDE
from wrt_core.runtime.continuation import Continuation
from wrt_foundation.errors import ValidationError, ValueTypeError
from wrt_foundation.traps import Exhaustion, Trap, TrapCode, WasmException
from wrt_foundation.types import FUNCREF, Limits, TableType

TASK = '(type $f (func)) (type $k (cont $f)) (tag $pause (export "pause"))'


class Object:
    """Something of the host's that can be referred to weakly."""


def trapped(function, *args) -> Trap:
    with pytest.raises(Trap) as trap:
        function(*args)
    return trap.value


def logging() -> tuple[list[int], dict]:
    log: list[int] = []
    return log, {"h": {"log": log.append}}


# Values


def test_values_go_both_ways(instantiate):
    f = instantiate(
        """(module
          (type $f (func (param i32 f64) (result i64 i32))) (type $k (cont $f))
          (type $g (func (param i32 externref) (result i64 i32))) (type $l (cont $g))
          (tag $swap (param f64 i32) (result i32 externref))
          (elem declare func $task)
          (func $task (type $f) (local $r externref)
            (suspend $swap (local.get 1) (i32.add (local.get 0) (i32.const 1)))
            (local.set $r)
            (i64.extend_i32_s) (ref.is_null (local.get $r)))
          (func (export "f") (param externref) (result f64 i32 i64 i32)
            (local $k (ref null $l)) (local $x f64) (local $y i32)
            (block $h (result f64 i32 (ref $l))
              (resume $k (on $swap $h) (i32.const 41) (f64.const 2.5) (cont.new $k (ref.func $task)))
              (unreachable))
            (local.set $k) (local.set $y) (local.set $x)
            (local.get $x) (local.get $y)
            (resume $l (i32.const -7) (local.get 0) (local.get $k))))"""
    ).exports.f
    assert f(None) == (2.5, 42, -7, 1)
    assert f("text") == (2.5, 42, -7, 0)


def test_arguments_are_bound_in_order_before_and_after_it_has_begun(instantiate):
    f = instantiate(
        """(module
          (type $f3 (func (param i32 i32 i32) (result i32))) (type $k3 (cont $f3))
          (type $f1 (func (param i32) (result i32))) (type $k1 (cont $f1))
          (type $f0 (func (result i32))) (type $k0 (cont $f0))
          (tag $more (param i32) (result i32 i32 i32))
          (elem declare func $task)
          (func $digits (param i32 i32 i32) (result i32)
            (i32.add (i32.mul (i32.const 100) (local.get 0))
                     (i32.add (i32.mul (i32.const 10) (local.get 1)) (local.get 2))))
          (func $task (type $f3)
            (call $digits (suspend $more (call $digits (local.get 0) (local.get 1) (local.get 2)))))
          (func (export "f") (result i32 i32) (local $k (ref null $k3)) (local $first i32)
            (block $h (result i32 (ref $k3))
              (resume $k0 (on $more $h)
                (cont.bind $k1 $k0 (i32.const 3)
                  (cont.bind $k3 $k1 (i32.const 1) (i32.const 2) (cont.new $k3 (ref.func $task)))))
              (unreachable))
            (local.set $k)
            (resume $k1 (i32.const 6) (cont.bind $k3 $k1 (i32.const 4) (i32.const 5) (local.get $k)))))"""
    ).exports.f
    assert f() == (123, 456)


def test_operands_below_a_suspension_are_evaluated_before_it(instantiate):
    f = instantiate(
        """(module (type $f (func (result i32 i32))) (type $k (cont $f)) (tag $t (result i32))
          (type $g (func (param i32) (result i32 i32))) (type $l (cont $g))
          (global $g (mut i32) (i32.const 1)) (memory 1 2)
          (elem declare func $task)
          (func $task (type $f)
            (i32.add (global.get $g) (suspend $t))
            (i32.load (suspend $t)))
          (func (export "f") (result i32 i32) (local $k (ref null $l))
            (block $h (result (ref $l)) (resume $k (on $t $h) (cont.new $k (ref.func $task))) (unreachable))
            (local.set $k)
            (global.set $g (i32.const 100))
            (block $h (result (ref $l)) (resume $l (on $t $h) (i32.const 5) (local.get $k)) (unreachable))
            (local.set $k)
            (drop (memory.grow (i32.const 1))) ;; the address will be past what the memory was
            (i32.store (i32.const 0x10000) (i32.const 77))
            (resume $l (i32.const 0x10000) (local.get $k))))"""
    ).exports.f
    assert f() == (6, 77)


# Handlers


def test_the_innermost_handler_for_the_tag_takes_over_and_the_first_of_its_list(instantiate):
    log, imports = logging()
    exports = instantiate(
        f"""(module (import "h" "log" (func $log (param i32))) {TASK} (tag $other)
          (elem declare func $task $middle)
          (func $task (suspend $other) (call $log (i32.const 1)) (suspend $pause) (call $log (i32.const 2)))
          (func $middle (local $k (ref null $k))
            (local.set $k (cont.new $k (ref.func $task)))
            (loop $again
              (block $h (result (ref $k))
                (resume $k (on $pause $h) (local.get $k)) (call $log (i32.const 11)) (return))
              (local.set $k)
              (call $log (i32.const 10))
              (br $again)))
          (func (export "nested") (local $k (ref null $k))
            (local.set $k (cont.new $k (ref.func $middle)))
            (loop $again
              (block $never (result (ref $k))
                (block $h (result (ref $k))
                  (resume $k (on $other $h) (on $other $never) (on $pause $never) (local.get $k))
                  (call $log (i32.const 21))
                  (return))
                (local.set $k)
                (call $log (i32.const 20))
                (br $again))
              (drop) (call $log (i32.const 99)))))""",
        imports,
    ).exports
    exports.nested()
    # What suspends past the inner resume is both continuations together.
    assert log == [20, 1, 10, 2, 11, 21]


def test_a_suspension_that_nobody_handles_traps(instantiate):
    exports = instantiate(
        f"""(module {TASK} (tag $other)
          (rec (type $fs (func (param (ref null $ks)))) (type $ks (cont $fs)))
          (elem declare func $task $switches)
          (func $task (suspend $pause))
          (func $switches (type $fs) (drop (switch $ks $pause (cont.new $ks (ref.func $switches)))) )
          (func (export "outside") (suspend $pause))
          (func (export "unhandled") (resume $k (cont.new $k (ref.func $task))))
          (func (export "other") (block $h (result (ref $k))
            (resume $k (on $other $h) (cont.new $k (ref.func $task))) (unreachable)) (drop))
          (func (export "only switch") (resume $k (on $pause switch) (cont.new $k (ref.func $task))))
          (func (export "switch outside") (drop (switch $ks $pause (cont.new $ks (ref.func $switches)))))
          (func (export "only label") (block $h (result (ref $k))
            (resume $ks (on $pause $h) (ref.null $ks) (cont.new $ks (ref.func $switches))) (unreachable)) (drop))
          (func (export "null switch") (drop (switch $ks $pause (ref.null $ks)))))"""
    ).exports
    names = ("outside", "unhandled", "other", "only switch", "switch outside", "only label")
    assert {trapped(exports[name]).code for name in names} == {TrapCode.UNHANDLED_TAG}
    assert trapped(exports["null switch"]).code is TrapCode.NULL_CONTINUATION_REFERENCE
    assert [frame.name for frame in trapped(exports.unhandled).frames] == ["task", "unhandled"]


def test_host_functions_are_not_suspended(instantiate):
    """A suspension below a host function finds no handler above it, and leaves all usable."""
    exports: dict = {}
    exports = instantiate(
        f"""(module (import "h" "back" (func $back)) {TASK}
          (elem declare func $task)
          (func $task (call $back))
          (func (export "suspend") (suspend $pause))
          (func (export "f") (block $h (result (ref $k))
            (resume $k (on $pause $h) (cont.new $k (ref.func $task))) (unreachable)) (drop)))""",
        {"h": {"back": lambda: exports["suspend"]()}},
    ).exports
    assert trapped(exports.f).code is TrapCode.UNHANDLED_TAG
    assert trapped(exports.f).code is TrapCode.UNHANDLED_TAG


# Used once

ONCE = f"""(module {TASK} (type $fi (func (param i32))) (type $ki (cont $fi)) (tag $e)
  (elem declare func $nothing $task $takes)
  (func $nothing)
  (func $takes (type $fi))
  (func $task (suspend $pause) (suspend $pause))
  (func (export "new") (result (ref $k)) (cont.new $k (ref.func $nothing)))
  (func (export "new i") (result (ref $ki)) (cont.new $ki (ref.func $takes)))
  (func (export "suspended") (result (ref $k))
    (block $h (result (ref $k)) (resume $k (on $pause $h) (cont.new $k (ref.func $task))) (unreachable)))
  (func (export "resume") (param (ref null $k)) (resume $k (local.get 0)))
  (func (export "step") (param (ref null $k)) (result (ref null $k))
    (block $h (result (ref $k)) (resume $k (on $pause $h) (local.get 0)) (return (ref.null $k))))
  (func (export "throw") (param (ref null $k)) (resume_throw $k $e (local.get 0)))
  (func (export "throw ref") (param (ref null $k))
    (block $h (result exnref) (try_table (catch_all_ref $h) (throw $e)) (unreachable))
    (resume_throw_ref $k (local.get 0)))
  (func (export "throw null") (param (ref null $k)) (resume_throw_ref $k (ref.null exn) (local.get 0)))
  (func (export "bind") (param (ref null $k)) (result (ref $k)) (cont.bind $k $k (local.get 0)))
  (func (export "bind i") (param (ref null $ki)) (result (ref $k)) (cont.bind $ki $k (i32.const 1) (local.get 0)))
  (func (export "new null") (drop (cont.new $k (ref.null $f)))))"""


def test_every_use_uses_a_continuation_up(instantiate):
    exports = instantiate(ONCE).exports
    for make in ("new", "suspended"):
        for use in ("step", "throw", "throw ref", "bind"):
            continuation = exports[make]()
            try:
                exports[use](continuation)
            except WasmException:
                assert use.startswith("throw")
            for again in ("step", "resume", "throw", "throw ref", "bind"):
                assert trapped(exports[again], continuation).code is TrapCode.CONTINUATION_ALREADY_CONSUMED
    first = exports.suspended()
    second = exports.step(first)
    assert exports.step(second) is None
    bound = exports["bind i"](continuation := exports["new i"]())
    assert trapped(exports["bind i"], continuation).code is TrapCode.CONTINUATION_ALREADY_CONSUMED
    exports.resume(bound)


def test_null_is_no_continuation(instantiate):
    exports = instantiate(ONCE).exports
    for name in ("resume", "step", "throw", "throw ref", "bind", "bind i"):
        assert trapped(exports[name], None).code is TrapCode.NULL_CONTINUATION_REFERENCE
    assert trapped(exports["new null"]).code is TrapCode.NULL_FUNCTION_REFERENCE
    continuation = exports.new()
    assert trapped(exports["throw null"], continuation).code is TrapCode.NULL_EXCEPTION_REFERENCE


def test_a_continuation_is_opaque_to_the_host_and_comes_back_in(instantiate):
    exports = instantiate(ONCE).exports
    continuation = exports.suspended()
    assert isinstance(continuation, Continuation)
    for wrong in (exports["new i"](), exports.new, object(), 5):
        with pytest.raises(ValueTypeError):
            exports.resume(wrong)
    again = exports.step(continuation)
    assert repr(continuation).endswith("consumed>")
    assert not repr(again).endswith("consumed>")
    any_of_them = instantiate(
        '(module (func (export "f") (param contref) (result i32) (ref.is_null (local.get 0))))'
    ).exports.f
    assert (any_of_them(again), any_of_them(None)) == (0, 1)
    with pytest.raises(ValueTypeError):
        any_of_them(exports.new)


# Exceptions and traps


def test_exceptions_cross_resumes_both_ways(instantiate):
    log, imports = logging()
    exports = instantiate(
        f"""(module (import "h" "log" (func $log (param i32))) {TASK} (tag $e (param i32))
          (elem declare func $throws $catches)
          (func $throws (suspend $pause) (throw $e (i32.const 5)))
          (func $catches
            (block $h (result i32) (try_table (catch $e $h) (suspend $pause)) (unreachable))
            (call $log))
          (func $begin (param $task (ref $f)) (result (ref $k))
            (block $h (result (ref $k)) (resume $k (on $pause $h) (cont.new $k (local.get $task))) (unreachable)))
          (func (export "out")
            (block $h (result i32)
              (try_table (catch $e $h) (resume $k (call $begin (ref.func $throws)))) (return))
            (call $log))
          (func (export "in") (resume_throw $k $e (i32.const 6) (call $begin (ref.func $catches))))
          (func (export "through")
            (block $h (result i32)
              (try_table (catch $e $h) (resume_throw $k $e (i32.const 7) (call $begin (ref.func $throws)))) (return))
            (call $log))
          (func (export "unbegun")
            (block $h (result i32)
              (try_table (catch $e $h) (resume_throw $k $e (i32.const 8) (cont.new $k (ref.func $catches)))) (return))
            (call $log))
          (func (export "uncaught") (resume_throw $k $e (i32.const 9) (call $begin (ref.func $throws)))))""",
        imports,
    ).exports
    for name in ("out", "in", "through", "unbegun"):
        exports[name]()
    assert log == [5, 6, 7, 8]
    with pytest.raises(WasmException) as caught:
        exports.uncaught()
    assert caught.value.payload == (9,)


DEEP = f"""(module (import "h" "bottom" (func $bottom)) {TASK}
  (type $fi (func (param i32) (result i32))) (type $ki (cont $fi)) (tag $e)
  (elem declare func $deep)
  (func $deep (export "deep") (type $fi)
    (if (result i32) (i32.eqz (local.get 0))
      (then (call $bottom) (i32.const 0))
      (else (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1)))))))
  (func (export "f") (param i32) (result i32) (resume $ki (local.get 0) (cont.new $ki (ref.func $deep))))
  (func (export "caught") (param i32) (result i32)
    (block $h (try_table (catch_all $h) (return (resume $ki (local.get 0) (cont.new $ki (ref.func $deep))))))
    (i32.const -1)))"""


@pytest.mark.parametrize("depth", [0, STRIDE - 2, STRIDE - 1, STRIDE, 5 * STRIDE, 3000])
def test_a_deep_stack_returns_traps_and_throws(instantiate, depth):
    action = [lambda: None]
    exports = instantiate(DEEP, {"h": {"bottom": lambda: action[0]()}}).exports
    assert exports.f(depth) == depth

    def trap():
        raise Trap(TrapCode.UNREACHABLE)

    action[0] = trap
    frames = trapped(exports.caught, depth).frames  # which catches exceptions, not traps
    assert [frame.name for frame in frames[: depth + 2]] == (["deep"] * (depth + 1) + ["caught"])[:100]
    assert len({frame.offset for frame in frames}) <= 3
    error = LookupError()

    def fail():
        raise error

    action[0] = fail
    with pytest.raises(LookupError) as raised:
        exports.caught(depth)
    assert raised.value is error

    def throw():
        raise WasmException(None)

    action[0] = throw
    assert exports.caught(depth) == -1


def test_an_interrupt_passes_through(instantiate):
    def interrupt():
        raise KeyboardInterrupt

    action = [interrupt]
    exports = instantiate(DEEP, {"h": {"bottom": lambda: action[0]()}}).exports
    with pytest.raises(KeyboardInterrupt):
        exports.caught(40)
    action[0] = lambda: None
    assert exports.f(40) == 40


def test_traps_of_pythons_own_exceptions_keep_their_meaning(instantiate):
    exports = instantiate(
        f"""(module {TASK} (memory 1) (table 1 funcref) (type $a (array i8))
          (elem declare func $memory $table $array $divide)
          (func $memory (drop (i32.load (i32.const -1))))
          (func $table (call_indirect (i32.const 9)))
          (func $array (drop (array.get_u $a (array.new_default $a (i32.const 0)) (i32.const 0))))
          (func $divide (drop (i32.div_u (i32.const 1) (i32.const 0))))
          {
            " ".join(
                f'(func (export "{n}") (resume $k (cont.new $k (ref.func ${n}))))'
                for n in ("memory", "table", "array", "divide")
            )
        })"""
    ).exports
    for name, code in (
        ("memory", TrapCode.MEMORY_OUT_OF_BOUNDS),
        ("table", TrapCode.UNDEFINED_ELEMENT),
        ("array", TrapCode.ARRAY_OUT_OF_BOUNDS),
        ("divide", TrapCode.INTEGER_DIVIDE_BY_ZERO),
    ):
        trap = trapped(exports[name])
        assert trap.code is code
        assert [frame.function for frame in trap.frames][1:] == [exports[name].index]


# Depth


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


def test_a_deep_continuation_leaves_the_c_stack_alone(instantiate):
    exports = instantiate(DEEP, {"h": {"bottom": lambda: None}}).exports
    exports.f(2 * STRIDE)
    assert in_small_stack(lambda: exports.f(9_000)) == 9_000


def test_continuations_too_deep_exhaust_the_call_stack(instantiate):
    exports = instantiate(DEEP, {"h": {"bottom": lambda: None}}, max_call_depth=500).exports
    assert exports.f(450) == 450
    for name in ("f", "caught"):
        trap = in_small_stack(lambda name=name: exports[name](600))
        assert isinstance(trap, Exhaustion)
        assert trap.code is TrapCode.CALL_STACK_EXHAUSTED


NEST = f"""(module {TASK}
  (global $left (mut i32) (i32.const 0))
  (elem declare func $nest)
  (func $nest
    (if (i32.eqz (global.get $left)) (then (suspend $pause) (return)))
    (global.set $left (i32.sub (global.get $left) (i32.const 1)))
    (resume $k (cont.new $k (ref.func $nest))))
  (func (export "begin") (param i32) (result (ref null $k))
    (global.set $left (local.get 0))
    (block $h (result (ref $k)) (resume $k (on $pause $h) (cont.new $k (ref.func $nest))) (return (ref.null $k))))
  (func (export "end") (param (ref $k)) (resume $k (local.get 0))))"""


def test_resumes_nest_without_the_c_stack(instantiate):
    exports = instantiate(NEST, max_call_depth=3000).exports
    continuation = in_small_stack(lambda: exports.begin(2_500))
    assert isinstance(continuation, Continuation)
    assert in_small_stack(lambda: exports.end(continuation)) is None
    trap = in_small_stack(lambda: exports.begin(3_000))
    assert isinstance(trap, Exhaustion)
    # What was handed out counts again when it is resumed.
    continuation = exports.begin(2_999)
    small = instantiate(NEST, max_call_depth=100).exports
    assert isinstance(trapped(small.end, continuation), Exhaustion)


def test_a_continuation_suspended_deep_down_is_resumed_and_gone_in_any_thread(instantiate):
    text = f"""(module {TASK}
      (elem declare func $task)
      (func $deep (param i32) (param $r externref) (result i32)
        (if (result i32) (i32.eqz (local.get 0))
          (then (suspend $pause) (i32.const 0))
          (else (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1)) (local.get $r))))))
      (type $fr (func (param externref))) (type $kr (cont $fr))
      (func $task (type $fr) (drop (call $deep (i32.const 5000) (local.get 0))))
      (func (export "begin") (param externref) (result (ref $k))
        (block $h (result (ref $k))
          (resume $kr (on $pause $h) (local.get 0) (cont.new $kr (ref.func $task))) (unreachable)))
      (func (export "end") (param (ref $k)) (resume $k (local.get 0))))"""
    exports = instantiate(text).exports
    assert in_small_stack(lambda: exports.end(exports.begin(None))) is None
    held = Object()
    alive = weakref.ref(held)
    continuations = [exports.begin(held)]
    del held
    assert alive() is not None
    in_small_stack(continuations.clear)
    assert alive() is None


# Lives and deaths


def test_an_abandoned_continuation_is_gone_and_its_handlers_see_nothing(instantiate):
    log, imports = logging()
    exports = instantiate(
        f"""(module (import "h" "log" (func $log (param i32))) {TASK}
          (type $fr (func (param externref))) (type $kr (cont $fr))
          (elem declare func $task)
          (func $task (type $fr)
            (block $h (try_table (catch_all $h) (suspend $pause) (call $log (i32.const 1))))
            (call $log (i32.const 2)))
          (func (export "begin") (param externref) (result (ref $k))
            (block $h (result (ref $k))
              (resume $kr (on $pause $h) (local.get 0) (cont.new $kr (ref.func $task))) (unreachable))))""",
        imports,
    ).exports
    held = Object()
    alive = weakref.ref(held)
    continuation = exports.begin(held)
    del held
    assert alive() is not None
    del continuation
    assert alive() is None
    assert log == []


def test_a_continuation_that_refers_to_itself_is_collected(instantiate):
    f = instantiate(
        f"""(module {TASK} (type $s (struct (field (mut (ref null $k))))) (tag $give (result (ref $s)))
          (type $fs (func (param (ref $s)))) (type $ks (cont $fs))
          (elem declare func $task)
          (func $task (local $s (ref $s)) (local.set $s (suspend $give)) (suspend $pause) (drop (local.get $s)))
          (func (export "f") (result (ref $k)) (local $k (ref null $ks)) (local $s (ref $s)) (local $all (ref null $k))
            (local.set $s (struct.new_default $s))
            (block $h (result (ref $ks)) (resume $k (on $give $h) (cont.new $k (ref.func $task))) (unreachable))
            (local.set $k)
            (block $h (result (ref $k)) (resume $ks (on $pause $h) (local.get $s) (local.get $k)) (unreachable))
            (local.set $all)
            (struct.set $s 0 (local.get $s) (local.get $all))
            (ref.as_non_null (local.get $all))))"""
    ).exports.f
    continuation = f()
    alive = weakref.ref(continuation)
    gc.collect()
    assert alive() is not None
    del continuation
    gc.collect()
    assert alive() is None


def test_thousands_alive_at_once_take_neither_threads_nor_much_memory(instantiate):
    count = 5_000
    exports = instantiate(
        f"""(module {TASK} (table $queue {count} (ref null $k)) (global $done (export "done") (mut i32) (i32.const 0))
          (elem declare func $task)
          (func $task (suspend $pause) (global.set $done (i32.add (global.get $done) (i32.const 1))))
          (func (export "begin") (param $i i32)
            (table.set $queue (local.get $i)
              (block $h (result (ref $k)) (resume $k (on $pause $h) (cont.new $k (ref.func $task))) (unreachable))))
          (func (export "end") (param $i i32) (resume $k (table.get $queue (local.get $i)))))"""
    ).exports
    exports.begin(0)
    threads = threading.active_count()
    tracemalloc.start()
    try:
        for index in range(count):
            exports.begin(index)
        each = tracemalloc.get_traced_memory()[0] / count
    finally:
        tracemalloc.stop()
    assert each < 1_500
    assert threading.active_count() == threads
    for index in range(count):
        exports.end(index)
    assert exports.done.value == count


def test_switching_to_and_fro_takes_constant_memory(instantiate):
    f = instantiate(
        f"""(module {TASK}
          (elem declare func $task)
          (func $task (loop $l (suspend $pause) (br $l)))
          (func (export "f") (param $n i32) (local $k (ref null $k))
            (local.set $k (cont.new $k (ref.func $task)))
            (loop $l
              (block $h (result (ref $k)) (resume $k (on $pause $h) (local.get $k)) (unreachable))
              (local.set $k)
              (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"""
    ).exports.f
    f(10)
    tracemalloc.start()
    try:
        f(3_000)
        assert tracemalloc.get_traced_memory()[1] < 10_000
    finally:
        tracemalloc.stop()


# Switch


def test_switches_pass_values_and_the_one_that_switched(instantiate):
    log, imports = logging()
    f = instantiate(
        """(module (import "h" "log" (func $log (param i32)))
          (rec (type $f (func (param i32 (ref null $k)) (result i32))) (type $k (cont $f)))
          (tag $swap (result i32))
          (elem declare func $ping $pong)
          (func $ping (type $f)
            (local.set 1 (cont.new $k (ref.func $pong)))
            (loop $l (result i32)
              (call $log (local.get 0))
              (if (i32.gt_s (local.get 0) (i32.const 4)) (then (return (local.get 0))))
              (switch $k $swap (i32.add (local.get 0) (i32.const 1)) (local.get 1))
              (local.set 1) (local.set 0)
              (br $l)))
          (func $pong (type $f)
            (loop $l (result i32)
              (call $log (i32.mul (local.get 0) (i32.const 10)))
              (switch $k $swap (i32.add (local.get 0) (i32.const 1)) (local.get 1))
              (local.set 1) (local.set 0)
              (br $l)))
          (func (export "f") (result i32)
            (resume $k (on $swap switch) (i32.const 1) (ref.null $k) (cont.new $k (ref.func $ping)))))""",
        imports,
    ).exports.f
    assert f() == 5
    assert log == [1, 20, 3, 40, 5]


def test_a_switch_to_what_is_too_deep_exhausts_the_call_stack(instantiate):
    text = """(module
      (rec (type $f (func (param (ref null $k)))) (type $k (cont $f))) (type $f0 (func)) (type $k0 (cont $f0))
      (tag $swap) (global $kept (export "kept") (mut (ref null $k)) (ref.null $k))
      (elem declare func $task $keep $start)
      (func $deep (param i32)
        (if (local.get 0) (then (call $deep (i32.sub (local.get 0) (i32.const 1))) (return)))
        (drop (switch $k $swap (cont.new $k (ref.func $keep)))))
      (func $task (type $f) (call $deep (i32.const 200)))
      (func $keep (type $f) (global.set $kept (local.get 0)))
      (func $start (type $f) (drop (switch $k $swap (local.get 0))))
      (func (export "keep") (resume $k (on $swap switch) (ref.null $k) (cont.new $k (ref.func $task))))
      (func (export "go") (param (ref null $k))
        (resume $k (on $swap switch) (local.get 0) (cont.new $k (ref.func $start)))))"""
    large = instantiate(text, max_call_depth=1000).exports
    small = instantiate(text, max_call_depth=100).exports
    assert isinstance(trapped(small.keep), Exhaustion)
    large.keep()
    assert isinstance(trapped(small.go, large.kept.value), Exhaustion)
    large.keep()
    large.go(large.kept.value)


# Calls in continuations


def test_tail_calls_in_a_continuation_take_constant_memory(instantiate):
    exports = instantiate(
        f"""(module {TASK} (type $p (func (param i32) (result i32))) (type $kp (cont $p)) (tag $e)
          (elem declare func $even $odd $leaves)
          (func $even (type $p)
            (if (i32.eqz (local.get 0)) (then (suspend $pause) (return (i32.const 1))))
            (return_call $odd (i32.sub (local.get 0) (i32.const 1))))
          (func $odd (type $p)
            (if (i32.eqz (local.get 0)) (then (suspend $pause) (return (i32.const 0))))
            (block $h (try_table (catch_all $h)
              (return_call_ref $p (i32.sub (local.get 0) (i32.const 1)) (ref.func $even))))
            (unreachable))
          (func $throw (type $p) (suspend $pause) (throw $e))
          (func $leaves (type $p)
            (block $h (try_table (catch_all $h) (return_call $throw (local.get 0)))) (i32.const 9))
          (func $run (param $p (ref $p)) (param $n i32) (result i32)
            (block $h (result (ref $r))
              (resume $kp (on $pause $h) (local.get $n) (cont.new $kp (local.get $p))) (unreachable))
            (resume $r))
          (type $fr (func (result i32))) (type $r (cont $fr))
          (func (export "even") (param i32) (result i32) (call $run (ref.func $even) (local.get 0)))
          (func (export "leaves") (result i32) (call $run (ref.func $leaves) (i32.const 0))))"""
    ).exports
    assert [exports.even(n) for n in (0, 1, 7, 10_000, 10_001)] == [1, 0, 0, 1, 0]
    tracemalloc.start()
    try:
        exports.even(3_000)
        assert tracemalloc.get_traced_memory()[1] < 20_000
    finally:
        tracemalloc.stop()
    with pytest.raises(WasmException):
        exports.leaves()


def test_a_suspension_crosses_modules_that_know_nothing_of_it(instantiate):
    log, imports = logging()
    table = Table(TableType(FUNCREF, Limits(1)))
    between = instantiate(
        """(module (import "h" "log" (func $log (param i32))) (import "h" "table" (table 1 funcref))
          (func $inner (call_indirect (i32.const 0)))
          (func (export "between") (param i32) (result i32)
            (call $log (local.get 0)) (call $inner) (i32.add (local.get 0) (i32.const 1))))""",
        {"h": {**imports["h"], "table": table}},
    )
    exports = instantiate(
        f"""(module (import "b" "between" (func $between (param i32) (result i32)))
          (import "h" "log" (func $log (param i32))) {TASK}
          (elem declare func $task)
          (func (export "suspend") (suspend $pause))
          (func $task (call $log (call $between (i32.const 5))))
          (func (export "f")
            (block $h (result (ref $k)) (resume $k (on $pause $h) (cont.new $k (ref.func $task))) (unreachable))
            (call $log (i32.const 0))
            (resume $k)))""",
        {"b": between, **imports},
    ).exports
    table[0] = exports.suspend
    exports.f()
    assert log == [5, 0, 6]


def test_tags_are_told_apart_by_instance(instantiate):
    text = f"""(module {TASK}
      (elem declare func $task) (func $task (suspend $pause))
      (func (export "new") (result (ref $k)) (cont.new $k (ref.func $task)))
      (func (export "run") (param (ref $k)) (result (ref $k))
        (block $h (result (ref $k)) (resume $k (on $pause $h) (local.get 0)) (unreachable))))"""
    one, other = instantiate(text).exports, instantiate(text).exports
    assert isinstance(one.run(one.new()), Continuation)
    assert trapped(other.run, one.new()).code is TrapCode.UNHANDLED_TAG


def test_what_can_not_suspend_runs_at_full_speed(instantiate):
    instance = instantiate(
        f"""(module (import "h" "log" (func $log (param i32))) {TASK}
          (elem declare func $task $leaf)
          (func $leaf (export "leaf") (call $cycle (i32.const 3)))
          (func $cycle (export "cycle") (param i32)
            (if (local.get 0) (then (call $cycle (i32.sub (local.get 0) (i32.const 1))) (call $other))))
          (func $other (export "other"))
          (func $task (call $leaf) (call $log (i32.const 1)))
          (func (export "f") (resume $k (cont.new $k (ref.func $task))))
          (func (export "g") (resume $k (cont.new $k (ref.func $leaf)))))""",
        logging()[1],
    )
    exports = instance.exports
    exports.f()
    assert all(exports[name].coroutine is None for name in ("leaf", "cycle", "other"))
    exports.g()
    suspension = Suspension(instance.module)
    possible = {name: suspension.possible(exports[name].index) for name in ("leaf", "cycle", "other", "f", "g")}
    assert possible == {"leaf": False, "cycle": False, "other": False, "f": True, "g": True}
    assert suspension.possible(0)  # an import may do anything


def test_too_many_calls_to_follow_may_suspend(instantiate):
    count = 200
    functions = [f'(func $f{n} (export "f{n}") {f"(call $f{n + 1})" if n < count - 1 else ""})' for n in range(count)]
    instance = instantiate(f"(module {' '.join(functions)})")
    suspension = Suspension(instance.module)
    assert suspension.possible(0)
    assert not suspension.possible(count - 10)


def test_the_feature_is_one_that_can_be_off():
    parser = pytest.importorskip("wrt_wast.text.parser", reason="modules are written as text")
    engine = EngineFactory.create("stackless", features=["wasm-3.0"])
    with pytest.raises(ValidationError, match="stack-switching"):
        engine.load(parser.parse_module(f"(module {TASK})"))
