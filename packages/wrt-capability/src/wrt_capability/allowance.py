"""Allowances: the fuel and the time that one call of a guest may use, of what its limits and its account leave it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from time import monotonic_ns

from wrt_capability.quota import Meter
from wrt_core.execution.deadlines import DEADLINES, Deadline
from wrt_core.execution.interruption import Reason
from wrt_core.execution.runner import Watch

__all__ = ["Allowance", "Clock"]

_SLICE = 50_000_000
"""Nanoseconds after which time that has passed is charged while a guest runs: what others of the tenant use meanwhile
is seen this late at most."""

_PORTION = 100_000
"""Fuel that is taken from an account at once at least, if it has so much."""

_CRUMBS = 64
"""Fuel that a guest may leave, as what it was to do next cost more."""


class Allowance:
    """What is left of one kind for one call, and of its account. Belongs to the call; one thread uses it at a time.

    `limit` is for the call as a whole, however often it is paused; `meter` is the account's, whose chain has limits of
    its own. `amount` is what was used so far.
    """

    __slots__ = ("amount", "callers", "limit", "meter", "portion", "taken", "used")

    def __init__(self, limit: int | None, meter: Meter) -> None:
        self.limit = limit
        self.meter = meter
        self.amount = 0
        self.taken = 0
        self.portion: int | None = None
        self.used = 0
        self.callers = False
        """Whether the last run was bounded by what the caller gave, and not by this."""

    @property
    def left(self) -> int | None:
        """What may be used still; None if nothing limits it."""
        found = self.meter.available
        if self.limit is None:
            return found
        own = max(0, self.limit - self.amount)
        return own if found is None else min(own, found)

    def take(self) -> int | None:
        """Charge the account with a portion before it is used, and return that; None where nothing limits it."""
        left = self.left
        if left is None:
            self.taken, self.portion = 0, None
            return None
        if self.meter.available is not None:
            # Not all of it: others of the tenant run meanwhile, and get their part.
            left = min(left, max(_PORTION, left // 2))
        self.meter.charge(left)
        self.taken = self.portion = left
        return left

    @property
    def spent(self) -> bool:
        """Whether nothing is left, but for what is too little for anything."""
        left = self.left
        return left is not None and (left < _CRUMBS or not self.more)

    @property
    def more(self) -> bool:
        """Whether there is more to take than what was not enough the last time."""
        left = self.left
        return left is None or (left > 0 and (self.used > 0 or self.portion is None or left > self.portion))

    def settle(self, used: int) -> None:
        """Give back what of the last portion was not used; without one, charge what was."""
        self.amount += used
        self.used = used
        if self.taken:
            self.meter.release(self.taken - used)
            self.taken = 0
        else:
            self.meter.add(used)


class Clock:
    """Charges the time that a guest runs to its allowances while it runs, and has it stop when one is used up.

    Made for one run, in the thread that runs it, started before and stopped afterwards: `exceeded` says which kind.
    """

    def __init__(self, watch: Watch, time: Allowance | None, cpu: Allowance | None) -> None:
        self._watch = watch
        self._kinds: list[tuple[str, Allowance, Callable[[], int], int]] = []
        if time is not None:
            self._kinds.append(("time", time, monotonic_ns, monotonic_ns()))
        if cpu is not None:
            clock = _thread_clock()
            self._kinds.append(("cpu", cpu, clock, clock()))
        self._lock = threading.Lock()
        self._deadline: Deadline | None = None
        self._ended = False
        self.exceeded: str | None = None

    def start(self) -> None:
        """Begin; if nothing is left, the guest is asked to stop at once."""
        self._tick()

    def stop(self) -> None:
        """End, with all that has passed charged."""
        with self._lock:
            self._ended = True
            self._charge()
        if self._deadline is not None:
            DEADLINES.cancel(self._deadline)

    def _tick(self) -> None:
        # The lock is not held while a deadline is set: deadlines have one of their own, which is held while this runs.
        with self._lock:
            if self._ended:
                return
            left = self._charge()
        if left is not None and left <= 0:
            self._watch.ask(Reason.TIMEOUT)
        else:
            nanoseconds = _SLICE if left is None else min(left, _SLICE)
            self._deadline = DEADLINES.after(max(nanoseconds, 100_000) / 1e9, self._tick)

    def _charge(self) -> int | None:
        """Charge what has passed since the last time; return what is left of the kind that has the least left."""
        least: int | None = None
        for index, (kind, allowance, clock, since) in enumerate(self._kinds):
            now = clock()
            allowance.settle(max(0, now - since))
            self._kinds[index] = kind, allowance, clock, now
            left = allowance.left
            if left is not None and left <= 0 and self.exceeded is None:
                self.exceeded = kind
            if left is not None and (least is None or left < least):
                least = left
        return least


def _thread_clock() -> Callable[[], int]:
    """Return what reads the processor time of this thread, from others too.

    Where the system does not offer that, the time that passes is counted instead, which is never less.
    """
    identify = getattr(time, "pthread_getcpuclockid", None)
    if identify is None:
        return monotonic_ns
    clock: int = identify(threading.get_ident())
    read: Callable[[int], int] = time.clock_gettime_ns
    return lambda: read(clock)
