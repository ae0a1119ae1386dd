"""Waiting: `poll_oneoff`, for clocks."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from wrt_wasi.preview1.clocks import Clock, Clocks
from wrt_wasi.preview1.errno import Errno, Refused
from wrt_wasi.preview1.guest_memory import GuestMemory

__all__ = ["Polling"]

_SUBSCRIPTION, _EVENT = 48, 32  # Bytes of the records.
_CLOCK, _FD_READ, _FD_WRITE = range(3)
_ABSOLUTE = 1


@dataclass(frozen=True, slots=True)
class _Alarm:
    """A clock's subscription: it is due when `clock` shows `deadline`."""

    userdata: int
    clock: Clock
    deadline: int


class Polling:
    """How guests wait. Clocks can be waited for; for descriptors the event says that it is not implemented."""

    def __init__(self, clocks: Clocks) -> None:
        self._clocks = clocks

    def poll_oneoff(self, memory: GuestMemory, subscriptions: int, events: int, count: int, occurred: int) -> None:
        """Wait until one of the subscriptions is due, write an event for each that is, and tell how many."""
        if count == 0:
            raise Refused(Errno.INVAL)
        records = memory.read(subscriptions, count * _SUBSCRIPTION)
        memory.require(events, count * _EVENT)
        memory.require(occurred, 4)
        alarms: list[_Alarm] = []
        due: list[bytes] = []
        for start in range(0, len(records), _SUBSCRIPTION):
            userdata, kind = struct.unpack_from("<QB", records, start)
            if kind in (_FD_READ, _FD_WRITE):
                due.append(_event(userdata, Errno.NOSYS, kind))
            elif kind == _CLOCK:
                try:
                    alarms.append(self._alarm(userdata, records, start))
                except Refused as refused:
                    due.append(_event(userdata, refused.errno, kind))
            else:
                raise Refused(Errno.INVAL)
        if not due:
            self._wait(alarms)
        due += [_event(alarm.userdata, Errno.SUCCESS, _CLOCK) for alarm in alarms if self._left(alarm) <= 0]
        memory.write(events, b"".join(due))
        memory.write_u32(occurred, len(due))

    def _alarm(self, userdata: int, records: bytes, start: int) -> _Alarm:
        number, timeout, _precision, flags = struct.unpack_from("<IxxxxQQH", records, start + 16)
        if number not in (Clock.REALTIME, Clock.MONOTONIC):
            # While the guest waits, the clocks of processor time stand still.
            raise Refused(Errno.NOTSUP if number in tuple(Clock) else Errno.INVAL)
        if flags & ~_ABSOLUTE:
            raise Refused(Errno.INVAL)
        clock = Clock(number)
        return _Alarm(userdata, clock, timeout if flags & _ABSOLUTE else self._clocks.now(clock) + timeout)

    def _left(self, alarm: _Alarm) -> int:
        return alarm.deadline - self._clocks.now(alarm.clock)

    def _wait(self, alarms: list[_Alarm]) -> None:
        while (left := min(map(self._left, alarms))) > 0:
            self._clocks.sleep(left)


def _event(userdata: int, errno: Errno, kind: int) -> bytes:
    return struct.pack("<QHBxxxxxQHxxxxxx", userdata, errno, kind, 0, 0)
