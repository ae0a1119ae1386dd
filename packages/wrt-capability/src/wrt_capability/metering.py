"""`MeteredRunner`: runs calls of a guest as its engine does, and holds them to what they may use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wrt_capability.allowance import Allowance, Clock
from wrt_capability.policy.policy import Exhausted
from wrt_capability.traps import QuotaTrap
from wrt_core.execution.activation import Activation, ActivationKind, backtrace
from wrt_core.execution.interruption import Interruption, Reason
from wrt_core.execution.runner import Runner, Shape, Watch
from wrt_foundation.errors import ExecutionError, QuotaExceeded
from wrt_foundation.traps import Exhaustion, Trap, TrapCode

if TYPE_CHECKING:
    from wrt_capability.confinement import Confinement
    from wrt_core.runtime.function import Func
    from wrt_core.runtime.instance import Instance

__all__ = ["MeteredRunner"]

_FRAMES_KEPT = 100

_PLENTY = 1 << 62
"""More fuel than anything uses."""


class _Meters:
    """What one call has used of each kind, from its first run to its last."""

    __slots__ = ("confinement", "cpu", "fuel", "time")

    def __init__(self, confinement: Confinement, like: _Meters | None = None) -> None:
        """`like` is what the call had used when it was forked."""
        self.confinement = confinement
        self.fuel = confinement.allowance("fuel")
        self.time = confinement.allowance("time")
        self.cpu = confinement.allowance("cpu")
        if like is not None:
            for own, other in ((self.fuel, like.fuel), (self.time, like.time), (self.cpu, like.cpu)):
                if own is not None and other is not None:
                    own.amount = other.amount


class MeteredRunner:
    """A `Runner` around an engine's own, for one instance: every call that can be paused comes through here.

    Fuel is charged before it is used, in portions, and time while it passes. When either is used up, the call traps or
    pauses, as the policy says; paused, it goes on when it is run again and something is left by then.
    """

    def __init__(self, inner: Runner, confinement: Confinement) -> None:
        self.inner = inner
        self._confinement = confinement

    def begin(self, func: Func, args: tuple[Any, ...]) -> list[Activation]:
        """Return the stack of a call that has not begun. Raises `CapabilityDenied` if it is not allowed."""
        self._confinement.admit_call(func, args)
        return self.inner.begin(func, args)

    def shape(self, instance: Instance, function: int, kind: ActivationKind, offset: int) -> Shape:
        """Return what an activation there has."""
        return self.inner.shape(instance, function, kind, offset)

    def run(self, stack: list[Activation], watch: Watch, given: Any = None, thrown: Exception | None = None) -> Any:
        """Run a stack as the inner runner does; see `Runner.run`."""
        confinement = self._confinement
        confinement.require_running()
        with confinement.counted():
            try:
                return self._run(stack, watch, given, thrown, pausable=True)
            except Trap as trap:
                confinement.record_trap(trap)
                raise
            finally:
                confinement.refusals.settle()

    def call(self, func: Func, args: tuple[Any, ...]) -> Any:
        """Make a plain call, one that can't be paused: what is used up ends it."""
        watch = Watch()
        try:
            return self._run(self.inner.begin(func, args), watch, None, None, pausable=False)
        except Interruption as stop:
            stop.close()
            raise ExecutionError(
                f"a host function that {func.name or 'the guest'} calls answers later: call it with call_async or start"
            ) from None

    def _run(
        self, stack: list[Activation], watch: Watch, given: Any, thrown: Exception | None, *, pausable: bool
    ) -> Any:
        confinement = self._confinement
        if watch.meter is None or watch.meter.confinement is not confinement:
            watch.meter = _Meters(confinement, watch.meter)
        meters: _Meters = watch.meter
        watch.depth = confinement.shallow
        timed = meters.time is not None or meters.cpu is not None
        with confinement.interruptible(watch):
            while True:
                clock = Clock(watch, meters.time, meters.cpu) if timed else None
                try:
                    if clock is None:
                        return self._fueled(stack, watch, meters.fuel, given, thrown)
                    clock.start()
                    try:
                        return self._fueled(stack, watch, meters.fuel, given, thrown)
                    finally:
                        clock.stop()
                except Interruption as stop:
                    # What goes on after a pause starts on an empty stack of Python's, which knows no depth but its own.
                    if len(stack) > confinement.depth:
                        frames = backtrace(stack[-_FRAMES_KEPT:])
                        raise Exhaustion(TrapCode.CALL_STACK_EXHAUSTED, None, frames) from None
                    kind = self._used_up(stop, meters, clock)
                    if confinement.authority.revoked is not None and stop.reason == Reason.CANCELLED:
                        raise confinement.revocation(stack) from None
                    if kind is None:
                        if not pausable and stop.reason != Reason.HOST_CALL:
                            raise Exhaustion(TrapCode.INTERRUPTED, None, backtrace(stack)) from None
                        raise
                    if kind == "fuel" and meters.fuel is not None and meters.fuel.more:  # it comes in portions
                        given, thrown = None, None
                        continue
                    error = confinement.exhausted(kind)
                    if pausable and confinement.exhausts is Exhausted.PAUSE:
                        confinement.authority.record("pause", kind=kind, reason=error.message)
                        raise
                    raise self._trap(error, stack) from None
                except Exhaustion as trap:
                    # Where the guest can't be paused, its engine ends it.
                    if confinement.authority.revoked is not None and trap.code is TrapCode.INTERRUPTED:
                        raise confinement.revocation(stack) from None
                    kind = None
                    if trap.code is TrapCode.OUT_OF_FUEL and meters.fuel is not None and meters.fuel.spent:
                        kind = "fuel"
                    elif trap.code is TrapCode.INTERRUPTED and clock is not None:
                        kind = clock.exceeded
                    if kind is None:
                        raise
                    raise self._trap(confinement.exhausted(kind), stack, trap) from None

    def _fueled(
        self, stack: list[Activation], watch: Watch, fuel: Allowance | None, given: Any, thrown: Exception | None
    ) -> Any:
        """Run with a portion of the account's fuel, and of the caller's own if the call has such."""
        if fuel is None:
            return self._unfueled(stack, watch, given, thrown)
        own, portion = watch.fuel, fuel.take()
        amount = portion if own is None else own if portion is None else min(own, portion)
        fuel.callers = own is not None and (portion is None or own <= portion)
        watch.fuel = amount
        try:
            return self.inner.run(stack, watch, given, thrown)
        finally:
            used = 0 if amount is None or watch.fuel is None else amount - watch.fuel
            fuel.settle(max(0, used))
            watch.fuel = None if own is None else own - used

    def _unfueled(self, stack: list[Activation], watch: Watch, given: Any, thrown: Exception | None) -> Any:
        """Run without an allowance of fuel. What counts calls inside one another counts fuel, too: it gets plenty."""
        plenty = watch.depth is not None and watch.fuel is None
        if plenty:
            watch.fuel = _PLENTY
        try:
            return self.inner.run(stack, watch, given, thrown)
        finally:
            if plenty:
                watch.fuel = None

    def _used_up(self, stop: Interruption, meters: _Meters, clock: Clock | None) -> str | None:
        """Return the kind of the policy's that a pause is for; None if it is for something else."""
        if stop.reason == Reason.FUEL and meters.fuel is not None and not meters.fuel.callers:
            return "fuel"
        if stop.reason == Reason.TIMEOUT and clock is not None:
            return clock.exceeded
        return None

    def _trap(self, error: QuotaExceeded, stack: list[Activation], trap: Trap | None = None) -> QuotaTrap:
        made = QuotaTrap(error)
        made.frames = backtrace(stack) if trap is None or not trap.frames else trap.frames
        made.args = (made.code, made.message, made.frames)
        return made
