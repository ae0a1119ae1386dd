"""Deadlines: calls that are made when their time has come, by one thread for all."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable
from itertools import count
from time import monotonic

__all__ = ["DEADLINES", "Deadline", "Deadlines"]


class Deadline:
    """A call that is due at `time`, on the monotonic clock, unless it is cancelled; `call` is None once it is over."""

    __slots__ = ("call", "time")

    def __init__(self, time: float, call: Callable[[], None]) -> None:
        self.time = time
        self.call: Callable[[], None] | None = call


class Deadlines:
    """Makes calls when they are due, in a daemon thread that starts with the first. Thread-safe.

    Calls must be short and not raise.
    """

    def __init__(self) -> None:
        # Entered itself: Ctrl-C just as a condition is entered would leave its lock taken.
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._waiting: list[tuple[float, int, Deadline]] = []
        self._cancelled = 0
        self._numbers = count()
        self._thread: threading.Thread | None = None

    def after(self, seconds: float, call: Callable[[], None]) -> Deadline:
        """Make a call in `seconds` from now; return what cancels it."""
        deadline = Deadline(monotonic() + seconds, call)
        with self._lock:
            heapq.heappush(self._waiting, (deadline.time, next(self._numbers), deadline))
            if self._thread is None or not self._thread.is_alive():  # a fork leaves threads behind
                self._thread = threading.Thread(target=self._run, name="wrt-deadlines", daemon=True)
                self._thread.start()
            elif self._waiting[0][2] is deadline:
                self._changed.notify_all()  # one alone could be spent on what an interrupted call has left behind
        return deadline

    def cancel(self, deadline: Deadline) -> None:
        """Cancel a call, which is then never made if it was not yet."""
        with self._lock:
            if deadline.call is not None:
                deadline.call = None
                self._cancelled += 1
            if self._cancelled > 64 and self._cancelled > len(self._waiting) // 2:
                # Distant deadlines that nobody waits for any more would pile up.
                # No loop of Python's own here: from 3.12 on, Ctrl-C at its jump back would leave the lock taken.
                self._waiting = list(filter(_is_due, self._waiting))
                heapq.heapify(self._waiting)
                self._cancelled = 0

    def _run(self) -> None:
        with self._lock:
            while True:
                while self._waiting and self._waiting[0][2].call is None:
                    heapq.heappop(self._waiting)
                if not self._waiting:
                    self._changed.wait()
                    continue
                left = self._waiting[0][0] - monotonic()
                if left > 0:
                    self._changed.wait(left)
                    continue
                deadline = heapq.heappop(self._waiting)[2]
                call, deadline.call = deadline.call, None
                if call is not None:
                    call()


def _is_due(entry: tuple[float, int, Deadline]) -> bool:
    return entry[2].call is not None


DEADLINES = Deadlines()
"""The process's."""
