"""Runs that repeat exactly: seeded randomness, and clocks that show the same each time."""

from __future__ import annotations

import struct

from wrt_wasi import SimulatedClocks
from wrt_wasi.preview1.errno import Errno


def trace(guest, **options):
    """Do a bit of everything, and return all that was seen."""
    g = guest(directories={"/": {"file": "x"}}, **options)
    seen = []
    for clock in (0, 1, 0, 2, 3):
        assert g.call("clock_time_get", clock, 0, 0) is Errno.SUCCESS
        seen.append(g.u64(0))
    assert g.call("random_get", 0, 1000) is Errno.SUCCESS
    seen.append(g.memory.read(0, 1000))
    fd = g.opened("made", how=1)
    g.write(fd, b"content")
    g.memory.write(0, struct.pack("<QBxxxxxxxIxxxxQQHxxxxxx", 1, 0, 1, 3_600 * 10**9, 0, 0))
    assert g.call("poll_oneoff", 0, 100, 1, 200) is Errno.SUCCESS  # an hour passes at once
    seen += [g.stat("made"), g.stat("file"), g.names()]
    g.call("clock_time_get", 1, 0, 0)
    seen.append(g.u64(0))
    return seen


def test_the_same_seed_is_the_same_run_bit_for_bit(guest):
    assert trace(guest, seed=1) == trace(guest, seed=1)


def test_another_seed_is_another_run(guest):
    one, two = trace(guest, seed=1), trace(guest, seed=2)
    assert one[5] != two[5]
    assert one[:5] == two[:5]


def test_without_a_seed_runs_differ(guest):
    g = guest()
    g.call("random_get", 0, 100)
    first = g.memory.read(0, 100)
    g.call("random_get", 0, 100)
    assert g.memory.read(0, 100) != first


def test_the_seed_is_of_all_versions_of_python(guest):
    g = guest(seed=42)
    g.call("random_get", 0, 8)
    assert g.memory.read(0, 8).hex() == "9d79b1a37f31801c"


def test_simulated_time_goes_on_by_itself_and_starts_where_it_is_told(guest):
    g = guest(clocks=SimulatedClocks(start=10**18, step=7))
    seen = []
    for _ in range(3):
        g.call("clock_time_get", 0, 0, 0)
        seen.append(g.u64(0))
    assert seen == [10**18 + 7, 10**18 + 14, 10**18 + 21]
    assert g.call("clock_res_get", 0, 0) is Errno.SUCCESS
    assert g.u64(0) == 7


def test_time_can_stand_still(guest):
    g = guest(clocks=SimulatedClocks(start=5, step=0))
    for _ in range(2):
        g.call("clock_time_get", 0, 0, 0)
        assert g.u64(0) == 5
