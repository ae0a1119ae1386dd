"""Clocks: time as the host has it, or as the embedder says."""

from __future__ import annotations

import time

import pytest

from wrt_wasi import Clock
from wrt_wasi.preview1.errno import Errno

PAGE = 65536


@pytest.mark.parametrize(
    ("clock", "now"), [(0, time.time_ns), (1, time.monotonic_ns), (2, time.process_time_ns), (3, time.thread_time_ns)]
)
def test_time_is_the_hosts(guest, clock, now):
    g = guest()
    before = now()
    assert g.call("clock_time_get", clock, 1, 8) is Errno.SUCCESS
    assert before <= g.u64(8) <= now()


@pytest.mark.parametrize("clock", [0, 1, 2, 3])
def test_resolution_is_a_time_of_less_than_a_second(guest, clock):
    g = guest()
    assert g.call("clock_res_get", clock, 8) is Errno.SUCCESS
    assert 1 <= g.u64(8) < 10**9


def test_clocks_can_be_given(guest):
    class Stopped:
        def now(self, clock):
            return 100 + clock

        def resolution(self, clock):
            return 7

    g = guest(clocks=Stopped())
    g.call("clock_time_get", Clock.MONOTONIC, 0, 0)
    g.call("clock_res_get", Clock.MONOTONIC, 8)
    assert (g.u64(0), g.u64(8)) == (101, 7)


@pytest.mark.parametrize("clock", [4, -1])
def test_a_clock_that_does_not_exist(guest, clock):
    assert guest().call("clock_time_get", clock, 0, 0) is Errno.INVAL
    assert guest().call("clock_res_get", clock, 0) is Errno.INVAL


@pytest.mark.parametrize("address", [PAGE - 7, -8])
def test_a_time_outside_of_the_memory(guest, address):
    assert guest().call("clock_time_get", 0, 0, address) is Errno.FAULT
    assert guest().call("clock_res_get", 0, address) is Errno.FAULT
