"""`RecordedRunner`: calls that may pause, and what becomes of them, for the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wrt_core.execution.activation import Activation, ActivationKind
from wrt_core.execution.interruption import Interruption
from wrt_core.execution.runner import Runner, Shape, Watch

if TYPE_CHECKING:
    from wrt_core.recording.recorder import Recorder
    from wrt_core.runtime.function import Func
    from wrt_core.runtime.instance import Instance

__all__ = ["RecordedRunner"]


class RecordedRunner:
    """A `Runner` around that of the guest that is recorded: the door for calls that are executions.

    A call that pauses in the guest's own code leaves no trace, for where that happens is no matter of the guest's. One
    that pauses in a host function waits for its answer.
    """

    def __init__(self, inner: Runner, recorder: Recorder) -> None:
        self.inner = inner
        self._recorder = recorder

    def begin(self, func: Func, args: tuple[Any, ...]) -> list[Activation]:
        """Return the stack of a call that has not begun."""
        stack = self.inner.begin(func, args)
        self._recorder.prepare(stack, func, args)
        return stack

    def shape(self, instance: Instance, function: int, kind: ActivationKind, offset: int) -> Shape:
        """Return what an activation there has."""
        return self.inner.shape(instance, function, kind, offset)

    def run(self, stack: list[Activation], watch: Watch, given: Any = None, thrown: Exception | None = None) -> Any:
        """Run a stack as the inner runner does; see `Runner.run`."""
        recorder = self._recorder
        if not recorder.listens:
            return self.inner.run(stack, watch, given, thrown)
        call = recorder.goes_on(stack, given, thrown)
        try:
            result = self.inner.run(stack, watch, given, thrown)
        except Interruption as stop:
            recorder.paused(call, stop)
            raise
        except BaseException as error:
            recorder.ended(call, error)
            raise
        recorder.returned(call, result)
        return result
