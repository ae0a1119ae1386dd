"""Nothing of ours keeps a guest alive that nobody refers to, whatever refers to what in a circle."""

from __future__ import annotations

import gc
import weakref

import pytest

from wrt_foundation.traps import Trap

TEXT = """(module $m (import "host" "f" (func $f (result i32)))
  (memory (export "memory") 1)
  (table (export "table") 2 funcref)
  (elem (i32.const 0) $run $spin)
  (global (export "g") (mut i32) (i32.const 0))
  (func $run (export "run") (result i32) (call $f))
  (func $spin (export "spin") (loop $again (br $again)))
  (func (export "trap") unreachable))"""


def gone(*objects):
    """Weak references to objects, which the caller must let go of."""
    return [weakref.ref(each) for each in objects]


def all_gone(references):
    gc.collect()
    return [each() for each in references] == [None] * len(references)


def make(instantiate, f=None):
    """An instance whose host function refers to it."""

    def host():
        return 1 if f is None else f(instance)

    instance = instantiate(TEXT, {"host": {"f": host}})
    return instance


def test_an_instance_whose_host_function_refers_to_it_goes(instantiate):
    instance = make(instantiate, lambda instance: instance.exports.memory.size)
    assert instance.exports.run() == 1
    references = gone(instance, instance.exports.memory, instance.exports.run)
    del instance
    assert all_gone(references)


def test_with_a_paused_execution_that_refers_to_it(instantiate):
    instance = make(instantiate)
    execution = instance.exports.spin.start(fuel=1_000)
    execution.run()
    instance.exports.memory.view[0] = 1
    references = gone(instance, execution, instance.exports.memory)
    del instance
    gc.collect()
    assert references[0]() is not None, "an execution keeps what it runs"
    assert execution.run(fuel=1_000) == "paused"
    del execution
    assert all_gone(references)


def test_with_an_execution_that_its_host_function_refers_to(instantiate):
    instance = make(instantiate, lambda _: execution.func.index)
    execution = instance.exports.run.start()
    execution.run()
    assert execution.result == 1
    references = gone(instance, execution)
    instance = execution = None
    assert all_gone(references)


def test_with_a_cancelled_execution(instantiate):
    instance = make(instantiate)
    execution = instance.exports.spin.start(fuel=100)
    execution.run()
    execution.cancel()
    references = gone(instance, execution)
    del instance, execution
    assert all_gone(references)


def test_a_view_keeps_the_bytes_and_not_the_instance(instantiate):
    instance = make(instantiate)
    view = instance.exports.memory.view
    references = gone(instance, instance.exports.memory)
    del instance
    assert all_gone(references)
    assert view[0] == 0
    view[0] = 7
    assert view[0] == 7


def test_functions_in_a_table_that_holds_them_in_a_circle(instantiate):
    first, second = make(instantiate), make(instantiate)
    first.exports.table[1] = second.exports.run
    second.exports.table[1] = first.exports.run
    assert first.exports.table[1]() == 1
    references = gone(first, second, first.exports.table)
    del first
    gc.collect()
    assert references[0]() is not None, "a table keeps the instance whose function it holds"
    del second
    assert all_gone(references)


def test_instances_that_import_one_another(instantiate):
    first = instantiate(TEXT, {"host": {"f": lambda: second.exports.other()}})
    second = instantiate(
        """(module (import "first" "run" (func $run (result i32)))
             (import "first" "memory" (memory 1)) (import "first" "table" (table 2 funcref))
             (elem (i32.const 0) $other)
             (func $other (export "other") (result i32) (i32.load (i32.const 0)))
             (func (export "go") (result i32) (call $run)))""",
        {"first": first},
    )
    first.exports.memory.write(0, b"\x2a\0\0\0")
    assert second.exports.go() == 42
    references = gone(first, second)
    first = second = None
    assert all_gone(references)


def test_an_exception_that_is_let_go_of(instantiate):
    def fail():
        raise ValueError("from the host")

    instance = instantiate(TEXT, {"host": {"f": fail}})
    with pytest.raises(ValueError, match="from the host") as caught:
        instance.exports.run()
    references = gone(instance)
    del instance, caught
    assert all_gone(references)


def test_the_error_of_a_guest_does_not_keep_it(instantiate):
    instance = instantiate(TEXT, {"host": {"f": lambda: 0}})
    with pytest.raises(Trap) as caught:
        instance.exports.trap()
    error = caught.value.with_traceback(None)
    error.__context__ = None
    references = gone(instance)
    del instance, caught
    assert all_gone(references)
    assert error.frames[0].position.line == 8
