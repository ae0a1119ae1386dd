"""Limits: a guest exhausts neither the host's descriptors nor its memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from wrt_foundation.errors import WrtError
from wrt_wasi import VirtualFilesystem
from wrt_wasi.preview1 import directories
from wrt_wasi.preview1.descriptor import MAXIMUM_DESCRIPTORS
from wrt_wasi.preview1.errno import Errno

LISTED = Path("/proc/self/fd")


def held() -> int:
    return len(list(LISTED.iterdir()))


def test_descriptors_end(tree):
    g = tree.guest
    fds = [g.opened("file.txt") for _ in range(4, MAXIMUM_DESCRIPTORS)]
    assert fds[-1] == MAXIMUM_DESCRIPTORS - 1
    assert g.open("file.txt") is Errno.MFILE
    # Nothing has become of what was not opened.
    assert g.open("new", how=1) is Errno.MFILE
    assert g.open("file.txt", how=8) is Errno.MFILE
    assert tree.files()["file.txt"] == b"hello, world"
    assert "new" not in tree.files()
    assert g.call("fd_close", fds[7]) is Errno.SUCCESS
    assert g.open("file.txt") == fds[7]


def test_the_limit_on_descriptors_can_be_set(guest):
    g = guest(directories={"/": {"a": ""}}, descriptors=5)
    assert (g.open("a"), g.open("a")) == (4, Errno.MFILE)


def test_more_directories_than_descriptors(guest):
    with pytest.raises(WrtError, match="4 descriptors"):
        guest(directories={"/a": {}, "/b": {}}, descriptors=4)


@pytest.mark.skipif(not LISTED.exists(), reason="needs /proc")
def test_closing_gives_all_descriptors_of_the_host_back(guest, root):
    before = held()
    g = guest(directories={"/": root})
    for _ in range(20):
        g.opened("file.txt")
    assert held() == before + 21
    assert g.call("fd_close", 4) is Errno.SUCCESS
    assert g.call("fd_renumber", 5, 6) is Errno.SUCCESS
    assert held() == before + 19
    g.wasi.close()
    assert held() == before
    g.wasi.close()


@pytest.mark.skipif(not LISTED.exists(), reason="needs /proc")
def test_failures_leave_nothing_open(guest, root):
    (root / "link").symlink_to("dir/deep/../..")
    g = guest(directories={"/": root})
    before = held()
    for path in ("dir/deep/nothing", "link/dir/deep/x/y", "dir/deep/leaf/x", "dir/../..", "link/link/link/nothing"):
        assert isinstance(g.open(path), Errno)
        assert isinstance(g.stat(path), Errno)
        assert g.on_two("path_rename", path, "dir/deep/x") is not Errno.SUCCESS
        assert g.on_two("path_rename", "dir/deep/gone", path) is not Errno.SUCCESS
    assert g.open("dir", how=2, rights=1 << 6) is Errno.ISDIR
    assert g.open("dir", rights=1 << 6) is Errno.ISDIR
    assert held() == before
    g.wasi.close()


def test_a_virtual_filesystem_ends(guest):
    filesystem = VirtualFilesystem(capacity=100_000)
    g = guest(directories={"/": filesystem})
    fd = g.opened("big", how=1)
    written = 0
    while not isinstance(taken := g.write(fd, bytes(10_000)), Errno):
        written += taken
    assert taken is Errno.NOSPC
    assert 80_000 <= written <= 100_000
    assert filesystem.used <= 100_000
    assert g.call("fd_filestat_set_size", fd, 1 << 40) is Errno.NOSPC
    assert g.call("fd_allocate", fd, 1 << 40, 1) is Errno.NOSPC
    assert g.call("fd_seek", fd, 1 << 60, 0, 0) is Errno.SUCCESS
    assert g.write(fd, b"x") is Errno.NOSPC
    assert g.call("fd_filestat_set_size", fd, 0) is Errno.SUCCESS
    assert g.write(g.opened("other", how=1), bytes(40_000)) == 40_000


def test_names_directories_and_links_take_room_too(guest):
    filesystem = VirtualFilesystem(capacity=100_000)
    g = guest(directories={"/": filesystem})
    for make in (
        lambda n: g.on_path("path_create_directory", f"d{n}"),
        lambda n: g.symlink("x" * 100, f"l{n}"),
        lambda n: g.on_two("path_link", "file", f"h{n}"),
    ):
        g.opened("file", how=1)
        made = 0
        while (told := make(made)) is Errno.SUCCESS:
            made += 1
        assert told is Errno.NOSPC
        assert made < 2000
        for name in g.names():
            if name not in (b".", b".."):
                told = g.on_path("path_unlink_file", name)
                if told is Errno.ISDIR:
                    told = g.on_path("path_remove_directory", name)
                assert told is Errno.SUCCESS
        for fd in range(4, 40):
            g.call("fd_close", fd)
        assert filesystem.used < 1000


def test_room_is_given_back_when_the_last_name_and_the_last_handle_are_gone(guest):
    filesystem = VirtualFilesystem({"file": bytes(50_000)}, capacity=100_000)
    empty = VirtualFilesystem(capacity=100_000).used
    g = guest(directories={"/": filesystem})
    fd = g.opened("file")
    g.on_path("path_unlink_file", "file")
    assert filesystem.used > 50_000
    g.call("fd_close", fd)
    assert filesystem.used == empty


def test_contents_that_do_not_fit():
    with pytest.raises(OSError, match="[Nn]o space"):
        VirtualFilesystem({"file": bytes(1000)}, capacity=1000)


def test_listings_are_let_go_and_made_anew(tree, monkeypatch):
    monkeypatch.setattr(directories, "LONGEST_LISTINGS", 12)
    g = tree.guest
    fds = [g.opened(".", rights=1 << 14) for _ in range(4)]
    for fd in fds:
        assert len(g.names(fd)) == 5
    kept = [g.wasi._descriptors.get(fd).listing is not None for fd in fds]
    assert kept == [False, False, True, True]
    assert g.call("fd_readdir", fds[0], 0x4000, 4096, 4, 0) is Errno.SUCCESS
    assert g.memory.read(0x4018, 8) == b"file.txt"


def test_a_directory_with_too_many_entries_is_not_listed(guest, root, monkeypatch):
    monkeypatch.setattr("wrt_wasi.filesystem.host.directory.MOST_ENTRIES", 3)
    g = guest(directories={"/": root})
    with g.wasi:
        assert len(g.names()) == 5
        (root / "one-more").touch()
        assert g.call("fd_readdir", 3, 0x4000, 4096, 0, 0) is Errno.NOMEM
