"""`LimitedCalls`: calls that share an amount of fuel and of time."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

from wrt_core.execution.execution import Execution
from wrt_core.execution.synchronous import run_sync

if TYPE_CHECKING:
    from wrt_core.runtime.function import Func

__all__ = ["LimitedCalls"]


class LimitedCalls:
    """Calls guests with `fuel` for all calls together, and `timeout` seconds from the first one on; None is no limit.

    As the `start` of a `Store`, it calls start functions so, too. For one thread at a time.
    """

    def __init__(self, fuel: int | None = None, timeout: float | None = None) -> None:
        self._given = fuel
        self.fuel = fuel
        """What is left."""
        self.timeout = timeout
        self._deadline: float | None = None

    @property
    def limited(self) -> bool:
        """Whether there is a limit at all: calls without one may run faster."""
        return self._given is not None or self.timeout is not None

    @property
    def fuel_used(self) -> int | None:
        """The fuel that calls have used; None if it is not metered."""
        return None if self._given is None or self.fuel is None else self._given - self.fuel

    def call(self, func: Func, *args: Any) -> Any:
        """Call a function. Raises `Exhaustion` where it has no fuel or time left, and what calls raise."""
        if not self.limited:
            return func(*args)
        execution = func.start(*args, fuel=self.fuel)
        try:
            return run_sync(execution, timeout=self.time_left())
        finally:
            self.take(execution)

    def take(self, execution: Execution) -> None:
        """Count what an execution has used that was run with all that was left."""
        self.fuel = execution.fuel

    def time_left(self) -> float | None:
        """Return how many seconds are left, and have them run from now on if they did not yet."""
        if self.timeout is None:
            return None
        if self._deadline is None:
            self._deadline = monotonic() + self.timeout
            return self.timeout
        return max(0.0, self._deadline - monotonic())
