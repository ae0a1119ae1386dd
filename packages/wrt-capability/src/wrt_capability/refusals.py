"""`Refusals`: what quotas have refused a guest, recorded one by one or, where it is a flood, by exact numbers."""

from __future__ import annotations

import threading
from collections.abc import Callable

from wrt_foundation.errors import QuotaExceeded

__all__ = ["Refusals"]


class Refusals:
    """Has refusals of an instance's quotas recorded, so that a guest that asks in a loop can't fill the disk.

    Of each kind the first is recorded at once, and then whenever there are twice as many; what is left is recorded by
    `settle`, when the call ends and when the instance does. Each record says for how many refusals it stands: together
    these are all. Thread-safe.
    """

    def __init__(self, record: Callable[[QuotaExceeded, int], None]) -> None:
        self._record = record
        self._lock = threading.Lock()
        self._counts: dict[str, int] = {}
        self._untold: dict[str, tuple[QuotaExceeded, int]] = {}

    @property
    def untold(self) -> bool:
        """Whether there is anything to settle."""
        return bool(self._untold)

    def note(self, error: QuotaExceeded) -> None:
        """Count a refusal, and record it if it is the first of its kind in this call or there are twice as many."""
        with self._lock:
            count = self._counts[error.kind] = self._counts.get(error.kind, 0) + 1
            _, untold = self._untold.pop(error.kind, (error, 0))
            if count & (count - 1):
                self._untold[error.kind] = error, untold + 1
                return
        self._record(error, untold + 1)

    def settle(self) -> None:
        """Record what was counted and not recorded, and begin anew."""
        with self._lock:
            left, self._untold = self._untold, {}
            self._counts.clear()
        for error, count in left.values():
            self._record(error, count)
