"""Memories: what guests and hosts see of the same bytes."""

from __future__ import annotations

import sys

from wrt_core.engine import Engine
from wrt_core.runtime.instance import Instance
from wrt_core.runtime.memory import Memory
from wrt_core.testing.assembler import ModuleBuilder
from wrt_core.testing.expect import raises, traps
from wrt_foundation.traps import TrapCode
from wrt_foundation.types import Limits, MemoryType

__all__ = ["MemoriesConformance"]

PAGE = 65_536

_ACCESSES = [
    # store, its operand, load, what comes back
    ("i32.store8", "i32", "i32.load8_u", 0x1FF, 0xFF),
    ("i32.store8", "i32", "i32.load8_s", 0x80, -128),
    ("i32.store16", "i32", "i32.load16_u", 0x1_FFFE, 0xFFFE),
    ("i32.store16", "i32", "i32.load16_s", 0x8000, -0x8000),
    ("i32.store", "i32", "i32.load", -2, -2),
    ("i64.store8", "i64", "i64.load8_u", -1, 0xFF),
    ("i64.store8", "i64", "i64.load8_s", -1, -1),
    ("i64.store16", "i64", "i64.load16_u", -2, 0xFFFE),
    ("i64.store16", "i64", "i64.load16_s", -2, -2),
    ("i64.store32", "i64", "i64.load32_u", -2, 0xFFFF_FFFE),
    ("i64.store32", "i64", "i64.load32_s", -2, -2),
    ("i64.store", "i64", "i64.load", -(1 << 63), -(1 << 63)),
    ("f32.store", "f32", "f32.load", 0.1, 0.10000000149011612),
    ("f64.store", "f64", "f64.load", 0.1, 0.1),
]


def _plain(engine: Engine, pages: int = 1, maximum: int | None = None) -> Instance:
    builder = ModuleBuilder()
    builder.memory(pages, maximum)
    builder.function("load", "i32 -> i32", "local.get 0 i32.load8_u")
    builder.function("store", "i32 i32 ->", "local.get 0 local.get 1 i32.store8")
    builder.function("size", "-> i32", "memory.size")
    builder.function("grow", "i32 -> i32", "local.get 0 memory.grow")
    return builder.instantiate(engine)


class MemoriesConformance:
    """Loads and stores, and `Memory` from the host's side."""

    def test_every_access_at_every_alignment(self, engine: Engine) -> None:
        for store, type_, load, value, expected in _ACCESSES:
            builder = ModuleBuilder()
            builder.memory(1)
            builder.function("store", f"i32 {type_} ->", f"local.get 0 local.get 1 {store} 3 align=0")
            builder.function("load", f"i32 -> {load[:3]}", f"local.get 0 {load} 3 align=0")
            exports = builder.instantiate(engine).exports
            for address in (*range(9), PAGE - 11):
                exports.store(address, value)
                assert exports.load(address) == expected, (store, load, address)

    def test_bytes_are_little_endian(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        builder.memory(1)
        builder.function("store", "i64 ->", "i32.const 1 local.get 0 i64.store align=0")
        exports = builder.instantiate(engine).exports
        exports.store(0x0102030405060708)
        assert exports.memory.read(0, 10) == b"\0\x08\x07\x06\x05\x04\x03\x02\x01\0"

    def test_host_and_guest_share_the_bytes(self, engine: Engine) -> None:
        exports = _plain(engine).exports
        exports.memory.write(100, b"host")
        assert [exports.load(100 + n) for n in range(4)] == list(b"host")
        exports.store(100, ord("m"))
        assert exports.memory.read(100, 4) == b"most"

    def test_reads_and_writes_of_the_host_are_checked(self, engine: Engine) -> None:
        memory = _plain(engine).exports.memory
        memory.write(PAGE - 1, b"!")
        assert memory.read(PAGE, 0) == b""
        for address, length in ((PAGE, 1), (PAGE - 1, 2), (-1, 1), (PAGE + 1, 0)):
            with traps(TrapCode.MEMORY_OUT_OF_BOUNDS):
                memory.read(address, length)
            with traps(TrapCode.MEMORY_OUT_OF_BOUNDS):
                memory.write(address, bytes(length))

    def test_the_view_is_a_buffer(self, engine: Engine) -> None:
        exports = _plain(engine).exports
        view = memoryview(exports.memory.view)
        assert len(view) == PAGE
        assert not view.readonly
        view[7] = 70
        assert exports.load(7) == 70
        if sys.version_info >= (3, 12):
            with memoryview(exports.memory) as whole:
                assert whole[7] == 70

    def test_growth_by_the_guest(self, engine: Engine) -> None:
        exports = _plain(engine, 1, 3).exports
        assert exports.grow(0) == 1
        assert exports.grow(1) == 1
        assert (exports.size(), exports.memory.size) == (2, 2)
        exports.store(2 * PAGE - 1, 5)
        assert exports.load(2 * PAGE - 1) == 5
        assert exports.grow(2) == -1
        assert exports.grow(-1) == -1
        assert exports.size() == 2
        assert exports.grow(1) == 2
        with traps(TrapCode.MEMORY_OUT_OF_BOUNDS):
            exports.load(3 * PAGE)

    def test_growth_by_the_host(self, engine: Engine) -> None:
        exports = _plain(engine, 1, 2).exports
        with traps(TrapCode.MEMORY_OUT_OF_BOUNDS):
            exports.load(PAGE)
        assert exports.memory.grow(1) == 1
        assert exports.size() == 2
        assert exports.load(PAGE) == 0
        assert exports.memory.grow(1) == -1
        with raises(ValueError):
            exports.memory.grow(-1)

    def test_growth_during_a_call(self, engine: Engine) -> None:
        memory = Memory(MemoryType(Limits(1)))
        builder = ModuleBuilder()
        builder.import_function("env", "grow", "->")
        builder.import_memory("env", "memory", 1)
        builder.function(
            "run", "-> i32 i32", f"call 0 i32.const {PAGE} i32.const 9 i32.store i32.const {PAGE} i32.load memory.size"
        )
        run = builder.instantiate(engine, {"env": {"grow": lambda: memory.grow(1), "memory": memory}}).exports.run
        assert run() == (9, 2)

    def test_growth_keeps_what_was_there(self, engine: Engine) -> None:
        exports = _plain(engine).exports
        exports.memory.write(0, b"kept")
        view = exports.memory.view
        exports.grow(5)
        assert exports.memory.read(0, 4) == b"kept"
        assert exports.memory.read(PAGE, 5 * PAGE) == bytes(5 * PAGE)
        exports.store(0, ord("K"))
        assert view[0] == ord("K"), "a view from before the growth still shows the same bytes"
        assert len(view) == PAGE

    def test_a_memory_between_two_instances(self, engine: Engine) -> None:
        memory = Memory(MemoryType(Limits(1)))
        builder = ModuleBuilder()
        builder.import_memory("env", "memory", 1)
        builder.function("load", "i32 -> i32", "local.get 0 i32.load8_u")
        builder.function("store", "i32 i32 ->", "local.get 0 local.get 1 i32.store8")
        builder.function("grow", "-> i32", "i32.const 1 memory.grow")
        module = builder.load(engine)
        one = engine.instantiate(module, {"env": {"memory": memory}}).exports
        other = engine.instantiate(module, {"env": {"memory": memory}}).exports
        one.store(5, 50)
        assert other.load(5) == 50
        assert other.grow() == 1
        one.store(PAGE, 3)
        assert other.load(PAGE) == 3

    def test_memories_are_filled_and_copied(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        builder.memory(1)
        arguments = "local.get 0 local.get 1 local.get 2"
        builder.function("fill", "i32 i32 i32 ->", f"{arguments} memory.fill")
        builder.function("copy", "i32 i32 i32 ->", f"{arguments} memory.copy 0 0")
        exports = builder.instantiate(engine).exports
        exports.fill(0, 0x1AB, 4)
        assert exports.memory.read(0, 5) == b"\xab\xab\xab\xab\0"
        exports.memory.write(0, b"0123456789")
        exports.copy(2, 0, 8)
        assert exports.memory.read(0, 10) == b"0101234567", "overlapping upwards"
        exports.memory.write(0, b"0123456789")
        exports.copy(0, 2, 8)
        assert exports.memory.read(0, 10) == b"2345678989", "overlapping downwards"
