"""Lifetimes: what nobody refers to any more goes away, and what somebody does stays."""

from __future__ import annotations

import gc
import weakref

from wrt_core.engine import Engine
from wrt_core.runtime.instance import Instance
from wrt_core.runtime.memory import Memory
from wrt_core.runtime.store import Store
from wrt_core.testing.assembler import ModuleBuilder
from wrt_foundation.types import Limits, MemoryType

__all__ = ["LifetimesConformance"]


def _library() -> ModuleBuilder:
    builder = ModuleBuilder()
    builder.memory(1)
    builder.global_("count", "i32", "i32.const 0")
    builder.function("next", "-> i32", "global.get 0 i32.const 1 i32.add global.set 0 global.get 0")
    builder.table(1)
    builder.elements([0], 0)
    return builder


class LifetimesConformance:
    """Garbage collection of instances, memories and modules."""

    def test_an_instance_that_was_run_goes_away(self, engine: Engine) -> None:
        instance = _library().instantiate(engine)
        instance.exports.next()
        gone = weakref.ref(instance), weakref.ref(instance.exports.memory)
        del instance
        gc.collect()
        assert [each() for each in gone] == [None, None]

    def test_an_instance_whose_host_function_refers_to_it_goes_away(self, engine: Engine) -> None:
        def make() -> Instance:
            def size() -> int:
                pages: int = instance.exports.memory.size
                return pages

            builder = ModuleBuilder()
            builder.import_function("env", "size", "-> i32")
            builder.memory(3)
            builder.function("run", "-> i32", "call 0")
            instance = builder.instantiate(engine, {"env": {"size": size}})
            return instance

        instance = make()
        assert instance.exports.run() == 3
        gone = weakref.ref(instance)
        del instance
        gc.collect()
        assert gone() is None

    def test_a_function_keeps_its_instance(self, engine: Engine) -> None:
        function = _library().instantiate(engine).exports.next
        gc.collect()
        assert [function(), function()] == [1, 2]

    def test_a_table_keeps_what_it_holds(self, engine: Engine) -> None:
        table = _library().instantiate(engine).exports.table
        gc.collect()
        assert [table[0](), table[0]()] == [1, 2]

    def test_an_import_is_kept_by_who_imports_it(self, engine: Engine) -> None:
        user = ModuleBuilder()
        user.import_function("library", "next", "-> i32")
        user.import_memory("library", "memory", 1)
        user.function("run", "-> i32", "call 0")
        run = user.instantiate(engine, {"library": _library().instantiate(engine)}).exports.run
        gc.collect()
        assert [run(), run()] == [1, 2]

    def test_a_shared_memory_does_not_keep_its_users(self, engine: Engine) -> None:
        memory = Memory(MemoryType(Limits(1)))
        builder = ModuleBuilder()
        builder.import_memory("env", "memory", 1)
        builder.function("load", "-> i32", "i32.const 0 i32.load")
        instance = builder.instantiate(engine, {"env": {"memory": memory}})
        instance.exports.load()
        gone = weakref.ref(instance)
        del instance
        gc.collect()
        assert gone() is None
        assert memory.grow(1) == 1

    def test_a_store_does_not_keep_its_instances(self, engine: Engine) -> None:
        store = Store()
        instance = engine.instantiate(_library().load(engine), store=store)
        assert list(store.instances) == [instance]
        del instance
        gc.collect()
        assert list(store.instances) == []

    def test_a_module_goes_away_with_its_instances(self, engine: Engine) -> None:
        module = _library().load(engine)
        instance = engine.instantiate(module)
        instance.exports.next()
        gone = weakref.ref(module)
        del module
        gc.collect()
        assert gone() is not None
        del instance
        gc.collect()
        assert gone() is None, "an engine keeps no module alive"

    def test_a_trap_does_not_keep_the_instance(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        builder.function("run", "->", "unreachable")
        instance = builder.instantiate(engine)
        frames: object = None
        try:
            instance.exports.run()
        except Exception as error:  # noqa: BLE001 - it is a Trap, and its traceback is let go of here
            frames = error.frames  # type: ignore[attr-defined]
        gone = weakref.ref(instance)
        del instance
        gc.collect()
        assert frames
        assert gone() is None

    def test_an_instantiation_that_failed_leaves_nothing(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        builder.memory(1)
        builder.data(b"!", 1 << 20)
        module, store = builder.load(engine), Store()
        try:
            engine.instantiate(module, store=store)
        except Exception as error:  # noqa: BLE001 - only that it is gone matters here
            del error
        gc.collect()
        assert list(store.instances) == []
