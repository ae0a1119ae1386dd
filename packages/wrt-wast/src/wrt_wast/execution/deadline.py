"""A deadline for one directive: a guest that does not come back must not keep the others waiting."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["TimedOut", "deadline"]


class TimedOut(KeyboardInterrupt):
    """The time was up. A kind of Ctrl-C, which engines must let through."""


@contextmanager
def deadline(seconds: float | None) -> Iterator[None]:
    """Raise `TimedOut` in the body if it takes longer.

    Signals do it, so it has an effect only in a process's main thread, and not on Windows.
    """
    possible = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    if seconds is None or not possible:
        yield
        return
    before = signal.signal(signal.SIGALRM, _time_is_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _time_is_up(number: int, frame: FrameType | None) -> None:
    raise TimedOut
