"""Arguments and environment: what was granted, and nothing that was not."""

from __future__ import annotations

import pytest

from wrt_foundation.errors import WrtError
from wrt_wasi import Wasi
from wrt_wasi.preview1.errno import Errno

PAGE = 65536


@pytest.mark.parametrize(
    ("family", "granted", "expected"),
    [
        ("args", {"arguments": ["program", "-v", "größe", ""]}, [b"program", b"-v", "größe".encode(), b""]),
        ("args", {"arguments": [b"\xff", "\udcfe"]}, [b"\xff", b"\xfe"]),
        ("args", {}, []),
        ("environ", {"environment": {"A": "1", "EMPTY": "", "EQUALS": "a=b"}}, [b"A=1", b"EMPTY=", b"EQUALS=a=b"]),
        ("environ", {}, []),
    ],
)
def test_strings_arrive(guest, family, granted, expected):
    g = guest(**granted)
    assert g.call(f"{family}_sizes_get", 0, 4) is Errno.SUCCESS
    assert (g.u32(0), g.u32(4)) == (len(expected), sum(len(each) + 1 for each in expected))
    assert g.call(f"{family}_get", 100, 1000) is Errno.SUCCESS
    assert g.memory.read(1000, g.u32(4)) == b"".join(each + b"\0" for each in expected)
    at = 1000
    for index, each in enumerate(expected):
        assert g.u32(100 + 4 * index) == at
        at += len(each) + 1


def test_the_hosts_environment_is_not_the_guests(guest, monkeypatch):
    monkeypatch.setenv("SECRET", "1")
    g = guest()
    g.call("environ_sizes_get", 0, 4)
    assert g.u32(0) == 0


@pytest.mark.parametrize(("pointers", "buffer"), [(PAGE - 7, 0), (0, PAGE - 7), (0xFFFF_FFFC, 0), (0, 0xFFFF_FFFF)])
def test_lists_that_do_not_fit_the_memory_are_refused_whole(guest, pointers, buffer):
    g = guest(arguments=["abc", "def"])  # 8 bytes of pointers, 8 of strings
    assert g.call("args_get", pointers, buffer) is Errno.FAULT
    assert not any(g.memory.read(0, PAGE))


def test_lists_that_just_fit_are_written(guest):
    assert guest(arguments=["abc", "def"]).call("args_get", 0, PAGE - 8) is Errno.SUCCESS


@pytest.mark.parametrize(("count", "size"), [(PAGE - 3, 0), (0, PAGE - 3), (-1, 0), (0, -1)])
def test_sizes_outside_of_the_memory(guest, count, size):
    assert guest(arguments=["a"]).call("args_sizes_get", count, size) is Errno.FAULT
    assert guest(arguments=["a"]).call("environ_sizes_get", count, size) is Errno.FAULT


@pytest.mark.parametrize(
    "options",
    [
        {"arguments": ["a\0b"]},
        {"arguments": [b"\0"]},
        {"arguments": ["\ud800"]},
        {"environment": {"A": "\0"}},
        {"environment": {"A\0": "b"}},
        {"environment": {"": "b"}},
        {"environment": {"A=B": "c"}},
    ],
)
def test_what_no_guest_could_get_is_refused(options):
    with pytest.raises(WrtError):
        Wasi(**options)
