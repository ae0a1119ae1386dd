"""Waiting: `poll_oneoff`, for clocks and descriptors."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

from wrt_wasi.filesystem.file import File
from wrt_wasi.preview1.clocks import Clock, SystemClocks
from wrt_wasi.preview1.errno import Errno, Refused, refusal
from wrt_wasi.preview1.family import Family, Guest
from wrt_wasi.preview1.guest_memory import GuestMemory
from wrt_wasi.preview1.rights import Right
from wrt_wasi.preview1.waiting import Waiting
from wrt_wasi.streams.readiness import ready

__all__ = ["MAXIMUM_SUBSCRIPTIONS", "Polling"]

MAXIMUM_SUBSCRIPTIONS = 4096
"""The most things that a guest waits for at a time: more than it may have descriptors, for each way, and clocks."""

_SUBSCRIPTION, _EVENT = 48, 32  # Bytes of the records.
_CLOCK, _FD_READ, _FD_WRITE = range(3)
_ABSOLUTE = 1


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
        write = self.kind == _FD_WRITE
        number = self.file.waits_for(write=write)
        return None if number is None else (number, write)

    def event(self) -> bytes:
        """The event: it is ready."""
        try:
            size = self.file.available() if self.kind == _FD_READ else 0
        except OSError as error:
            return _event(self.userdata, refusal(error).errno, self.kind)
        return _event(self.userdata, Errno.SUCCESS, self.kind, size)


class Polling(Family):
    """How guests wait: for time to pass, for something to read, for room to write."""

    def __init__(self, guest: Guest) -> None:
        super().__init__(guest)
        self._descriptors = guest.descriptors
        self._clocks = guest.clocks

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

        def look() -> None:
            told = due + self._due(alarms, interests, at_once=bool(due))
            if not told:
                raise self._waiting(alarms, interests, look)
            memory.write(events, b"".join(told))
            memory.write_u32(occurred, len(told))

        look()

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

    def _due(self, alarms: list[_Alarm], interests: list[_Interest], *, at_once: bool) -> list[bytes]:
        """Return the events of what is due now, letting simulated time pass until something is, unless `at_once`."""
        waiting = [(each, each.waits_for) for each in interests]
        descriptors = {wanted for _, wanted in waiting if wanted is not None}
        while True:
            now = ready([n for n, write in descriptors if not write], [n for n, write in descriptors if write])
            due = [each.event() for each, wanted in waiting if wanted is None or wanted in now]
            due += [_event(each.userdata, Errno.SUCCESS, _CLOCK) for each in alarms if self._left(each) <= 0]
            if due or at_once or not alarms or isinstance(self._clocks, SystemClocks):
                return due
            # This time does not pass by itself, and who sleeps by it does it here.
            self._clocks.sleep(max(0, min(map(self._left, alarms))))

    def _waiting(self, alarms: list[_Alarm], interests: list[_Interest], again: Callable[[], None]) -> Waiting:
        descriptors = [each.waits_for for each in interests]
        return Waiting(
            [each[0] for each in descriptors if each is not None and not each[1]],
            [each[0] for each in descriptors if each is not None and each[1]],
            max(0, min(map(self._left, alarms))) / 1e9 if alarms else None,
            again,
        )

    def _left(self, alarm: _Alarm) -> int:
        return alarm.deadline - self._clocks.now(alarm.clock)


def _event(userdata: int, errno: Errno, kind: int, size: int = 0) -> bytes:
    return struct.pack("<QHBxxxxxQHxxxxxx", userdata, errno, kind, size, 0)
