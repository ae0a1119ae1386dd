"""Flusher: has what was written synced some seconds later, in a thread that is there only while something waits."""

from __future__ import annotations

import threading
from collections.abc import Callable

__all__ = ["Flusher"]


class Flusher:
    """Calls `sync` at most `seconds` after `touch`. Thread-safe.

    What `sync` raises is raised by the next `touch`: whoever writes then learns that the disk fails.
    """

    def __init__(self, sync: Callable[[], None], seconds: float) -> None:
        if not seconds > 0:
            raise ValueError(f"an interval is longer than nothing: {seconds} seconds")
        self._sync = sync
        self._seconds = seconds
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._failure: Exception | None = None

    def touch(self) -> None:
        """Say that something was written."""
        with self._lock:
            failure, self._failure = self._failure, None
            if failure is not None:
                raise failure
            if self._timer is None:
                self._timer = threading.Timer(self._seconds, self._run)
                self._timer.daemon = True
                self._timer.start()

    def stop(self) -> None:
        """Forget what waits: the caller syncs himself, or does not want to any more."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

    def after_fork(self) -> None:
        """In a child: the thread that waited is the parent's."""
        self._lock = threading.Lock()
        self._timer = None

    def _run(self) -> None:
        with self._lock:
            self._timer = None
        try:
            self._sync()
        except Exception as error:  # noqa: BLE001 - told to whoever writes next
            with self._lock:
                self._failure = error
