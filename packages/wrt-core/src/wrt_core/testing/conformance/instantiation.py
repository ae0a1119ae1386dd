"""Instantiation: segments in their order, what was written stays written, then the start function."""

from __future__ import annotations

from wrt_core.engine import Engine
from wrt_core.runtime.globals import Global
from wrt_core.runtime.memory import Memory
from wrt_core.runtime.store import Store
from wrt_core.runtime.table import Table
from wrt_core.testing.assembler import ModuleBuilder
from wrt_core.testing.expect import raises, traps
from wrt_foundation.traps import TrapCode
from wrt_foundation.types import FUNCREF, I32, GlobalType, Limits, MemoryType, TableType

__all__ = ["InstantiationConformance"]

PAGE = 65_536


class InstantiationConformance:
    """`Engine.instantiate`, beyond linking."""

    def test_only_what_load_returned_is_taken(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        for source in (builder.bytes(), builder.module, None):
            with raises(TypeError):
                engine.instantiate(source)  # type: ignore[arg-type]

    def test_segments_are_written_in_order(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        builder.memory(1)
        builder.data(b"aaaa", 0)
        builder.data(b"bb", 1)
        builder.data(b"c", 2)
        assert builder.instantiate(engine).exports.memory.read(0, 4) == b"abca"

    def test_offsets_may_be_imported(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        builder.import_global("env", "base", "i32")
        builder.memory(1)
        builder.data(b"here", "global.get 0")
        instance = builder.instantiate(engine, {"env": {"base": Global(GlobalType(I32), 1000)}})
        assert instance.exports.memory.read(1000, 4) == b"here"

    def test_offsets_are_unsigned(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        builder.memory(1)
        builder.data(b"!", -1)
        with traps(TrapCode.MEMORY_OUT_OF_BOUNDS):
            builder.instantiate(engine)

    def test_a_segment_may_end_where_the_memory_does(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        builder.memory(1)
        builder.data(b"end", PAGE - 3)
        builder.data(b"", PAGE)
        assert builder.instantiate(engine).exports.memory.read(PAGE - 3, 3) == b"end"
        builder.data(b"", PAGE + 1)
        with traps(TrapCode.MEMORY_OUT_OF_BOUNDS):
            builder.instantiate(engine)

    def test_what_was_written_before_a_trap_stays(self, engine: Engine) -> None:
        memory, table = Memory(MemoryType(Limits(1))), Table(TableType(FUNCREF, Limits(4)))
        builder = ModuleBuilder()
        builder.import_memory("env", "memory", 1)
        builder.import_table("env", "table", 4)
        function = builder.function(None, "-> i32", "i32.const 5")
        builder.elements([function], 3)
        builder.data(b"stays", 10)
        builder.data(b"past the end", PAGE - 1)
        builder.data(b"never", 20)
        with traps(TrapCode.MEMORY_OUT_OF_BOUNDS):
            builder.instantiate(engine, {"env": {"memory": memory, "table": table}})
        assert memory.read(10, 5) == b"stays"
        assert memory.read(PAGE - 1, 1) == b"\0", "a segment is written whole or not at all"
        assert memory.read(20, 5) == bytes(5)
        # The function lives on in the table, though its instance was never returned.
        assert table[3]() == 5

    def test_elements_come_before_data(self, engine: Engine) -> None:
        memory = Memory(MemoryType(Limits(1)))
        builder = ModuleBuilder()
        builder.import_memory("env", "memory", 1)
        table = builder.table(1)
        function = builder.function(None, "->", "")
        builder.elements([function, function], 0, table)
        builder.data(b"never")
        with traps(TrapCode.TABLE_OUT_OF_BOUNDS):
            builder.instantiate(engine, {"env": {"memory": memory}})
        assert memory.read(0, 5) == bytes(5)

    def test_globals_are_initialised_in_order(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        builder.import_global("env", "base", "i32")
        builder.global_("copy", "i32", "global.get 0", mutable=False)
        builder.global_("float", "f64", "f64.const -0.5")
        builder.global_("long", "i64", "i64.const -1")
        exports = builder.instantiate(engine, {"env": {"base": Global(GlobalType(I32), -7)}}).exports
        assert (exports.copy.value, exports.float.value, exports.long.value) == (-7, -0.5, -1)

    def test_the_start_function_runs_last_and_once(self, engine: Engine) -> None:
        seen: list[int] = []
        builder = ModuleBuilder()
        builder.import_function("env", "log", "i32 ->")
        builder.memory(1)
        builder.data(b"\x2a", 8)
        builder.start(builder.function(None, "->", "i32.const 8 i32.load8_u call 0"))
        builder.instantiate(engine, {"env": {"log": seen.append}})
        assert seen == [42]

    def test_an_imported_start_function(self, engine: Engine) -> None:
        seen: list[str] = []
        builder = ModuleBuilder()
        builder.start(builder.import_function("env", "begin", "->"))
        builder.instantiate(engine, {"env": {"begin": lambda: seen.append("begun")}})
        assert seen == ["begun"]

    def test_a_start_function_that_traps_leaves_what_it_wrote(self, engine: Engine) -> None:
        memory = Memory(MemoryType(Limits(1)))
        builder = ModuleBuilder()
        builder.import_memory("env", "memory", 1)
        builder.start(builder.function(None, "->", "i32.const 0 i32.const 7 i32.store8 unreachable"))
        with traps(TrapCode.UNREACHABLE):
            builder.instantiate(engine, {"env": {"memory": memory}})
        assert memory.read(0, 1) == b"\7"

    def test_an_error_of_the_hosts_in_the_start_function(self, engine: Engine) -> None:
        class Refused(Exception):
            pass

        def refuse() -> None:
            raise Refused

        builder = ModuleBuilder()
        builder.start(builder.import_function("env", "refuse", "->"))
        with raises(Refused):
            builder.instantiate(engine, {"env": {"refuse": refuse}})

    def test_instances_may_share_a_store(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        builder.memory(1)
        module, store = builder.load(engine), Store()
        one = engine.instantiate(module, store=store)
        other = engine.instantiate(module, store=store)
        assert one.store is other.store is store
        assert set(store.instances) == {one, other}
        assert one.exports.memory is not other.exports.memory

    def test_exports_by_odd_names(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        for number, name in enumerate(("", "odd name", "ünïcödé", "__init__", "a.b", "class", "get", "keys")):
            builder.function(name, "-> i32", f"i32.const {number}")
        exports = builder.instantiate(engine).exports
        assert [exports[name]() for name in exports] == list(range(8))
        assert exports[""]() == 0
        assert getattr(exports, "class")() == 5

    def test_an_export_that_is_not_there(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        builder.function("compute", "->", "")
        exports = builder.instantiate(engine).exports
        with raises(KeyError, "did you mean 'compute'"):
            exports["compite"]
        with raises(AttributeError, "did you mean 'compute'"):
            _ = exports.compite
