"""The guest as a process: `proc_exit`, `proc_raise`, `sched_yield`."""

from __future__ import annotations

import time
from typing import NoReturn

from wrt_foundation.errors import Exit
from wrt_wasi.preview1.errno import Errno, Refused
from wrt_wasi.preview1.family import Family
from wrt_wasi.preview1.guest_memory import GuestMemory

__all__ = ["Process"]

# Signals of preview 1: none, chld, cont, urg and winch; stop, tstp, ttin and ttou would stop what nobody could wake.
_IGNORED = {0, 16, 17, 18, 19, 20, 21, 22, 27}
_MOST = 30


class Process(Family):
    """How a guest ends itself, and how it lets others run."""

    def proc_exit(self, memory: GuestMemory, status: int) -> NoReturn:
        """End the guest: `Exit` leaves the call that runs it, for the embedder to catch."""
        raise Exit(status)

    def proc_raise(self, memory: GuestMemory, signal: int) -> None:
        """Send itself a signal: one that ends a process ends the guest, as a shell tells it, with 128 and the number.

        Those that POSIX ignores by default are ignored. Nobody outside is reached: signals are the guest's alone.
        """
        if signal > _MOST:
            raise Refused(Errno.INVAL)
        if signal not in _IGNORED:
            raise Exit(128 + signal)

    def sched_yield(self, memory: GuestMemory) -> None:
        """Let other threads run."""
        time.sleep(0)
