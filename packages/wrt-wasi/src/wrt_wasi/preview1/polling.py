"""Waiting: `poll_oneoff`, for clocks and descriptors."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from wrt_wasi.filesystem.file import File
from wrt_wasi.preview1.clocks import Clock, Clocks, SystemClocks
from wrt_wasi.preview1.descriptor import Descriptors
from wrt_wasi.preview1.errno import Errno, Refused, refusal
from wrt_wasi.preview1.guest_memory import GuestMemory
from wrt_wasi.preview1.rights import Right
from wrt_wasi.streams.readiness import ready

__all__ = ["MAXIMUM_SUBSCRIPTIONS", "Polling"]

MAXIMUM_SUBSCRIPTIONS = 4096
"""The most things that a guest waits for at a time: more than it may have descriptors, for each way, and clocks."""

_SUBSCRIPTION, _EVENT = 48, 32  # Bytes of the records.
_CLOCK, _FD_READ, _FD_WRITE = range(3)
_ABSOLUTE = 1
_LONGEST_WAIT = 3600 * 10**9  # Whoever waits looks at the clock again.


@dataclass(frozen=True, slots=True)
class _Alarm:
    """A clock's subscription: it is due when `clock` shows `deadline`."""

    userdata: int
    clock: Clock
    deadline: int


@dataclass(frozen=True, slots=True)
class _Interest:
    """A descriptor's subscription, for reading or writing."""

    userdata: int
    kind: int
    file: File

    @property
    def waits_for(self) -> tuple[int, bool] | None:
        """The host's descriptor, and whether for writing; None for what is always ready."""
        number = self.file.fileno()
        return None if number is None else (number, self.kind == _FD_WRITE)

    def event(self) -> bytes:
        """The event: it is ready."""
        try:
            size = self.file.available() if self.kind == _FD_READ else 0
        except OSError as error:
            return _event(self.userdata, refusal(error).errno, self.kind)
        return _event(self.userdata, Errno.SUCCESS, self.kind, size)


class Polling:
    """How guests wait: for time to pass, for something to read, for room to write."""

    def __init__(self, descriptors: Descriptors, clocks: Clocks) -> None:
        self._descriptors = descriptors
        self._clocks = clocks

    def poll_oneoff(self, memory: GuestMemory, subscriptions: int, events: int, count: int, occurred: int) -> None:
        """Wait until one of the subscriptions is due, write an event for each that is, and tell how many."""
        memory.require(subscriptions, count * _SUBSCRIPTION)
        memory.require(events, count * _EVENT)
        memory.require(occurred, 4)
        if not 0 < count <= MAXIMUM_SUBSCRIPTIONS:
            raise Refused(Errno.INVAL)
        records = memory.read(subscriptions, count * _SUBSCRIPTION)
        alarms: list[_Alarm] = []
        interests: list[_Interest] = []
        due: list[bytes] = []
        for start in range(0, len(records), _SUBSCRIPTION):
            userdata, kind = struct.unpack_from("<QB", records, start)
            if kind > _FD_WRITE:
                raise Refused(Errno.INVAL)
            try:
                if kind == _CLOCK:
                    alarms.append(self._alarm(userdata, records, start))
                else:
                    interests.append(self._interest(userdata, kind, records, start))
            except Refused as refused:
                due.append(_event(userdata, refused.errno, kind))
        due += self._wait(alarms, interests, at_once=bool(due))
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

    def _interest(self, userdata: int, kind: int, records: bytes, start: int) -> _Interest:
        (number,) = struct.unpack_from("<I", records, start + 16)
        wanted = Right.POLL_FD_READWRITE | (Right.FD_READ if kind == _FD_READ else Right.FD_WRITE)
        descriptor, file = self._descriptors.file(number)
        # What accepts connections is ready to be read when there is one.
        if not (kind == _FD_READ and descriptor.rights & Right.SOCK_ACCEPT):
            self._descriptors.get(number, wanted)
        return _Interest(userdata, kind, file)

    def _wait(self, alarms: list[_Alarm], interests: list[_Interest], *, at_once: bool) -> list[bytes]:
        """Return the events of what is due, waiting until something is unless that shall be told `at_once`."""
        waiting = {each.waits_for for each in interests}
        at_once = at_once or None in waiting
        descriptors = {each for each in waiting if each is not None}
        while True:
            now = self._ready(descriptors, alarms, at_once=at_once)
            due = [each.event() for each in interests if each.waits_for is None or each.waits_for in now]
            due += [_event(each.userdata, Errno.SUCCESS, _CLOCK) for each in alarms if self._left(each) <= 0]
            if due or at_once:
                return due

    def _ready(
        self, descriptors: set[tuple[int, bool]], alarms: list[_Alarm], *, at_once: bool
    ) -> set[tuple[int, bool]]:
        """Return which of the host's descriptors are ready, waiting for one of them or for the first alarm."""
        left = 0 if at_once else max(0, min(map(self._left, alarms), default=_LONGEST_WAIT))
        reading = [number for number, write in descriptors if not write]
        writing = [number for number, write in descriptors if write]
        if descriptors and (not alarms or isinstance(self._clocks, SystemClocks)):
            return ready(reading, writing, min(left, _LONGEST_WAIT) / 1e9)
        # Time that does not pass by itself: what is not ready now will be so, if at all, after it.
        now = ready(reading, writing) if descriptors else set()
        if left and not now:
            self._clocks.sleep(left)
        return now

    def _left(self, alarm: _Alarm) -> int:
        return alarm.deadline - self._clocks.now(alarm.clock)


def _event(userdata: int, errno: Errno, kind: int, size: int = 0) -> bytes:
    return struct.pack("<QHBxxxxxQHxxxxxx", userdata, errno, kind, size, 0)
