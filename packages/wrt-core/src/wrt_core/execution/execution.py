"""`Execution`: a call that is an object."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any

from wrt_core.execution.activation import Activation, ActivationKind, backtrace
from wrt_core.execution.deadlines import DEADLINES
from wrt_core.execution.interruption import Interruption, Reason
from wrt_core.execution.runner import Runner, Watch
from wrt_core.execution.state import State
from wrt_core.runtime.to_host import to_host
from wrt_foundation.errors import ExecutionError
from wrt_foundation.traps import Trap, TrapCode
from wrt_foundation.types import ValueType

if TYPE_CHECKING:
    from wrt_core.runtime.function import Func
    from wrt_core.runtime.instance import Instance

__all__ = ["Execution", "PausedFrame"]


@dataclass(frozen=True, slots=True)
class PausedFrame:
    """A function of a paused execution as users see it.

    `function` is its index and `name` what it is called; `offset` the byte offset of the instruction in the module's
    binary. `locals` and `stack`, the deepest operand first, are Python values, integers signed.
    """

    instance: Instance
    function: int
    name: str | None
    offset: int
    kind: ActivationKind
    locals: tuple[Any, ...]
    stack: tuple[Any, ...]

    def __str__(self) -> str:
        return f"{self.name if self.name is not None else f'<function {self.function}>'} @ 0x{self.offset:x}"


class Execution:
    """A call of a guest's function that is run, paused and resumed; `Func.start` makes one.

    >>> execution = instance.exports.main.start(2, fuel=10_000)   # doctest: +SKIP
    >>> while execution.run() == "paused":                        # doctest: +SKIP
    ...     execution.add_fuel(10_000)
    >>> execution.result                                          # doctest: +SKIP

    One thread runs it at a time; `pause`, `cancel` and the properties may be used from any thread, and from signal
    handlers. While it is paused, its instance may be used and even run otherwise: what that changes, it will see.
    """

    def __init__(
        self, func: Func, args: tuple[Any, ...], fuel: int | None = None, timeout: float | None = None
    ) -> None:
        instance = func.instance
        runner = None if instance is None else instance.runner
        if runner is None:
            raise ExecutionError(f"{func.name or 'the function'} can't be started: its engine runs calls to their end")
        self.func = func
        self._runner = runner
        self._stack: list[Activation] = runner.begin(func, args)
        self._watch = Watch(_checked_fuel(fuel))
        self._time_left = _checked_timeout(timeout)
        self._fuel_given = 0 if fuel is None else fuel
        self._state = State.READY
        self._reason: str | None = None
        self._values: Any = None
        self._error: BaseException | None = None
        self._waiting: Interruption | None = None
        self._answer: tuple[Any, Exception | None] = (None, None)
        self._turn = threading.Lock()

    @property
    def state(self) -> State:
        """What it is doing: a string, of `State`."""
        return self._state

    @property
    def reason(self) -> str | None:
        """Why it is paused, of `Reason`; None if it is not."""
        return self._reason if self._state is State.PAUSED else None

    @property
    def fuel(self) -> int | None:
        """What is left of its fuel; None if it is not metered. While it runs, as of the last pause."""
        return self._watch.fuel

    @property
    def fuel_used(self) -> int | None:
        """The fuel that it has used; None if it is not metered. The same for the same program, however paused."""
        return None if self._watch.fuel is None else self._fuel_given - self._watch.fuel

    @property
    def error(self) -> BaseException | None:
        """What it has ended with, if it has not finished."""
        return self._error

    @property
    def result(self) -> Any:
        """What the call has given: None, one value, or a tuple of several.

        Raises what ended it, if that was an error, and `ExecutionError` if it has not ended.
        """
        if self._error is not None:
            raise self._error
        if self._state is not State.FINISHED:
            raise ExecutionError(f"no result yet: the execution is {self._state}")
        results = self.func.function_type.results
        if not results:
            return None
        if len(results) == 1:
            return to_host(results[0])(self._values)
        return _converted(results, self._values)

    @property
    def awaitable(self) -> Any:
        """What the host function that it is paused in waits for; None if there is no such thing."""
        return None if self._waiting is None else self._waiting.awaitable

    @property
    def frames(self) -> tuple[PausedFrame, ...]:
        """The functions that it is in, innermost first. Raises `ExecutionError` while it runs."""
        if self._state is State.RUNNING:
            raise ExecutionError("a running execution has no frames to look at: pause it")
        return tuple([_frame(self._runner, each) for each in reversed(self._stack)])

    def run(self, *, fuel: int | None = None, timeout: float | None = None, interval: float | None = None) -> State:
        """Run until it ends or pauses; return its state then.

        `fuel` is added to what there is; without any, here and from the beginning, it is not metered. `timeout`, in
        seconds, is counted over this and later runs, and takes the place of what is left of an earlier one; `interval`
        is for this run. Raises what the call raises, `Trap` above all, and `ExecutionError` if it has ended, runs
        already, or waits for a host function.
        """
        self._begin(fuel, timeout)
        watch, started = self._watch, monotonic()
        deadlines = [
            DEADLINES.after(seconds, partial(watch.ask, reason))
            for seconds, reason in ((self._time_left, Reason.TIMEOUT), (interval, Reason.INTERVAL))
            if seconds is not None
        ]
        try:
            given, thrown = self._answer
            self._answer = None, None
            self._values = self._runner.run(self._stack, watch, given, thrown)
        except Interruption as stop:
            return self._paused(stop)
        except BaseException as error:
            self._end(error)
            raise
        else:
            self._state = State.FINISHED
            return self._state
        finally:
            for deadline in deadlines:
                DEADLINES.cancel(deadline)
            if watch.asked in (Reason.TIMEOUT, Reason.INTERVAL):
                watch.asked = None  # it came too late, and is not for another run
            if self._time_left is not None:
                self._time_left = max(0.0, self._time_left - (monotonic() - started))
            self._turn.release()

    def _begin(self, fuel: int | None, timeout: float | None) -> None:
        fuel, timeout = _checked_fuel(fuel), _checked_timeout(timeout)
        if not self._turn.acquire(blocking=False):
            raise ExecutionError("the execution is running already")
        try:
            if self._state.ended:
                raise ExecutionError(f"the execution has ended: it is {self._state}")
            if self._waiting is not None:
                raise ExecutionError("the execution waits for a host function: run it with call_async, or resolve it")
        except ExecutionError:
            self._turn.release()
            raise
        self.add_fuel(fuel or 0)
        if timeout is not None:
            self._time_left = timeout
        self._state = State.RUNNING

    def _paused(self, stop: Interruption) -> State:
        if stop.reason == Reason.CANCELLED:
            error = Trap(TrapCode.INTERRUPTED, None, backtrace(self._stack))
            self._end(error)
            raise error from None
        self._watch.asked = None
        self._reason = stop.reason
        self._waiting = stop if stop.convert is not None else None
        self._state = State.PAUSED
        return self._state

    def _end(self, error: BaseException) -> None:
        self._error = error
        self._stack = []
        self._state = State.TRAPPED

    def pause(self) -> None:
        """Ask it to pause; it will at its next safe point, within milliseconds. What is not running, when it runs.

        For use from another thread or a signal handler; does not wait. A call of a host function goes on until it
        returns, and so do guests that it calls.
        """
        self._watch.ask(Reason.REQUESTED)

    def cancel(self) -> None:
        """End it: with a trap at its next safe point if it runs, else at once. Nothing happens if it has ended."""
        if self._turn.acquire(blocking=False):
            try:
                if not self._state.ended:
                    if self._waiting is not None:
                        self._waiting.close()
                        self._waiting = None
                    self._end(Trap(TrapCode.INTERRUPTED, None, backtrace(self._stack)))
            finally:
                self._turn.release()
            return
        self._watch.asked = Reason.CANCELLED
        self._watch.ask(Reason.CANCELLED)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it does not run, at most `timeout` seconds; return whether it does not."""
        if not self._turn.acquire(timeout=-1 if timeout is None else timeout):
            return False
        self._turn.release()
        return True

    def add_fuel(self, fuel: int) -> None:
        """Give it more fuel; one that was not metered is from now on. Not for use while it runs."""
        if fuel:
            self._watch.fuel = (self._watch.fuel or 0) + fuel
            self._fuel_given += fuel

    def resolve(self, value: Any) -> None:
        """Give what the host function that it waits for returns; raises what is wrong with that, and waits on."""
        waiting = self._require_waiting()
        assert waiting.convert is not None
        self._answer = waiting.convert(value), None
        self._waiting = None

    def reject(self, error: Exception) -> None:
        """Have the host function that it waits for raise an error."""
        self._require_waiting()
        self._answer = None, error
        self._waiting = None

    def _require_waiting(self) -> Interruption:
        if self._waiting is None:
            raise ExecutionError("the execution waits for no host function")
        return self._waiting

    def __repr__(self) -> str:
        why = f" ({self._reason})" if self._state is State.PAUSED else ""
        return f"<Execution of {self.func.name or 'a function'}, {self._state}{why}>"


def _converted(types: Sequence[ValueType], values: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple([to_host(type_)(value) for type_, value in zip(types, values, strict=True)])


def _frame(runner: Runner, activation: Activation) -> PausedFrame:
    instance, function = activation.instance, activation.function
    shape = runner.shape(instance, function, activation.kind, activation.offset)
    return PausedFrame(
        instance,
        function,
        instance.module.function_name(function),
        activation.offset,
        activation.kind,
        _converted(shape.locals, activation.locals),
        _converted(shape.stack, activation.stack),
    )


def _checked_fuel(fuel: int | None) -> int | None:
    if fuel is not None and (not isinstance(fuel, int) or isinstance(fuel, bool) or fuel < 0):
        raise ValueError(f"fuel is a whole number from 0, not {fuel!r}")
    return fuel


def _checked_timeout(timeout: float | None) -> float | None:
    if timeout is not None and not timeout >= 0:
        raise ValueError(f"a timeout is a number of seconds from 0, not {timeout!r}")
    return timeout
