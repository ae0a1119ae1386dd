"""Random numbers: as many as asked for, from the source that the embedder names, and never past the memory."""

from __future__ import annotations

import pytest

from wrt_wasi.preview1.errno import Errno

PAGE = 65536


def test_bytes_differ(guest):
    g = guest()
    assert g.call("random_get", 0, 32) is Errno.SUCCESS
    assert g.call("random_get", 32, 32) is Errno.SUCCESS
    assert len({g.memory.read(0, 32), g.memory.read(32, 32), bytes(32)}) == 3
    assert g.memory.read(64, 32) == bytes(32)


def test_the_source_can_be_given_and_is_asked_in_blocks(guest):
    asked = []

    def source(count):
        asked.append(count)
        return b"x" * count

    g = guest(random=source)
    assert g.call("random_get", 1, PAGE - 1) is Errno.SUCCESS
    assert g.memory.read(0, PAGE) == b"\0" + b"x" * (PAGE - 1)
    assert g.call("random_get", PAGE, 0) is Errno.SUCCESS
    assert asked == [PAGE - 1]


def test_a_large_buffer_is_filled_block_by_block(guest):
    asked = []

    def source(count):
        asked.append(count)
        return bytes([len(asked)]) * count

    g = guest(random=source, pages=3)
    assert g.call("random_get", 10, 2 * PAGE + 10) is Errno.SUCCESS
    assert asked == [PAGE, PAGE, 10]
    assert [g.memory.read(address, 1) for address in (9, 10, 10 + PAGE, 10 + 2 * PAGE, 20 + 2 * PAGE)] == [
        b"\0",
        b"\1",
        b"\2",
        b"\3",
        b"\0",
    ]


@pytest.mark.parametrize(("buffer", "length"), [(1, PAGE), (0, -1), (-1, 1), (-1, -1)])
def test_a_buffer_outside_of_the_memory_is_refused_before_the_source_is_asked(guest, buffer, length):
    def source(count):
        raise AssertionError("asked")

    g = guest(random=source)
    assert g.call("random_get", buffer, length) is Errno.FAULT
