"""The call stack: deep guests work or trap, and the host is as it was."""

from __future__ import annotations

import sys

from wrt_core.engine import Engine
from wrt_core.runtime.instance import Instance
from wrt_core.testing.assembler import ModuleBuilder
from wrt_core.testing.expect import needs, raises, traps
from wrt_foundation.features import Feature
from wrt_foundation.traps import Exhaustion, Trap, TrapCode

__all__ = ["CallStackConformance"]

_DOWN = "local.get 0 i32.eqz if i32 i32.const 0 else local.get 0 i32.const 1 i32.sub {call} i32.const 1 i32.add end"


def _recursive(engine: Engine) -> Instance:
    builder = ModuleBuilder()
    builder.global_("calls", "i32", "i32.const 0")
    builder.memory(1)
    builder.function("down", "i32 -> i32", _DOWN.format(call="call 0"))
    builder.table(1)
    builder.elements([0], 0)
    indirect = f"local.set 1 local.get 1 i32.const 0 call_indirect {builder.type('i32 -> i32')}"
    builder.function("indirect", "i32 -> i32", _DOWN.format(call=indirect), "i32")
    builder.function("forever", "->", "global.get 0 i32.const 1 i32.add global.set 0 call 2")
    builder.function("one", "-> i32", "i32.const 1")
    return builder.instantiate(engine)


class CallStackConformance:
    """Recursion."""

    def test_a_thousand_calls_deep(self, engine: Engine) -> None:
        exports = _recursive(engine).exports
        assert exports.down(1_000) == 1_000
        assert exports.indirect(1_000) == 1_000

    def test_a_hundred_thousand_calls_deep_work_or_trap(self, engine: Engine) -> None:
        exports = _recursive(engine).exports
        for function in (exports.down, exports.indirect):
            try:
                assert function(100_000) == 100_000
            except Trap as trap:
                assert trap.code is TrapCode.CALL_STACK_EXHAUSTED  # noqa: PT017 - both are right
                assert isinstance(trap, Exhaustion)  # noqa: PT017

    def test_endless_recursion_traps(self, engine: Engine) -> None:
        exports = _recursive(engine).exports
        for _ in range(2):
            with traps(TrapCode.CALL_STACK_EXHAUSTED) as caught:
                exports.forever()
            assert isinstance(caught.error, Exhaustion)
            assert {frame.name for frame in caught.error.frames} == {"forever"}

    def test_the_store_is_usable_afterwards(self, engine: Engine) -> None:
        exports = _recursive(engine).exports
        with traps(TrapCode.CALL_STACK_EXHAUSTED):
            exports.forever()
        assert exports.calls.value > 500, "what ran before the trap has run"
        assert exports.one() == 1
        assert exports.down(500) == 500
        exports.memory.write(0, b"ok")
        assert exports.memory.read(0, 2) == b"ok"

    def test_the_hosts_recursion_limit_is_unchanged(self, engine: Engine) -> None:
        exports = _recursive(engine).exports
        before = sys.getrecursionlimit()
        exports.down(100)
        assert sys.getrecursionlimit() == before
        with traps(TrapCode.CALL_STACK_EXHAUSTED):
            exports.forever()
        assert sys.getrecursionlimit() == before

    def test_the_limit_is_unchanged_when_the_host_raises(self, engine: Engine) -> None:
        def fail() -> None:
            raise KeyError("host")

        builder = ModuleBuilder()
        builder.import_function("env", "fail", "->")
        builder.function("run", "->", "call 0")
        before = sys.getrecursionlimit()
        with raises(KeyError):
            builder.instantiate(engine, {"env": {"fail": fail}}).exports.run()
        assert sys.getrecursionlimit() == before

    def test_from_deep_within_the_host(self, engine: Engine) -> None:
        exports = _recursive(engine).exports

        def deeper(levels: int) -> int:
            result: int = exports.down(300) if levels == 0 else deeper(levels - 1)
            return result

        assert deeper(sys.getrecursionlimit() // 2) == 300

    def test_a_recursion_of_the_hosts_own_is_not_the_guests(self, engine: Engine) -> None:
        def endless() -> None:
            endless()

        builder = ModuleBuilder()
        builder.import_function("env", "endless", "->")
        builder.function("run", "->", "call 0")
        with raises(RecursionError):
            builder.instantiate(engine, {"env": {"endless": endless}}).exports.run()

    def test_endless_recursion_through_the_host(self, engine: Engine) -> None:
        instances: list[Instance] = []
        builder = ModuleBuilder()
        builder.import_function("env", "again", "->")
        builder.function("run", "->", "call 0")
        builder.function("one", "-> i32", "i32.const 1")
        instances.append(builder.instantiate(engine, {"env": {"again": lambda: instances[0].exports.run()}}))
        before = sys.getrecursionlimit()
        with traps(TrapCode.CALL_STACK_EXHAUSTED):
            instances[0].exports.run()
        assert sys.getrecursionlimit() == before
        assert instances[0].exports.one() == 1

    def test_a_catch_does_not_catch_exhaustion(self, engine: Engine) -> None:
        needs(engine, Feature.EXCEPTIONS)
        builder = ModuleBuilder()
        builder.function("run", "->", "block try_table catch_all 0 call 0 end end")
        with traps(TrapCode.CALL_STACK_EXHAUSTED):
            builder.instantiate(engine).exports.run()

    def test_tail_calls_need_no_stack(self, engine: Engine) -> None:
        needs(engine, Feature.TAIL_CALL)
        builder = ModuleBuilder()
        step = "local.get 0 i32.eqz if local.get 1 return end"
        step += " local.get 0 i32.const 1 i32.sub local.get 1 i32.const 2 i32.add"
        builder.function("self", "i32 i32 -> i32", f"{step} return_call 0")
        builder.function("even", "i32 i32 -> i32", f"{step} return_call 2")
        builder.function("odd", "i32 i32 -> i32", f"{step} return_call 1")
        exports = builder.instantiate(engine).exports
        assert exports.self(300_000, 0) == 600_000
        assert exports.even(300_000, 0) == 600_000
