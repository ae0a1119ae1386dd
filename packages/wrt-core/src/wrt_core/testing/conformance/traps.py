"""Traps: each has its code and the guest's frames, and leaves the store as it was at that moment."""

from __future__ import annotations

import pickle

from wrt_core.engine import Engine
from wrt_core.testing.assembler import ModuleBuilder
from wrt_core.testing.expect import traps
from wrt_foundation.traps import Exhaustion, Trap, TrapCode

__all__ = ["TrapsConformance"]

PAGE = 65_536

_ARITHMETIC = [
    ("i32.const 1 i32.const 0 i32.div_s", TrapCode.INTEGER_DIVIDE_BY_ZERO),
    ("i32.const 1 i32.const 0 i32.div_u", TrapCode.INTEGER_DIVIDE_BY_ZERO),
    ("i32.const 1 i32.const 0 i32.rem_s", TrapCode.INTEGER_DIVIDE_BY_ZERO),
    ("i64.const 1 i64.const 0 i64.rem_u", TrapCode.INTEGER_DIVIDE_BY_ZERO),
    ("i32.const -0x80000000 i32.const -1 i32.div_s", TrapCode.INTEGER_OVERFLOW),
    ("i64.const -0x8000000000000000 i64.const -1 i64.div_s", TrapCode.INTEGER_OVERFLOW),
    ("f32.const 2147483648.0 i32.trunc_f32_s", TrapCode.INTEGER_OVERFLOW),
    ("f64.const -1.0 i64.trunc_f64_u", TrapCode.INTEGER_OVERFLOW),
    ("f64.const inf i64.trunc_f64_s", TrapCode.INTEGER_OVERFLOW),
    ("f32.const nan i32.trunc_f32_u", TrapCode.INVALID_CONVERSION),
    ("f64.const nan i64.trunc_f64_s", TrapCode.INVALID_CONVERSION),
]

_LOADS = {"i32.load8_u": 1, "i32.load16_s": 2, "i32.load": 4, "i64.load32_u": 4, "i64.load": 8, "f32.load": 4}
_STORES = {"i32.store8": 1, "i32.store16": 2, "i32.store": 4, "i64.store": 8, "f32.store": 4, "f64.store": 8}


def _code(engine: Engine, code: str, **shape: int) -> ModuleBuilder:
    builder = ModuleBuilder()
    builder.memory(shape.get("pages", 1))
    builder.function("run", "->", f"{code}\ndrop")
    return builder


class TrapsConformance:
    """Each way to trap."""

    def test_unreachable(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        builder.function("run", "->", "unreachable")
        with traps(TrapCode.UNREACHABLE):
            builder.instantiate(engine).exports.run()

    def test_traps_of_arithmetic(self, engine: Engine) -> None:
        for code, expected in _ARITHMETIC:
            run = _code(engine, code).instantiate(engine).exports.run
            with traps(expected):
                run()

    def test_what_looks_like_an_arithmetic_trap_and_is_none(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        builder.function("rem", "-> i32", "i32.const -0x80000000 i32.const -1 i32.rem_s")
        builder.function("least", "-> i32", "f64.const -2147483648.9 i32.trunc_f64_s")
        builder.function("zero", "-> f64", "f64.const 0.0 f64.const 0.0 f64.div")
        exports = builder.instantiate(engine).exports
        assert exports.rem() == 0
        assert exports.least() == -(1 << 31)
        assert exports.zero() != exports.zero()

    def test_loads_past_the_end(self, engine: Engine) -> None:
        for instruction, width in _LOADS.items():
            builder = ModuleBuilder()
            builder.memory(1)
            builder.function("at", "i32 ->", f"local.get 0 {instruction} drop")
            builder.function("offset", "i32 ->", f"local.get 0 {instruction} 16 drop")
            builder.function("far", "i32 ->", f"local.get 0 {instruction} 0xffffffff drop")
            exports = builder.instantiate(engine).exports
            exports.at(PAGE - width)
            exports.offset(PAGE - width - 16)
            for run, address in (
                *((exports.at, address) for address in (PAGE - width + 1, PAGE, -1, -width, 1 << 31)),
                *((exports.offset, address) for address in (PAGE - width - 15, PAGE, -1, -16)),
                *((exports.far, address) for address in (0, 1, -1)),
            ):
                with traps(TrapCode.MEMORY_OUT_OF_BOUNDS):
                    run(address)

    def test_stores_past_the_end_change_nothing(self, engine: Engine) -> None:
        for instruction, width in _STORES.items():
            type_ = instruction[:3]
            builder = ModuleBuilder()
            builder.memory(1)
            value = f"{type_}.const {'1.5' if type_[0] == 'f' else '-1'}"
            builder.function("at", "i32 ->", f"local.get 0 {value} {instruction} align=0")
            exports = builder.instantiate(engine).exports
            for address in (*range(PAGE - width + 1, PAGE + 1), -1):
                with traps(TrapCode.MEMORY_OUT_OF_BOUNDS):
                    exports.at(address)
            assert exports.memory.read(PAGE - 8, 8) == bytes(8)

    def test_memory_of_no_pages(self, engine: Engine) -> None:
        with traps(TrapCode.MEMORY_OUT_OF_BOUNDS):
            _code(engine, "i32.const 0 i32.load8_u", pages=0).instantiate(engine).exports.run()

    def test_traps_of_bulk_memory(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        builder.memory(1)
        segment = builder.data(b"segment", None)
        arguments = "local.get 0 local.get 1 local.get 2"
        builder.function("fill", "i32 i32 i32 ->", f"{arguments} memory.fill")
        builder.function("copy", "i32 i32 i32 ->", f"{arguments} memory.copy 0 0")
        builder.function("init", "i32 i32 i32 ->", f"{arguments} memory.init {segment}")
        builder.function("drop", "->", f"data.drop {segment}")
        exports = builder.instantiate(engine).exports
        exports.fill(PAGE, 0, 0)
        exports.copy(PAGE, PAGE, 0)
        exports.init(0, 7, 0)
        for run, arguments_ in (
            (exports.fill, (PAGE, 1, 1)),
            (exports.fill, (0, 1, PAGE + 1)),
            (exports.fill, (PAGE + 1, 1, 0)),
            (exports.copy, (0, PAGE - 1, 2)),
            (exports.copy, (PAGE - 1, 0, 2)),
            (exports.copy, (0, 0, -1)),
            (exports.init, (0, 0, 8)),
            (exports.init, (0, 8, 0)),
            (exports.init, (PAGE - 1, 0, 2)),
        ):
            with traps(TrapCode.MEMORY_OUT_OF_BOUNDS):
                run(*arguments_)
        assert exports.memory.read(0, PAGE) == bytes(PAGE)
        exports.init(0, 0, 7)
        assert exports.memory.read(0, 7) == b"segment"
        exports.drop()
        exports.init(0, 0, 0)
        with traps(TrapCode.MEMORY_OUT_OF_BOUNDS):
            exports.init(0, 0, 1)

    def test_traps_of_indirect_calls(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        right = builder.function(None, "-> i32", "i32.const 7")
        wrong = builder.function(None, "->", "")
        builder.table(4)
        builder.elements([right, wrong], 0)
        builder.function("call", "i32 -> i32", f"local.get 0 call_indirect {builder.type('-> i32')}")
        call = builder.instantiate(engine).exports.call
        assert call(0) == 7
        for index, code in (
            (1, TrapCode.INDIRECT_CALL_TYPE_MISMATCH),
            (2, TrapCode.UNINITIALIZED_ELEMENT),
            (3, TrapCode.UNINITIALIZED_ELEMENT),
            (4, TrapCode.UNDEFINED_ELEMENT),
            (-1, TrapCode.UNDEFINED_ELEMENT),
        ):
            with traps(code):
                call(index)

    def test_traps_of_tables(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        builder.table(3)
        segment = builder.elements([builder.function(None, "->", "")], None)
        arguments = "local.get 0 local.get 1 local.get 2"
        builder.function("read", "i32 ->", "local.get 0 table.get drop")
        builder.function("set", "i32 ->", "local.get 0 ref.null func table.set")
        builder.function("fill", "i32 i32 ->", "local.get 0 ref.null func local.get 1 table.fill")
        builder.function("copy", "i32 i32 i32 ->", f"{arguments} table.copy 0 0")
        builder.function("init", "i32 i32 i32 ->", f"{arguments} table.init {segment}")
        exports = builder.instantiate(engine).exports
        for run, arguments_ in (
            (exports.read, (3,)),
            (exports.read, (-1,)),
            (exports.set, (3,)),
            (exports.set, (-1,)),
            (exports.fill, (2, 2)),
            (exports.fill, (4, 0)),
            (exports.copy, (0, 2, 2)),
            (exports.copy, (2, 0, 2)),
            (exports.init, (0, 0, 2)),
            (exports.init, (3, 0, 1)),
        ):
            with traps(TrapCode.TABLE_OUT_OF_BOUNDS):
                run(*arguments_)

    def test_the_first_of_two_traps_counts(self, engine: Engine) -> None:
        divide, load = "i32.const 1 local.get 0 i32.div_u", "i32.const -1 i32.load"
        for code, expected in (
            (f"{divide} {load} i32.add", TrapCode.INTEGER_DIVIDE_BY_ZERO),
            (f"{load} {divide} i32.add", TrapCode.MEMORY_OUT_OF_BOUNDS),
            (f"{load} {divide} i32.store", TrapCode.MEMORY_OUT_OF_BOUNDS),
            (f"{divide} {load} i32.store", TrapCode.INTEGER_DIVIDE_BY_ZERO),
            (f"{divide} unreachable", TrapCode.INTEGER_DIVIDE_BY_ZERO),
            (f"i32.const -1 {divide} i32.store", TrapCode.INTEGER_DIVIDE_BY_ZERO),
            (f"{divide} drop {load} drop", TrapCode.INTEGER_DIVIDE_BY_ZERO),
            (f"{divide} {load} local.get 0 select drop", TrapCode.INTEGER_DIVIDE_BY_ZERO),
        ):
            builder = ModuleBuilder()
            builder.memory(1)
            builder.function(
                "run", "i32 ->", code if "store" in code or "drop" in code or "unr" in code else f"{code} drop"
            )
            with traps(expected):
                builder.instantiate(engine).exports.run(0)

    def test_effects_before_a_trap_stay(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        builder.memory(1)
        builder.global_("global", "i32", "i32.const 0")
        builder.function(
            "run",
            "i32 -> i32",
            """
            i32.const 0  i32.const 1  i32.store8
            i32.const 5  global.set 0
            i32.const 1  local.get 0  i32.div_u
            i32.const 1  i32.const 2  i32.store8
            i32.const 6  global.set 0
            """,
        )
        exports = builder.instantiate(engine).exports
        with traps(TrapCode.INTEGER_DIVIDE_BY_ZERO):
            exports.run(0)
        assert exports.memory.read(0, 2) == b"\1\0"
        assert exports.__getitem__("global").value == 5
        assert exports.run(1) == 1, "the instance is as good as before"

    def test_a_trap_has_frames(self, engine: Engine) -> None:
        builder = ModuleBuilder("sample")
        builder.names.functions.update({0: "inner", 1: "middle"})
        builder.function(None, "->", "nop unreachable")
        builder.function(None, "->", "call 0")
        builder.function("outer", "->", "call 1")
        with traps(TrapCode.UNREACHABLE) as caught:
            builder.instantiate(engine).exports.outer()
        frames = caught.error.frames
        assert [frame.name for frame in frames] == ["inner", "middle", "outer"]
        assert [frame.function for frame in frames] == [0, 1, 2]
        assert {frame.module for frame in frames} == {"sample"}
        assert all(
            line in caught.error.backtrace() for line in ("0: sample!inner", "1: sample!middle", "2: sample!outer")
        )

    def test_frames_know_where_in_the_binary_they_are(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        builder.function("run", "i32 ->", "i32.const 1 drop local.get 0 if nop unreachable end call 1")
        builder.function("callee", "->", "nop nop unreachable")
        module = builder.load(engine)
        run = engine.instantiate(module).exports.run
        for argument, opcodes in ((1, b"\0"), (0, b"\0\x10")):  # unreachable; and below it, the call
            with traps(TrapCode.UNREACHABLE) as caught:
                run(argument)
            assert len(caught.error.frames) == len(opcodes)
            for frame, opcode in zip(caught.error.frames, opcodes, strict=True):
                assert frame.offset is not None
                assert module.module.binary[frame.offset] == opcode

    def test_traps_pickle(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        builder.function("run", "->", "unreachable")
        with traps(TrapCode.UNREACHABLE) as caught:
            builder.instantiate(engine).exports.run()
        copy = pickle.loads(pickle.dumps(caught.error))
        assert type(copy) is Trap
        assert (copy.code, copy.frames, str(copy)) == (TrapCode.UNREACHABLE, caught.error.frames, "unreachable")

    def test_a_trap_of_the_hosts_passes_through(self, engine: Engine) -> None:
        trap = Exhaustion(TrapCode.OUT_OF_FUEL)

        def refuse() -> None:
            raise trap

        builder = ModuleBuilder()
        builder.import_function("env", "refuse", "->")
        builder.function("run", "->", "call 0")
        with traps(TrapCode.OUT_OF_FUEL) as caught:
            builder.instantiate(engine, {"env": {"refuse": refuse}}).exports.run()
        assert caught.error is trap
        assert [frame.name for frame in trap.frames] == ["run"]
