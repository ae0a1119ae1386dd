"""Waiting: for the first clock that is due, by the embedder's clocks, and not for ever."""

from __future__ import annotations

import os
import signal
import struct
import threading
import time

import pytest

from wrt_wasi import Clock
from wrt_wasi.preview1.errno import Errno

PAGE = 65536
REALTIME, MONOTONIC = 0, 1
EVENTS, COUNT = 8192, 16384


class Simulated:
    """Clocks that move only while somebody sleeps."""

    def __init__(self):
        self.time = {Clock.REALTIME: 1_000_000, Clock.MONOTONIC: 500, Clock.PROCESS_CPUTIME: 0, Clock.THREAD_CPUTIME: 0}
        self.slept = []

    def now(self, clock):
        return self.time[clock]

    def sleep(self, nanoseconds):
        self.slept.append(nanoseconds)
        for clock in self.time:
            self.time[clock] += nanoseconds


def on_clock(userdata, timeout, clock=MONOTONIC, flags=0):
    return struct.pack("<QBxxxxxxxIxxxxQQHxxxxxx", userdata, 0, clock, timeout, 0, flags)


def on_descriptor(userdata, kind, fd):
    return struct.pack("<QBxxxxxxxI28x", userdata, kind, fd)


def poll(g, *subscriptions):
    """Return the result and the events: (userdata, error, kind) each."""
    g.memory.write(0, b"".join(subscriptions))
    result = g.call("poll_oneoff", 0, EVENTS, len(subscriptions), COUNT)
    if result is not Errno.SUCCESS:
        return result, []
    records = g.memory.read(EVENTS, 32 * g.u32(COUNT))
    return result, [
        (userdata, Errno(error), kind) for userdata, error, kind in struct.iter_unpack("<QHBxxxxx16x", records)
    ]


def test_the_first_clock_that_is_due(guest):
    clocks = Simulated()
    g = guest(clocks=clocks)
    assert poll(g, on_clock(7, 300), on_clock(8, 100), on_clock(9, 100)) == (
        Errno.SUCCESS,
        [(8, Errno.SUCCESS, 0), (9, Errno.SUCCESS, 0)],
    )
    assert clocks.slept == [100]


def test_an_absolute_time(guest):
    clocks = Simulated()
    g = guest(clocks=clocks)
    assert poll(g, on_clock(1, 1_000_250, REALTIME, 1))[1] == [(1, Errno.SUCCESS, 0)]
    assert clocks.slept == [250]
    assert poll(g, on_clock(1, 3, REALTIME, 1))[1] == [(1, Errno.SUCCESS, 0)]
    assert clocks.slept == [250]


def test_whoever_sleeps_too_little_sleeps_again(guest):
    class Drowsy(Simulated):
        def sleep(self, nanoseconds):
            super().sleep(min(nanoseconds, 40))

    clocks = Drowsy()
    poll(guest(clocks=clocks), on_clock(1, 100))
    assert clocks.slept == [40, 40, 20]


def test_real_time_passes(guest):
    g = guest()
    before = time.monotonic_ns()
    assert poll(g, on_clock(1, 20_000_000))[1] == [(1, Errno.SUCCESS, 0)]
    assert time.monotonic_ns() - before >= 20_000_000


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs POSIX signals")
def test_centuries_can_be_interrupted(guest):
    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        with pytest.raises(KeyboardInterrupt):
            poll(guest(), on_clock(1, (1 << 64) - 1))
    finally:
        signal.signal(signal.SIGALRM, before)


def test_other_threads_run_meanwhile(guest):
    g = guest()
    ran = threading.Event()
    threading.Timer(0.01, ran.set).start()
    poll(g, on_clock(1, 100_000_000))
    assert ran.is_set()


def test_what_never_waits_is_ready_at_once(guest):
    clocks = Simulated()
    g = guest(clocks=clocks, stdin=b"abc")
    assert poll(g, on_clock(1, 100), on_descriptor(2, 1, 0), on_descriptor(3, 2, 1))[1] == [
        (2, Errno.SUCCESS, 1),
        (3, Errno.SUCCESS, 2),
    ]
    assert clocks.slept == []


@pytest.mark.parametrize(
    ("kind", "fd", "error"),
    [(1, 9, Errno.BADF), (1, 1, Errno.NOTCAPABLE), (2, 0, Errno.NOTCAPABLE), (1, 3, Errno.ISDIR)],
)
def test_a_descriptor_that_can_not_be_waited_for_is_an_event(guest, kind, fd, error):
    g = guest(clocks=Simulated(), directories={"/": {}})
    assert poll(g, on_descriptor(7, kind, fd), on_clock(1, 100))[1] == [(7, error, kind)]


def test_a_pipe_is_ready_once_something_is_in_it(guest):
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb", buffering=0) as stdin, os.fdopen(writer, "wb", buffering=0) as far_end:
        g = guest(stdin=stdin)
        assert poll(g, on_descriptor(1, 1, 0), on_clock(2, 1_000_000))[1] == [(2, Errno.SUCCESS, 0)]
        threading.Timer(0.05, far_end.write, [b"x"]).start()
        assert poll(g, on_descriptor(1, 1, 0), on_clock(2, 10**10))[1] == [(1, Errno.SUCCESS, 1)]
        assert g.read(0) == b"x"
        far_end.close()
        assert poll(g, on_descriptor(1, 1, 0))[1] == [(1, Errno.SUCCESS, 1)]
        assert g.read(0) == b""


def test_a_full_pipe_is_not_ready_to_be_written(guest):
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb", buffering=0) as near_end, os.fdopen(writer, "wb", buffering=0) as stdout:
        os.set_blocking(writer, False)
        while stdout.write(bytes(65536)):
            pass
        g = guest(stdout=stdout)
        assert poll(g, on_descriptor(1, 2, 1), on_clock(2, 1_000_000))[1] == [(2, Errno.SUCCESS, 0)]
        os.set_blocking(reader, False)
        while near_end.read(65536):
            pass
        assert poll(g, on_descriptor(1, 2, 1), on_clock(2, 10**10))[1] == [(1, Errno.SUCCESS, 2)]


def test_simulated_time_passes_while_a_pipe_stays_empty(guest):
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb", buffering=0) as stdin, os.fdopen(writer, "wb", buffering=0):
        clocks = Simulated()
        g = guest(stdin=stdin, clocks=clocks)
        assert poll(g, on_descriptor(1, 1, 0), on_clock(2, 10**15))[1] == [(2, Errno.SUCCESS, 0)]
        assert clocks.slept == [10**15]


def test_too_many_subscriptions(guest, monkeypatch):
    monkeypatch.setattr("wrt_wasi.preview1.polling.MAXIMUM_SUBSCRIPTIONS", 3)
    g = guest(clocks=Simulated())
    assert poll(g, *[on_clock(1, 1)] * 3)[0] is Errno.SUCCESS
    assert poll(g, *[on_clock(1, 1)] * 4)[0] is Errno.INVAL


@pytest.mark.parametrize(
    ("subscription", "error"),
    [
        (on_clock(1, 5, 2), Errno.NOTSUP),
        (on_clock(1, 5, 3), Errno.NOTSUP),
        (on_clock(1, 5, 4), Errno.INVAL),
        (on_clock(1, 5, 0xFFFF_FFFF), Errno.INVAL),
        (on_clock(1, 5, 0, 2), Errno.INVAL),
    ],
)
def test_a_subscription_that_makes_no_sense_is_an_event(guest, subscription, error):
    assert poll(guest(clocks=Simulated()), subscription)[1] == [(1, error, 0)]


def test_a_kind_that_does_not_exist(guest):
    assert poll(guest(), on_descriptor(1, 3, 0))[0] is Errno.INVAL


def test_nothing_to_wait_for(guest):
    assert guest().call("poll_oneoff", 0, EVENTS, 0, COUNT) is Errno.INVAL


@pytest.mark.parametrize(
    "arguments",
    [
        (PAGE - 47, EVENTS, 1, COUNT),
        (0, PAGE - 31, 1, COUNT),
        (0, EVENTS, 1, PAGE - 3),
        (0, EVENTS, -1, COUNT),
        (-1, EVENTS, 1, COUNT),
    ],
)
def test_records_outside_of_the_memory(guest, arguments):
    clocks = Simulated()
    g = guest(clocks=clocks)
    g.memory.write(0, on_clock(1, 100))
    assert g.call("poll_oneoff", *arguments) is Errno.FAULT
    assert clocks.slept == []


def test_events_may_overwrite_the_subscriptions(guest):
    g = guest(clocks=Simulated())
    g.memory.write(0, on_clock(1, 10) + on_clock(2, 10))
    assert g.call("poll_oneoff", 0, 0, 2, COUNT) is Errno.SUCCESS
    assert (g.u64(0), g.u64(32)) == (1, 2)
