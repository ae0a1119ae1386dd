"""`Execution`: a call that is an object."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any

from wrt_core.debugging import positions
from wrt_core.execution.activation import Activation, ActivationKind, backtrace
from wrt_core.execution.deadlines import DEADLINES
from wrt_core.execution.interruption import Interruption, Reason
from wrt_core.execution.runner import Runner, Watch
from wrt_core.execution.state import State
from wrt_core.runtime.to_host import to_host
from wrt_foundation.errors import ExecutionError
from wrt_foundation.positions import Position
from wrt_foundation.traps import Frame, Trap, TrapCode
from wrt_foundation.types import ValueType

if TYPE_CHECKING:
    from wrt_core.engine import Engine
    from wrt_core.execution.snapshot import Snapshot
    from wrt_core.execution.snapshot.model import SavedCall
    from wrt_core.runtime.function import Func
    from wrt_core.runtime.instance import Instance
    from wrt_core.runtime.linking import Imports
    from wrt_core.runtime.store import Store
    from wrt_core.validation import ValidatedModule

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

    @property
    def position(self) -> Position | None:
        """Where in its source the instruction is; None where the module's debug information does not say."""
        return positions(self.instance.module).at(self.offset)

    @property
    def source_line(self) -> str | None:
        """The line of source that it is at; None where that is not to be had."""
        position = self.position
        return None if position is None else positions(self.instance.module).text(position)

    def __str__(self) -> str:
        module = self.instance.module
        return str(Frame(self.function, self.name, self.offset, module.module.names.module, positions(module)))


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
        self._func: Func | None = func
        self._runner: Runner | None = runner
        self._detached: Snapshot | None = None
        self._stack: list[Activation] = runner.begin(func, args)
        self._watch = Watch(_checked_fuel(fuel))
        self._time_left = _checked_timeout(timeout)
        self._fuel_given = 0 if fuel is None else fuel
        self._state = State.READY
        self._reason: str | None = None
        self._values: Any = None
        self._error: BaseException | None = None
        self._needed = 0
        self._waiting: Interruption | None = None
        self._answer: tuple[Any, Exception | None] = (None, None)
        self._turn = threading.Lock()

    @classmethod
    def restored(cls, func: Func | None, stack: list[Activation], call: SavedCall, values: Any) -> Execution:
        """Make one of what a snapshot says; `values` are its results, or what the call that it is in gives.

        Without a function, it is detached: `bind` gives it one.
        """
        execution = cls.__new__(cls)
        execution._func = func
        execution._runner = None if func is None or func.instance is None else func.instance.runner
        execution._detached = None
        execution._stack = stack
        execution._watch = Watch(call.fuel)
        execution._time_left = call.time_left
        execution._fuel_given = call.fuel_given
        execution._state = State(call.state)
        execution._reason = call.reason
        finished = execution._state is State.FINISHED
        execution._values = values if finished else None
        execution._error = None
        execution._needed = call.fuel_needed
        execution._waiting = None
        execution._answer = (None if finished else values), None
        execution._turn = threading.Lock()
        return execution

    @classmethod
    def detached(cls, snapshot: Snapshot) -> Execution:
        """Make one of a snapshot without the modules, as unpickling does: see `bind`."""
        execution = cls.restored(None, [], snapshot.saved.call, None)
        execution._detached = snapshot
        return execution

    @property
    def func(self) -> Func:
        """The function that is called. Raises `ExecutionError` if it is detached and can't bind itself."""
        self._attach()
        assert self._func is not None
        return self._func

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
    def fuel_needed(self) -> int:
        """The fuel that must be left for it to go on from where it is paused; 0 if that is not known yet."""
        return self._needed

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
        if self._detached is None:
            return self.func.results_of(self._values)
        results, several = self._detached.results()
        values = several[0] if len(several) == 1 else several
        if not results:
            return None
        if len(results) == 1:
            return to_host(results[0])(values)
        return _converted(results, values)

    @property
    def awaitable(self) -> Any:
        """What the host function that it is paused in waits for; None if there is no such thing."""
        return None if self._waiting is None else self._waiting.awaitable

    @property
    def frames(self) -> tuple[PausedFrame, ...]:
        """The functions that it is in, innermost first. Raises `ExecutionError` while it runs."""
        if self._state is State.RUNNING:
            raise ExecutionError("a running execution has no frames to look at: pause it")
        self._attach()
        assert self._runner is not None
        return tuple([_frame(self._runner, each) for each in reversed(self._stack)])

    def run(self, *, fuel: int | None = None, timeout: float | None = None, interval: float | None = None) -> State:
        """Run until it ends or pauses; return its state then.

        `fuel` is added to what there is; without any, here and from the beginning, it is not metered. `timeout`, in
        seconds, is counted over this and later runs, and takes the place of what is left of an earlier one; `interval`
        is for this run. Raises what the call raises, `Trap` above all, and `ExecutionError` if it has ended, runs
        already, or waits for a host function.
        """
        fuel, timeout = _checked_fuel(fuel), _checked_timeout(timeout)
        if not self._turn.acquire(blocking=False):
            raise ExecutionError("the execution is running already")
        try:
            self._begin(fuel, timeout)
            return self._run(interval)
        finally:
            if self._state is State.RUNNING:  # Ctrl-C came between what it did and what is noted of it
                self._end(sys.exception() or ExecutionError("the execution was interrupted"))
            self._turn.release()

    def _begin(self, fuel: int | None, timeout: float | None) -> None:
        if self._state.ended:
            raise ExecutionError(f"the execution has ended: it is {self._state}")
        if self._waiting is not None:
            raise ExecutionError("the execution waits for a host function: run it with call_async, or resolve it")
        self._attach()
        self.add_fuel(fuel or 0)
        if timeout is not None:
            self._time_left = timeout
        self._state = State.RUNNING

    def _run(self, interval: float | None) -> State:
        watch, started = self._watch, monotonic()
        deadlines = []
        try:
            for seconds, reason in ((self._time_left, Reason.TIMEOUT), (interval, Reason.INTERVAL)):
                if seconds is not None:
                    deadlines.append(DEADLINES.after(seconds, partial(watch.ask, reason)))
            given, thrown = self._answer
            self._answer = None, None
            assert self._runner is not None
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

    def _paused(self, stop: Interruption) -> State:
        if stop.reason == Reason.CANCELLED:
            error = Trap(TrapCode.INTERRUPTED, None, backtrace(self._stack))
            self._end(error)
            raise error from None
        self._watch.asked = None
        self._answer = stop.answer
        self._reason = stop.reason
        self._needed = stop.needed
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

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep others from running it meanwhile. Raises `ExecutionError` if it runs."""
        if not self._turn.acquire(blocking=False):
            raise ExecutionError("the execution is running: pause it first")
        try:
            yield
        finally:
            self._turn.release()

    def fork(self) -> Execution:
        """Return a copy that goes on from here on its own, with its own copy of what it reaches in the store.

        The host's functions and objects are shared. Raises `ExecutionError` if it runs, waits for a host function or
        has ended with an error, `SnapshotError` if it has suspended continuations.
        """
        from wrt_core.execution.snapshot.fork import forked

        with self.held():
            return forked(self)

    @property
    def snapshot(self) -> Snapshot | None:
        """The snapshot that it is to go on from while it is detached, as after unpickling; None otherwise."""
        return self._detached

    def bind(
        self,
        engine: Engine,
        modules: ValidatedModule | Iterable[ValidatedModule],
        imports: Imports | None = None,
        *,
        externals: Mapping[str, Any] | None = None,
        store: Store | None = None,
    ) -> None:
        """Give a detached execution its modules and its host, see `Snapshot.resume`.

        Raises what that raises, and `ExecutionError` if it is not detached.
        """
        with self.held():
            if self._detached is None:
                raise ExecutionError("the execution is bound already")
            self._take(self._detached.resume(engine, modules, imports, externals=externals, store=store))

    def _attach(self) -> None:
        """Bind it, if it is detached, to what was loaded in this process. Raises `ExecutionError` if it can't be."""
        if self._detached is not None:
            self._take(self._detached.resume_here())

    def _take(self, other: Execution) -> None:
        self._func, self._runner, self._stack = other._func, other._runner, other._stack
        self._values, self._answer = other._values, other._answer
        self._detached = None

    def __reduce__(self) -> tuple[Any, ...]:
        from wrt_core.execution.snapshot import Snapshot

        return _unpickled, (Snapshot.of(self).to_bytes(),)

    def _require_waiting(self) -> Interruption:
        if self._waiting is None:
            raise ExecutionError("the execution waits for no host function")
        return self._waiting

    def __repr__(self) -> str:
        why = f" ({self._reason})" if self._state is State.PAUSED else ""
        name = "a function" if self._func is None else self._func.name or "a function"
        return f"<Execution of {name}, {self._state}{why}{', detached' if self._detached is not None else ''}>"


def _unpickled(data: bytes) -> Execution:
    from wrt_core.execution.snapshot import Snapshot

    return Execution.detached(Snapshot.from_bytes(data))


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
