"""Indirect calls, through tables that are settled and through others."""

from __future__ import annotations

import pytest

from wrt_core import EngineFactory, Func, Table
from wrt_core.execution.snapshot import Snapshot
from wrt_core.execution.state import State
from wrt_core.runtime.instance import Instance
from wrt_foundation.traps import Trap, TrapCode
from wrt_foundation.types import FUNCREF, I32, FuncType, Limits, TableType

TEXT = """(module
  (import "env" "host" (func $host (param i32) (result i32)))
  (type $open (sub (func (param i32) (result i32))))
  (type $final (sub $open (func (param i32) (result i32))))
  (type $plain (func (param i32) (result i32)))
  (type $nothing (func))
  (table $t {table} 8 funcref)
  (global $calls (mut i32) (i32.const 0))
  (elem (table $t) (i32.const 0) func $twice $host $descended $nothing $twice $again)
  (func $twice (type $plain)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (i32.mul (local.get 0) (i32.const 2)))
  (func $descended (type $final) (i32.add (local.get 0) (i32.const 100)))
  (func $nothing (type $nothing))
  (func $again (type $plain)
    (if (result i32) (i32.eqz (local.get 0))
      (then (global.get $calls))
      (else (i32.add (i32.const 1)
        (call_indirect $t (type $plain) (i32.sub (local.get 0) (i32.const 1)) (i32.const 5))))))
  (func $count (result i32)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (global.get $calls))
  (func (export "plain") (param i32 i32) (result i32)
    (call_indirect $t (type $plain) (local.get 1) (local.get 0)))
  (func (export "open") (param i32 i32) (result i32)
    (call_indirect $t (type $open) (local.get 1) (local.get 0)))
  (func (export "counting") (param i32) (result i32)
    (call_indirect $t (type $plain) (call $count) (local.get 0)))
  (func (export "calls") (result i32) (global.get $calls)))"""


def told(value: int) -> int:
    return value + 1000


@pytest.fixture(params=["settled", "exported"])
def instance(instantiate, request) -> Instance:
    text = TEXT.format(table='(export "table")' if request.param == "exported" else "")
    made = instantiate(text, {"env": {"host": told}})
    assert made.module.is_settled(0) == (request.param == "settled")
    return made


def code_of(instance: Instance, *args: int) -> TrapCode:
    with pytest.raises(Trap) as trap:
        instance.exports.plain(*args)
    assert [frame.name for frame in trap.value.frames] == ["plain"]
    return trap.value.code


def test_each_element_is_called(instance):
    for _ in range(2):  # before and after they are translated
        assert [instance.exports.plain(index, 7) for index in (0, 1, 4)] == [14, 1007, 14]
        assert instance.exports.plain(5, 7) == instance.exports.calls() + 7
        assert instance.exports.open(2, 7) == 107


def test_what_can_not_be_called_traps(instance):
    assert code_of(instance, 2, 0) is TrapCode.INDIRECT_CALL_TYPE_MISMATCH
    assert code_of(instance, 3, 0) is TrapCode.INDIRECT_CALL_TYPE_MISMATCH
    assert code_of(instance, 6, 0) is TrapCode.UNINITIALIZED_ELEMENT
    assert code_of(instance, 8, 0) is TrapCode.UNDEFINED_ELEMENT
    assert code_of(instance, -1, 0) is TrapCode.UNDEFINED_ELEMENT


def test_arguments_are_evaluated_before_the_call_traps(instance):
    for count, index in enumerate((6, 3, 8), 1):
        with pytest.raises(Trap):
            instance.exports.counting(index)
        assert instance.exports.calls() == count


def test_an_error_of_a_host_function_stays_what_it_is(instantiate):
    def fails(value: int) -> int:
        raise IndexError("mine")

    for host in (fails, [].__getitem__):
        exports = instantiate(TEXT.format(table=""), {"env": {"host": host}}).exports
        with pytest.raises(IndexError, match=r"mine|list index"):
            exports.plain(1, 7)


def resumed(instance: Instance, *args: int) -> int:
    """Return what a call gives that is saved and resumed at each of its safe points."""
    execution = instance.exports.plain.start(*args, fuel=0)
    pauses = 0
    while execution.run(fuel=execution.fuel_needed) is State.PAUSED:
        pauses += 1
        snapshot = Snapshot.from_bytes(Snapshot.of(execution).to_bytes())
        engine = EngineFactory.create("stackless")
        execution = snapshot.resume(engine, instance.module, {"env": {"host": told}})
    assert pauses
    return execution.result


def test_it_goes_on_from_each_safe_point(instance):
    assert resumed(instance, 5, 3) == 3
    assert resumed(instance, 0, 3) == 6
    assert resumed(instance, 1, 3) == 1003
    with pytest.raises(Trap) as trap:
        resumed(instance, 2, 3)
    assert trap.value.code is TrapCode.INDIRECT_CALL_TYPE_MISMATCH


def test_fuel_is_the_same_whatever_the_table(instantiate):
    used = set()
    for table in ("", '(export "table")'):
        exports = instantiate(TEXT.format(table=table), {"env": {"host": told}}).exports
        execution = exports.plain.start(5, 20, fuel=10_000)
        execution.run()
        used.add(execution.fuel)
    assert len(used) == 1


def test_a_settled_table_is_asked_once(instantiate):
    made = instantiate(TEXT.format(table=""), {"env": {"host": told}})
    made.exports.plain(0, 1)
    (codes,) = [each for name, each in made.namespace.items() if name.startswith("C0_") and len(each) == 8]
    assert codes[0] is made.namespace["f1"]  # the stub is gone
    assert hasattr(codes[5], "settle")


def test_a_table_that_the_host_changes_is_asked_each_time(instantiate):
    own = Table(TableType(FUNCREF, Limits(8)))
    twin = instantiate(TEXT.format(table='(export "table")'), {"env": {"host": told}})
    for made, table in (
        (instantiate(TEXT.format(table='(import "env" "t")'), {"env": {"host": told, "t": own}}), own),
        (twin, twin.exports.table),
    ):
        assert made.exports.plain(0, 7) == 14
        table[0] = Func(FuncType((I32,), (I32,)), lambda value: value + 5)
        assert made.exports.plain(0, 7) == 12
        table[0] = None
        assert code_of(made, 0, 7) is TrapCode.UNINITIALIZED_ELEMENT
