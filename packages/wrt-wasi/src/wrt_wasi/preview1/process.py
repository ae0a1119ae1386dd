"""The guest as a process: `proc_exit`, `sched_yield`."""

from __future__ import annotations

import time
from typing import NoReturn

from wrt_foundation.errors import Exit
from wrt_wasi.preview1.guest_memory import GuestMemory

__all__ = ["Process"]


class Process:
    """How a guest ends itself, and how it lets others run."""

    def proc_exit(self, memory: GuestMemory, status: int) -> NoReturn:
        """End the guest: `Exit` leaves the call that runs it, for the embedder to catch."""
        raise Exit(status)

    def sched_yield(self, memory: GuestMemory) -> None:
        """Let other threads run."""
        time.sleep(0)
