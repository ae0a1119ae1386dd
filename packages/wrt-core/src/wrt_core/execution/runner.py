"""`Runner`: what an engine must be able to do so that calls of its guests are executions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from wrt_core.execution.activation import Activation, ActivationKind
from wrt_foundation.types import ValueType

if TYPE_CHECKING:
    from wrt_core.runtime.function import Func
    from wrt_core.runtime.instance import Instance

__all__ = ["Runner", "Shape", "Watch"]


@dataclass(frozen=True, slots=True)
class Shape:
    """What an activation at a safe point has: the types of its locals and operands, how many exceptions it holds."""

    locals: tuple[ValueType, ...]
    stack: tuple[ValueType, ...]
    held: int
    results: tuple[ValueType, ...]
    """What the call there gives."""


class Watch:
    """How a running guest is watched over: its fuel, and what is asked of it meanwhile.

    `fuel` is what is left, None where it is not metered; runners write it back whenever they return. `asked` is why it
    should pause, None if it need not. `notify`, set by the runner while it runs, makes the guest look at `asked` soon;
    it may be called from other threads and from signal handlers.
    """

    __slots__ = ("asked", "depth", "fuel", "meter", "notify", "polled")

    def __init__(self, fuel: int | None = None, *, polled: bool = True) -> None:
        self.fuel = fuel
        self.asked: str | None = None
        self.notify: Callable[[], None] | None = None
        self.polled = polled
        """Whether the guest must be able to pause when asked; where not, it may run faster."""
        self.depth: int | None = None
        """How many calls may be inside one another, where that is less than the engine allows; for metered calls."""
        self.meter: Any = None
        """What a runner around another keeps of this call from one run of it to the next."""

    def ask(self, reason: str) -> None:
        """Ask the guest to pause at its next safe point; the first reason stands until it has."""
        if self.asked is None:
            self.asked = reason
        notify = self.notify
        if notify is not None:
            notify()


class Runner(Protocol):
    """Runs stacks of activations; instances have one if their engine can pause (`Instance.runner`)."""

    def begin(self, func: Func, args: tuple[Any, ...]) -> list[Activation]:
        """Return the stack of a call that has not begun; `args` are in the engines' representation."""

    def shape(self, instance: Instance, function: int, kind: ActivationKind, offset: int) -> Shape:
        """Return what an activation there has. Raises `ExecutionError` if there is no such safe point."""

    def run(self, stack: list[Activation], watch: Watch, given: Any = None, thrown: Exception | None = None) -> Any:
        """Run the innermost activation, the last, then its caller, and so on; return the results of the outermost.

        An innermost activation that is in a call gets `given`, the results of that call, or `thrown`. Raises
        `Interruption` at a pause, with `stack` what is left to do, and its `answer` what the innermost activation is to
        be given then; whatever else it raises is how the call ends.
        """
