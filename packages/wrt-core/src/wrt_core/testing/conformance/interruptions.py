"""Interruptions and threads: what other threads and signals do to a guest that runs."""

from __future__ import annotations

import _thread
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from unittest import SkipTest

from wrt_core.engine import Engine
from wrt_core.testing.assembler import ModuleBuilder
from wrt_core.testing.expect import needs, raises, traps
from wrt_foundation.features import Feature
from wrt_foundation.traps import TrapCode

__all__ = ["InterruptionsConformance"]

_THREADS = 8


@contextmanager
def _interrupts() -> Iterator[None]:
    """Have SIGINT raise `KeyboardInterrupt` here: whoever starts tests in the background has it ignored."""
    if threading.current_thread() is not threading.main_thread():
        raise SkipTest("signals reach the main thread alone")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class InterruptionsConformance:
    """Several threads, each with instances of its own; and Ctrl-C."""

    def test_instances_in_several_threads(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        builder.memory(1)
        builder.global_("sum", "i32", "i32.const 0")
        builder.function(
            "run",
            "i32 i32 -> i32",
            """
            loop
              global.get 0  local.get 0  i32.add  global.set 0
              i32.const 0  local.get 0  i32.store
              local.get 1  i32.const 1  i32.sub  local.tee 1  br_if 0
            end
            global.get 0  i32.const 0  i32.load  i32.add
            """,
        )
        module = builder.load(engine)
        results: list[int] = [0] * _THREADS
        failures: list[BaseException] = []
        barrier = threading.Barrier(_THREADS)

        def work(number: int) -> None:
            try:
                instance = engine.instantiate(module)
                barrier.wait()
                results[number] = instance.exports.run(number, 2_000)
            except BaseException as error:  # noqa: BLE001 - handed to the thread that tests
                failures.append(error)

        _all(work)
        assert failures == []
        assert results == [number * 2_001 for number in range(_THREADS)]

    def test_failures_reach_the_thread_that_they_are_of(self, engine: Engine) -> None:
        class Failure(Exception):
            pass

        builder = ModuleBuilder()
        builder.import_function("env", "fail", "i32 ->")
        builder.memory(1)
        builder.function("host", "i32 ->", "local.get 0 call 0")
        builder.function("load", "i32 ->", "i32.const 65536 local.get 0 i32.add i32.load drop")
        builder.function("divide", "i32 ->", "local.get 0 i32.const 0 i32.div_s drop")
        builder.function("recurse", "i32 ->", "local.get 0 call 4")
        module = builder.load(engine)
        wrong: list[object] = []
        barrier = threading.Barrier(_THREADS)

        def work(number: int) -> None:
            def fail(value: int) -> None:
                raise Failure(number, value)

            try:
                exports = engine.instantiate(module, {"env": {"fail": fail}}).exports
                barrier.wait()
                for turn in range(20):
                    with raises(Failure) as caught:
                        exports.host(turn)
                    if caught.error.args != (number, turn):
                        wrong.append((number, turn, caught.error))
                    with traps(TrapCode.MEMORY_OUT_OF_BOUNDS):
                        exports.load(number)
                    with traps(TrapCode.INTEGER_DIVIDE_BY_ZERO):
                        exports.divide(number)
                with traps(TrapCode.CALL_STACK_EXHAUSTED):
                    exports.recurse(number)
            except BaseException as error:  # noqa: BLE001 - handed to the thread that tests
                wrong.append(error)

        before = sys.getrecursionlimit()
        _all(work)
        assert wrong == []
        assert sys.getrecursionlimit() == before

    def test_a_first_call_in_several_threads(self, engine: Engine) -> None:
        # Engines compile lazily: here all come first at once.
        builder = ModuleBuilder()
        for number in range(50):
            builder.function(f"f{number}", "i32 -> i32", f"local.get 0 i32.const {number} i32.add")
        module = builder.load(engine)
        wrong: list[object] = []
        barrier = threading.Barrier(_THREADS)

        def work(number: int) -> None:
            try:
                exports = engine.instantiate(module).exports
                barrier.wait()
                wrong.extend(index for index in range(50) if exports[f"f{index}"](number) != index + number)
            except BaseException as error:  # noqa: BLE001 - handed to the thread that tests
                wrong.append(error)

        _all(work)
        assert wrong == []

    def test_an_interrupt_in_a_host_function(self, engine: Engine) -> None:
        needs(engine, Feature.EXCEPTIONS)
        builder = ModuleBuilder()
        builder.import_function("env", "tick", "->")
        builder.global_("ticks", "i32", "i32.const 0")
        loop = "loop call 0 global.get 0 i32.const 1 i32.add global.set 0 br 0 end"
        builder.function("run", "->", f"block try_table catch_all 0 {loop} end end")
        builder.function("one", "-> i32", "i32.const 1")
        ticks = [0]

        def tick() -> None:
            ticks[0] += 1
            if ticks[0] == 100:
                signal.raise_signal(signal.SIGINT)

        exports = builder.instantiate(engine, {"env": {"tick": tick}}).exports
        before = sys.getrecursionlimit()
        with _interrupts(), raises(KeyboardInterrupt):
            exports.run()
        assert exports.ticks.value in (99, 100)
        assert sys.getrecursionlimit() == before
        assert exports.one() == 1

    def test_an_interrupt_in_a_loop(self, engine: Engine) -> None:
        builder = ModuleBuilder()
        builder.memory(1)
        builder.function("run", "->", "loop i32.const 0 i32.const 0 i32.load i32.const 1 i32.add i32.store br 0 end")
        builder.function("one", "-> i32", "i32.const 1")
        exports = builder.instantiate(engine).exports
        before = sys.getrecursionlimit()
        timer = threading.Timer(0.1, _thread.interrupt_main)
        with _interrupts(), raises(KeyboardInterrupt):
            timer.start()
            exports.run()
        timer.join()
        assert sys.getrecursionlimit() == before
        assert int.from_bytes(exports.memory.read(0, 4), "little") > 0
        assert exports.one() == 1


def _all(work: Callable[[int], None]) -> None:
    threads = [threading.Thread(target=work, args=(number,)) for number in range(_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
