"""`StacklessRunner`: runs stacks of activations, each by code made for the rest of its function."""

from __future__ import annotations

import sys
import threading
from types import FrameType
from typing import Any

from wrt_core.engines.stackless import call_stack
from wrt_core.engines.stackless.capture import captured, is_capturable
from wrt_core.engines.stackless.compiled import MARK, Compiled, compiled_of
from wrt_core.engines.stackless.editions import Edition
from wrt_core.engines.stackless.invocation import MEANINGFUL, trap_of
from wrt_core.engines.stackless.monitoring import MONITOR
from wrt_core.engines.stackless.stubs import STUB
from wrt_core.engines.stackless.tracebacks import dismantle, inherited, tell
from wrt_core.engines.stackless.translation.variant import Flavour
from wrt_core.execution.activation import Activation, ActivationKind, backtrace
from wrt_core.execution.interruption import Interruption, Reason
from wrt_core.execution.runner import Shape, Watch
from wrt_core.runtime.function import Func
from wrt_core.runtime.instance import Instance
from wrt_foundation.errors import ExecutionError
from wrt_foundation.plugins.events import Event
from wrt_foundation.traps import Exhaustion, Trap, TrapCode, WasmException

__all__ = ["StacklessRunner"]

_ASKED = 1 << 200
"""More fuel than there can be: what a cell of an edition says when a pause is asked for."""

_FRAMES_KEPT = 100

EDITIONS = "__wrt_editions__"
"""The name in an instance's namespace of what is kept for its next execution."""

_OUTSIDE = 2
"""Entries of a traceback that are of this file, before those of the guest."""


class StacklessRunner:
    """Runs guests of the stackless engine so that they can be paused; see `Runner`. Thread-safe.

    `depth` is how deep they may recurse. Where Python offers monitoring (3.12 and later), a guest that is not metered
    runs the code of ordinary calls, and pays nothing for being interruptible; before, it polls.
    """

    def __init__(self, depth: int, trapped: Event | None) -> None:
        self._depth = depth
        self._trapped = trapped
        self._lock = threading.Lock()

    def begin(self, func: Func, args: tuple[Any, ...]) -> list[Activation]:
        """Return the stack of a call that has not begun."""
        compiled = compiled_of(func.instance)
        assert compiled is not None
        assert func.instance is not None
        offset = compiled.first_offset(func.index)
        return [Activation(func.instance, func.index, ActivationKind.ENTRY, offset, args)]

    def shape(self, instance: Instance, function: int, kind: ActivationKind, offset: int) -> Shape:
        """Return what an activation there has. Raises `ExecutionError` if there is no such safe point."""
        compiled = compiled_of(instance)
        if compiled is None or not 0 <= function < len(instance.functions):
            raise ExecutionError(f"there is no function {function} that could go on")
        if instance.functions[function].instance is not instance or instance.functions[function].index != function:
            raise ExecutionError(f"function {function} is imported")
        type_ = compiled.module.function_types[function]
        if kind is ActivationKind.ENTRY and offset == compiled.first_offset(function):
            return Shape(type_.params, (), 0, type_.results)
        there, shape = compiled.shapes(function).get(offset, (ActivationKind.ENTRY, None))
        if shape is None or there is not kind:
            raise ExecutionError(f"function {function} can't go on at a {kind} at offset {offset:#x}")
        return shape

    def run(self, stack: list[Activation], watch: Watch, given: Any = None, thrown: Exception | None = None) -> Any:
        """Run the innermost activation, then its caller, and so on; see `Runner.run`."""
        if not stack:
            return given
        flavour = Flavour.METERED if watch.fuel is not None else Flavour.PLAIN if MONITOR else Flavour.POLLED
        root = stack[0].instance
        edition = self._take(root, flavour)
        turn = _Turn(edition, watch)
        around = call_stack.turn()
        before = call_stack.enter(self._depth)
        try:
            call_stack.set_turn(turn)
            turn.begin()
            return self._run(stack, turn, given, thrown, not before)
        finally:
            try:
                turn.end(around, before)
            except BaseException:  # Ctrl-C came just now
                turn.end(around, before)
                raise
            self._give_back(root, edition)

    def _run(self, stack: list[Activation], turn: _Turn, given: Any, thrown: Exception | None, outermost: bool) -> Any:
        while stack:
            activation = stack.pop()
            try:
                call_stack.allow(self._depth, len(stack), outermost)
                turn.below = len(stack)
                given = turn.step(activation, given, thrown)
                thrown = None
            except WasmException as error:  # it goes on to the handlers of the caller
                tell(error, (), _OUTSIDE)
                if not stack:
                    raise
                given, thrown = None, error
            except Interruption as stop:
                try:
                    if turn.is_beginning:
                        stop.answer = given, thrown
                        stack.append(activation)
                    else:
                        stack += captured(stop)
                except ExecutionError:
                    stop.close()
                    raise
                finally:
                    dismantle(stop)
                raise
            except MEANINGFUL as error:
                told = isinstance(error, Trap) and bool(error.frames)
                trap = trap_of(error)
                tell(error, stack, _OUTSIDE)
                if trap is None:
                    raise
                if not told:
                    trap.frames = (*trap.frames, *backtrace(stack))[:_FRAMES_KEPT]
                    trap.args = (trap.code, trap.message, trap.frames)
                    if self._trapped is not None:
                        self._trapped(instance=activation.instance, trap=trap)
                if trap is error:
                    raise
                raise inherited(trap, error) from None
            except BaseException as error:
                tell(error, stack, _OUTSIDE)
                raise
        if thrown is not None:
            raise thrown
        return given

    def _take(self, root: Instance, flavour: Flavour) -> Edition:
        with self._lock:
            idle = _idle(root, flavour)
            return idle.pop() if idle else Edition(flavour)

    def _give_back(self, root: Instance, edition: Edition) -> None:
        with self._lock:
            _idle(root, edition.flavour).append(edition)


def _idle(root: Instance, flavour: Flavour) -> list[Edition]:
    """The editions of an instance that nobody uses now. They refer to it, so it keeps them, and all can go together."""
    several: dict[Flavour, list[Edition]] = root.namespace.setdefault(EDITIONS, {})
    return several.setdefault(flavour, [])


class _Turn:
    """One run of an edition in one thread, up to the next pause."""

    def __init__(self, edition: Edition, watch: Watch) -> None:
        self.edition = edition
        self.watch = watch
        self.below = 0
        """Activations that wait below the one that runs."""
        self.is_beginning = False
        """Whether code is being made for the innermost activation, none of which runs yet."""
        self._frame: FrameType | None = None
        self._begun = False

    def begin(self) -> None:
        """Have the edition ask this turn; `end` must follow, whatever happens."""
        edition, watch = self.edition, self.watch
        edition.stop = self.stop
        edition.calls_left = None if watch.depth is None else self.calls_left
        edition.left = watch.fuel or 0
        self._begun = True
        edition.asked.cell_contents = 0
        if edition.flavour is Flavour.PLAIN:
            watch.notify = MONITOR.begin(self.reached)
        else:
            watch.notify = self._notify
        if watch.asked is not None:
            watch.notify()

    def _notify(self) -> None:
        self.edition.asked.cell_contents = _ASKED

    def end(self, around: Any, before: int) -> None:
        """Put all back as it was, the turn around this one and the call stack too. To do so again does no harm."""
        edition, watch = self.edition, self.watch
        watch.notify = None
        if self._begun and watch.fuel is not None:
            watch.fuel = edition.left
        if edition.flavour is Flavour.PLAIN:
            MONITOR.end(self.reached)
        edition.stop = edition.calls_left = None
        self._frame = None
        call_stack.set_turn(around)
        call_stack.leave(before)

    def step(self, activation: Activation, given: Any, thrown: Exception | None) -> Any:
        """Run one activation to its end."""
        self._frame = sys._getframe()
        self.is_beginning = thrown is None  # else it is the host's that is on its way: it is not to be kept waiting
        if is_entry := activation.kind is ActivationKind.ENTRY:
            code = self.edition.code(activation.instance.functions[activation.function])
        else:
            code = self.edition.rest(activation.instance, activation.function, activation.offset)
        self.is_beginning = False
        if is_entry:
            return code(*activation.locals)
        return code(activation.locals, activation.stack, activation.held, given, thrown)

    def look(self) -> None:
        """Interrupt the guest, for which a function is being translated, if it is asked to stop and can be left there.

        It can be where it is about to enter that function, or to go on in it.
        """
        if self.watch.asked is None:
            return
        if self.is_beginning:
            raise Interruption(self.watch.asked)
        frame: FrameType | None = sys._getframe()
        while frame is not None and MARK not in frame.f_globals:
            frame = frame.f_back
        if frame is not None and frame.f_code.co_filename == STUB:
            self.stop(frame)

    def stop(self, frame: FrameType, cost: int = 0) -> None:
        """Interrupt the guest at a safe point, if that can be; what must not go on is trapped otherwise."""
        asked = self.watch.asked
        reason = Reason.FUEL if asked is None else asked
        assert self._frame is not None
        if is_capturable(frame, self._frame):
            raise Interruption(reason, needed=cost)
        # A host function, or the code that runs continuations, is in between, and can't be left and gone on with.
        if reason == Reason.FUEL or (self.watch.fuel is not None and self.edition.left <= 0):
            raise Exhaustion(TrapCode.OUT_OF_FUEL)
        if reason in (Reason.CANCELLED, Reason.TIMEOUT):
            raise Exhaustion(TrapCode.INTERRUPTED)

    def calls_left(self, frame: FrameType | None) -> int:
        """Return how many more calls may be inside those that run; trap if there are too many."""
        assert self.watch.depth is not None
        left = self.watch.depth - self.below
        while frame is not None:
            left -= isinstance(frame.f_globals.get(MARK), Compiled)
            frame = frame.f_back
        if left < 0:
            raise Exhaustion(TrapCode.CALL_STACK_EXHAUSTED)
        return left

    def reached(self, frame: FrameType, at: int) -> None:
        """Interrupt the guest, which is at the safe point at an offset, if it is asked to stop; for monitoring."""
        if self.watch.asked is None:
            return
        try:
            self.stop(frame)
        except Interruption as stop:
            stop.at = at
            raise
