"""Threads that wait at addresses of a shared memory, until another one notifies them (threads proposal)."""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Callable
from enum import IntEnum
from time import monotonic_ns

__all__ = ["WaitResult", "WaitingList"]

_SLICE = 100_000_000 if sys.platform == "win32" else None
"""Nanoseconds after which a waiting thread looks up. Elsewhere signals interrupt it, Ctrl-C among them."""


class WaitResult(IntEnum):
    """What `memory.atomic.wait32` and `wait64` give."""

    OK = 0
    NOT_EQUAL = 1
    TIMED_OUT = 2


class WaitingList:
    """Who waits where in one memory, in the order of arrival. Thread-safe.

    `lock` is held while somebody decides whether to wait. Whoever holds it too when storing can be sure that no one
    starts to wait for what has just changed.
    """

    __slots__ = ("_queues", "lock")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._queues: dict[int, deque[threading.Lock]] = {}

    def wait(self, address: int, expected: Callable[[], bool], timeout: int = -1) -> WaitResult:
        """Wait at `address` if `expected()`, which is asked with the lock held, says that it makes sense.

        `timeout` is in nanoseconds, for ever if negative. A signal's handler may raise in here, as always in the main
        thread; nobody waits then any more.
        """
        ticket = threading.Lock()
        ticket.acquire()
        with self.lock:
            if not expected():
                return WaitResult.NOT_EQUAL
            self._queues.setdefault(address, deque()).append(ticket)
        woken = False
        try:
            woken = _acquire(ticket, timeout)
        finally:
            if not woken:
                # Somebody may have been faster than this, and counted on waking one.
                with self.lock:
                    woken = not self._withdraw(address, ticket)
        return WaitResult.OK if woken else WaitResult.TIMED_OUT

    def notify(self, address: int, count: int) -> int:
        """Wake those that have waited longest at `address`, at most `count` of them, and return how many it were."""
        woken = 0
        with self.lock:
            queue = self._queues.get(address)
            while queue and woken < count:
                queue.popleft().release()
                woken += 1
            if queue is not None and not queue:
                del self._queues[address]
        return woken

    def wake_all(self) -> None:
        """Wake everybody, wherever they wait."""
        with self.lock:
            for queue in self._queues.values():
                for ticket in queue:
                    ticket.release()
            self._queues.clear()

    def __len__(self) -> int:
        return sum(map(len, list(self._queues.values())))

    def _withdraw(self, address: int, ticket: threading.Lock) -> bool:
        """Take a ticket back; False if it has been served."""
        queue = self._queues.get(address)
        if queue is None or ticket not in queue:
            return False
        queue.remove(ticket)
        if not queue:
            del self._queues[address]
        return True


def _acquire(ticket: threading.Lock, timeout: int) -> bool:
    """Wait for a ticket; return whether it was served in time."""
    deadline = monotonic_ns() + timeout if timeout >= 0 else None
    left = timeout if deadline is not None else None
    while True:
        part = left if _SLICE is None else _SLICE if left is None else min(left, _SLICE)
        seconds = -1 if part is None else min(part / 1e9, threading.TIMEOUT_MAX)
        if ticket.acquire(timeout=seconds):
            return True
        if deadline is not None:
            left = deadline - monotonic_ns()
            if left <= 0:
                return False
