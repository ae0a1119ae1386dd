"""Tables: references that guests and hosts share."""

from __future__ import annotations

from typing import Any

from wrt_core.engine import Engine
from wrt_core.runtime.function import Func
from wrt_core.runtime.table import Table
from wrt_core.testing.assembler import ModuleBuilder, signature
from wrt_core.testing.expect import raises, traps
from wrt_foundation.errors import ValueTypeError
from wrt_foundation.traps import TrapCode
from wrt_foundation.types import EXTERNREF, FUNCREF, Limits, TableType

__all__ = ["TablesConformance"]


def _externs(engine: Engine, size: int = 3, maximum: int | None = None) -> Any:
    builder = ModuleBuilder()
    builder.table(size, maximum, element=EXTERNREF)
    builder.function("read", "i32 -> externref", "local.get 0 table.get")
    builder.function("set", "i32 externref ->", "local.get 0 local.get 1 table.set")
    builder.function("size", "-> i32", "table.size")
    builder.function("grow", "externref i32 -> i32", "local.get 0 local.get 1 table.grow")
    builder.function("fill", "i32 externref i32 ->", "local.get 0 local.get 1 local.get 2 table.fill")
    builder.function("copy", "i32 i32 i32 ->", "local.get 0 local.get 1 local.get 2 table.copy 0 0")
    return builder.instantiate(engine).exports


class TablesConformance:
    """Table instructions, and `Table` from the host's side."""

    def test_elements_are_the_very_objects(self, engine: Engine) -> None:
        exports = _externs(engine)
        things = [object(), "text", 0]
        for index, thing in enumerate(things):
            exports.set(index, thing)
        assert [exports.table[index] for index in range(3)] == things
        exports.table[1] = None
        assert exports.read(1) is None
        assert exports.read(0) is things[0]

    def test_tables_grow(self, engine: Engine) -> None:
        exports = _externs(engine, 1, 4)
        assert exports.grow("new", 2) == 1
        assert (exports.size(), exports.table.size, len(exports.table)) == (3, 3, 3)
        assert exports.read(2) == "new"
        assert exports.grow(None, 2) == -1
        assert exports.grow(None, -1) == -1
        assert exports.table.grow(1, "host") == 3
        assert exports.read(3) == "host"
        assert exports.table.grow(1) == -1
        with raises(ValueError):
            exports.table.grow(-1)

    def test_tables_are_filled_and_copied(self, engine: Engine) -> None:
        exports = _externs(engine, 5)
        exports.fill(1, "x", 3)
        assert [exports.read(index) for index in range(5)] == [None, "x", "x", "x", None]
        for index in range(5):
            exports.table[index] = index
        exports.copy(1, 0, 4)
        assert [exports.read(index) for index in range(5)] == [0, 0, 1, 2, 3]
        exports.copy(0, 1, 4)
        assert [exports.read(index) for index in range(5)] == [0, 1, 2, 3, 3]

    def test_element_segments(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        functions = [builder.function(None, "-> i32", f"i32.const {n}") for n in range(3)]
        builder.table(5)
        passive = builder.elements(functions, None)
        builder.elements(functions[1:], 1)
        builder.function("init", "i32 i32 i32 ->", f"local.get 0 local.get 1 local.get 2 table.init {passive}")
        builder.function("drop", "->", f"elem.drop {passive}")
        builder.function("call", "i32 -> i32", f"local.get 0 call_indirect {builder.type('-> i32')}")
        exports = builder.instantiate(engine).exports
        assert [exports.call(1), exports.call(2)] == [1, 2]
        exports.init(3, 1, 2)
        assert [exports.call(3), exports.call(4)] == [1, 2]
        exports.drop()
        exports.init(0, 0, 0)
        with traps(TrapCode.TABLE_OUT_OF_BOUNDS):
            exports.init(0, 0, 1)

    def test_elements_of_the_host_are_checked(self, engine: Engine) -> None:
        table = Table(TableType(FUNCREF, Limits(1)))
        with raises(ValueTypeError):
            table[0] = print
        with traps(TrapCode.TABLE_OUT_OF_BOUNDS):
            table.get(1)
        with traps(TrapCode.TABLE_OUT_OF_BOUNDS):
            table[-1] = None

    def test_a_table_between_two_instances(self, engine: Engine) -> None:
        table = Table(TableType(FUNCREF, Limits(2)))
        writer = ModuleBuilder()
        writer.import_table("env", "table", 2)
        writer.global_("count", "i32", "i32.const 0")
        counter = writer.function(None, "-> i32", "global.get 0 i32.const 1 i32.add global.set 0 global.get 0")
        writer.elements([counter], 1)
        caller = ModuleBuilder()
        caller.import_table("env", "table", 2)
        caller.function("call", "i32 -> i32", f"local.get 0 call_indirect {caller.type('-> i32')}")
        one = writer.instantiate(engine, {"env": {"table": table}})
        call = caller.instantiate(engine, {"env": {"table": table}}).exports.call
        assert [call(1), call(1), table[1]()] == [1, 2, 3]
        assert one.exports.count.value == 3
        table[0] = Func(signature("-> i32"), lambda: 77)
        assert call(0) == 77

    def test_a_functions_identity(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        function = builder.function("function", "->", "")
        builder.table(1)
        builder.elements([function], 0)
        builder.function("take", "-> funcref", f"ref.func {function}")
        exports = builder.instantiate(engine).exports
        assert exports.table[0] is exports.take() is exports.function
