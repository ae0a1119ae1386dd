"""Running to the end in a thread: fuel, time, and host functions that answer later without an event loop."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any

import pytest

from wrt_core.execution import Interruption, Pending, run_sync
from wrt_core.runtime.host_function import results_converter
from wrt_core.testing import ModuleBuilder
from wrt_foundation.errors import ExecutionError
from wrt_foundation.traps import Exhaustion, TrapCode
from wrt_foundation.types import I32, FuncType


class Later(Pending):
    """An answer that is there after some seconds."""

    def __init__(self, seconds: float, answer: object) -> None:
        self._due = time.monotonic() + seconds
        self._answer = answer

    def wait(self, timeout: float | None = None) -> bool:
        left = self._due - time.monotonic()
        time.sleep(max(0.0, left if timeout is None else min(left, timeout)))
        return time.monotonic() >= self._due

    def answer(self) -> Any:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer

    def __await__(self) -> Generator[Any, Any, Any]:
        yield from ()
        return self.answer()


@pytest.fixture
def asking(engine):
    """A function that returns an instance, whose `ask` returns one more than its host answers; and `spin`."""

    def make(pending):
        def answer_later():
            raise Interruption(awaitable=pending(), convert=results_converter(FuncType((), (I32,))))

        builder = ModuleBuilder()
        asked = builder.import_function("env", "asked", "-> i32")
        builder.function("ask", "-> i32", f"call {asked}  i32.const 1  i32.add")
        builder.function("spin", "->", "loop  br 0  end")
        return engine.instantiate(engine.load(builder.bytes()), {"env": {"asked": answer_later}}).exports

    return make


def test_an_answer_that_comes_later(asking):
    assert run_sync(asking(lambda: Later(0.05, 41)).ask.start()) == 42


def test_an_answer_that_is_an_error_goes_through_the_guest(asking):
    with pytest.raises(KeyError):
        run_sync(asking(lambda: Later(0, KeyError("none"))).ask.start())


def test_an_answer_that_fits_no_type(asking):
    with pytest.raises(TypeError):
        run_sync(asking(lambda: Later(0, "text")).ask.start())


def test_time_is_up_while_a_host_function_is_waited_for(asking):
    execution = asking(lambda: Later(60, 41)).ask.start()
    with pytest.raises(Exhaustion, match="time is up: the guest has not ended within 0.1 seconds") as raised:
        run_sync(execution, timeout=0.1)
    assert raised.value.code is TrapCode.INTERRUPTED
    assert [frame.name for frame in raised.value.frames] == ["ask"]
    assert execution.state.ended


def test_time_is_up_while_the_guest_runs(asking):
    with pytest.raises(Exhaustion, match="time is up"):
        run_sync(asking(lambda: Later(0, 1)).spin.start(), timeout=0.1)


def test_fuel_is_used_up(asking):
    execution = asking(lambda: Later(0, 1)).spin.start(fuel=1000)
    with pytest.raises(Exhaustion) as raised:
        run_sync(execution)
    assert raised.value.code is TrapCode.OUT_OF_FUEL
    assert [frame.name for frame in raised.value.frames] == ["spin"]


def test_what_only_an_event_loop_can_wait_for(engine):
    async def asked():
        return 1

    builder = ModuleBuilder()
    number = builder.import_function("env", "asked", "-> i32")
    builder.function("ask", "-> i32", f"call {number}")
    exports = engine.instantiate(engine.load(builder.bytes()), {"env": {"asked": asked}}).exports
    with pytest.raises(ExecutionError, match="call_async"):
        run_sync(exports.ask.start())
