"""Clocks: `clock_res_get`, `clock_time_get`, and what tells the time to them."""

from __future__ import annotations

import time
from enum import IntEnum
from typing import Protocol

from wrt_wasi.preview1.errno import Errno, Refused
from wrt_wasi.preview1.family import Family, Guest
from wrt_wasi.preview1.guest_memory import GuestMemory

__all__ = ["Clock", "ClockFunctions", "Clocks", "SimulatedClocks", "SystemClocks"]


class Clock(IntEnum):
    """The clocks of preview 1, by their number there."""

    REALTIME = 0
    MONOTONIC = 1
    PROCESS_CPUTIME = 2
    THREAD_CPUTIME = 3


class Clocks(Protocol):
    """What tells guests the time, in nanoseconds. Give one of your own for runs that repeat exactly."""

    def now(self, clock: Clock) -> int:
        """Return a clock's time; `REALTIME` counts from 1970-01-01 UTC."""
        ...

    def resolution(self, clock: Clock) -> int:
        """Return the time between two ticks of a clock."""
        ...

    def sleep(self, nanoseconds: int) -> None:
        """Let that time pass, or less: whoever waits looks at the clock again."""
        ...


_U64 = (1 << 64) - 1
_LONGEST_SLEEP = 3600 * 10**9
_NAMES = {
    Clock.REALTIME: "time",
    Clock.MONOTONIC: "monotonic",
    Clock.PROCESS_CPUTIME: "process_time",
    Clock.THREAD_CPUTIME: "thread_time",
}


class SystemClocks:
    """The host's own clocks. Sleeping ends early where a signal handler raises, as Ctrl-C does."""

    def now(self, clock: Clock) -> int:
        """Return a clock's time in nanoseconds."""
        match clock:
            case Clock.REALTIME:
                return time.time_ns()
            case Clock.MONOTONIC:
                return time.monotonic_ns()
            case Clock.PROCESS_CPUTIME:
                return time.process_time_ns()
            case Clock.THREAD_CPUTIME:
                return time.thread_time_ns()

    def resolution(self, clock: Clock) -> int:
        """Return a clock's resolution in nanoseconds, at least 1."""
        return max(1, round(time.get_clock_info(_NAMES[clock]).resolution * 1e9))  # type: ignore[arg-type]

    def sleep(self, nanoseconds: int) -> None:
        """Sleep for that time, at most an hour: a guest may ask for centuries, which no timer takes."""
        time.sleep(min(nanoseconds, _LONGEST_SLEEP) / 1e9)


class SimulatedClocks:
    """Clocks that show the same in every run: they move on `step` nanoseconds whenever somebody looks, and as long as
    somebody sleeps, at once.

    With `step` 0 they stand still but for sleeping. All show the same time but the realtime clock, which began at
    `start`, in nanoseconds since 1970-01-01 UTC: 2000-01-01 unless told otherwise.
    """

    def __init__(self, start: int = 946_684_800 * 10**9, step: int = 1000) -> None:
        self._start = start
        self._step = step
        self._passed = 0

    def now(self, clock: Clock) -> int:
        """Return a clock's time in nanoseconds, and move on."""
        self._passed += self._step
        return self._passed + (self._start if clock is Clock.REALTIME else 0)

    def resolution(self, clock: Clock) -> int:
        """Return the step, at least 1."""
        return max(1, self._step)

    def sleep(self, nanoseconds: int) -> None:
        """Move on by so much; nobody waits."""
        self._passed += nanoseconds


class ClockFunctions(Family):
    """What guests ask of clocks."""

    def __init__(self, guest: Guest) -> None:
        super().__init__(guest)
        self._clocks = guest.clocks

    def clock_res_get(self, memory: GuestMemory, clock: int, resolution: int) -> None:
        """Tell a clock's resolution."""
        memory.write_u64(resolution, self._clocks.resolution(_clock(clock)) & _U64)

    def clock_time_get(self, memory: GuestMemory, clock: int, precision: int, time: int) -> None:
        """Tell a clock's time; `precision`, how much it may be behind, is never needed."""
        memory.write_u64(time, self._clocks.now(_clock(clock)) & _U64)


def _clock(number: int) -> Clock:
    try:
        return Clock(number)
    except ValueError:
        raise Refused(Errno.INVAL) from None
