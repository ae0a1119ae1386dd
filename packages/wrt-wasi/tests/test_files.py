"""Files: bytes, positions, sizes and times, the same on the host as in memory."""

from __future__ import annotations

import pytest

from wrt_wasi.preview1.errno import Errno

CREATE, DIRECTORY, EXCLUSIVE, TRUNCATE = 1, 2, 4, 8
APPEND = 1
ALL = (1 << 64) - 1


def test_reading_and_writing(tree):
    g = tree.guest
    fd = g.opened("file.txt")
    assert (g.read(fd, 5), g.read(fd), g.read(fd)) == (b"hello", b", world", b"")
    assert g.call("fd_seek", fd, -5, 2, 0) is Errno.SUCCESS
    assert g.write(fd, b"there!") == 6
    assert g.call("fd_tell", fd, 0) is Errno.SUCCESS
    assert g.u64(0) == 13
    assert tree.files()["file.txt"] == b"hello, there!"


def test_reading_scatters_over_all_buffers(tree):
    g = tree.guest
    fd = g.opened("file.txt")
    assert g.call("fd_read", fd, *g.vectors(0, (1000, 3), (2000, 0), (3000, 100)), 500) is Errno.SUCCESS
    assert (g.u32(500), g.memory.read(1000, 3), g.memory.read(3000, 9)) == (12, b"hel", b"lo, world")


def test_positioned_reads_and_writes_leave_the_position(tree):
    g = tree.guest
    fd = g.opened("file.txt")
    assert g.call("fd_pread", fd, *g.vectors(0, (1000, 2), (2000, 3)), 7, 500) is Errno.SUCCESS
    assert g.memory.read(1000, 2) + g.memory.read(2000, 3) == b"world"
    g.memory.write(1000, b"HE")
    assert g.call("fd_pwrite", fd, *g.vectors(0, (1000, 1), (1001, 1)), 0, 500) is Errno.SUCCESS
    assert g.read(fd) == b"HEllo, world"
    assert g.call("fd_pread", fd, *g.vectors(0, (1000, 2)), 1 << 63, 500) is Errno.INVAL


def test_seeking(tree):
    g = tree.guest
    fd = g.opened("file.txt")
    for offset, whence, position in ((3, 0, 3), (4, 1, 7), (-2, 1, 5), (-1, 2, 11), (100, 0, 100), (0, 1, 100)):
        assert g.call("fd_seek", fd, offset, whence, 0) is Errno.SUCCESS
        assert g.u64(0) == position
    assert g.read(fd) == b""
    assert g.call("fd_seek", fd, -1, 0, 0) is Errno.INVAL
    assert g.call("fd_seek", fd, 0, 3, 0) is Errno.INVAL
    assert g.call("fd_seek", fd, 0, 0, 65530) is Errno.FAULT
    assert g.write(fd, b"x") == 1
    assert tree.files()["file.txt"] == b"hello, world" + bytes(88) + b"x"


def test_appending(tree):
    g = tree.guest
    fd = g.opened("file.txt", flags=APPEND)
    g.call("fd_seek", fd, 0, 0, 0)
    assert g.write(fd, b"!") == 1
    assert tree.files()["file.txt"] == b"hello, world!"
    assert g.call("fd_fdstat_set_flags", fd, 0) is Errno.SUCCESS
    g.call("fd_seek", fd, 0, 0, 0)
    g.write(fd, b"H")
    assert g.call("fd_fdstat_set_flags", fd, APPEND) is Errno.SUCCESS
    g.write(fd, b"?")
    assert tree.files()["file.txt"] == b"Hello, world!?"


def test_opening_to_create(tree):
    g = tree.guest
    assert g.open("new") is Errno.NOENT
    fd = g.opened("new", how=CREATE)
    assert g.write(fd, b"made") == 4
    assert g.read(g.opened("new", how=CREATE)) == b"made"
    assert g.open("new", how=CREATE | EXCLUSIVE) is Errno.EXIST
    assert g.open("dir", how=CREATE | EXCLUSIVE) is Errno.EXIST
    assert g.open("new/", how=CREATE) in (Errno.ISDIR, Errno.NOTDIR)
    assert g.open("newer", how=CREATE | DIRECTORY) is Errno.INVAL
    assert g.open(".", how=CREATE) is Errno.ISDIR
    assert g.open(".", how=CREATE | EXCLUSIVE) is Errno.EXIST
    assert g.open("nowhere/new", how=CREATE) is Errno.NOENT
    assert g.open("file.txt/new", how=CREATE) is Errno.NOTDIR
    assert tree.files()["new"] == b"made"


def test_opening_to_truncate(tree):
    g = tree.guest
    g.opened("file.txt", how=TRUNCATE)
    assert tree.files()["file.txt"] == b""
    assert g.open("dir", how=TRUNCATE) is Errno.ISDIR


def test_opening_directories(tree):
    g = tree.guest
    read = 1 << 14 | 1 << 13
    for path in ("dir", "dir/", "dir/.", "dir/deep/..", "./dir//"):
        fd = g.opened(path, how=DIRECTORY, rights=read)
        assert b"inner.txt" in g.names(fd), path
    assert g.open("file.txt", how=DIRECTORY) is Errno.NOTDIR
    assert g.open("file.txt/") is Errno.NOTDIR
    assert g.open("file.txt/.") is Errno.NOTDIR
    assert g.open("dir/deep/../../file.txt/..") is Errno.NOTDIR


@pytest.mark.parametrize("how", [16, 1 << 15])
def test_ways_to_open_that_do_not_exist(tree, how):
    assert tree.guest.open("file.txt", how=how) is Errno.INVAL


def test_flags_that_do_not_exist(tree):
    assert tree.guest.open("file.txt", flags=32) is Errno.INVAL
    assert tree.guest.call("path_open", 3, 2, *tree.guest.path("file.txt"), 0, 0, 0, 0, 0) is Errno.INVAL


def test_sizes(tree):
    g = tree.guest
    fd = g.opened("file.txt")
    assert g.call("fd_filestat_set_size", fd, 5) is Errno.SUCCESS
    assert tree.files()["file.txt"] == b"hello"
    assert g.call("fd_filestat_set_size", fd, 7) is Errno.SUCCESS
    assert tree.files()["file.txt"] == b"hello\0\0"
    assert g.call("fd_filestat_set_size", fd, ALL) is Errno.INVAL
    assert g.call("fd_allocate", fd, 8, 2) is Errno.SUCCESS
    assert tree.files()["file.txt"] == b"hello" + bytes(5)
    assert g.call("fd_allocate", fd, 0, 1) is Errno.SUCCESS
    assert tree.files()["file.txt"] == b"hello" + bytes(5)
    assert g.call("fd_allocate", fd, 0, 0) is Errno.INVAL
    assert g.call("fd_allocate", fd, 1 << 62, 1 << 62) is Errno.FBIG


def test_advice_is_heard_and_checked(tree):
    g = tree.guest
    fd = g.opened("file.txt")
    for advice in range(6):
        assert g.call("fd_advise", fd, 0, 10, advice) is Errno.SUCCESS
    assert g.call("fd_advise", fd, 0, 0, 6) is Errno.INVAL
    assert g.call("fd_advise", fd, ALL, 0, 0) is Errno.INVAL


def test_status(tree):
    g = tree.guest
    _, inode, type_, links, size, *_ = g.stat("file.txt")
    assert (type_, links, size) == (4, 1, 12)
    assert g.call("fd_filestat_get", g.opened("file.txt"), 0x4000) is Errno.SUCCESS
    assert g.filestat()[1:5] == (inode, 4, 1, 12)
    assert g.stat("dir")[2] == 3
    assert g.stat("dir/.")[1] == g.stat("dir")[1]
    assert g.stat("dir/deep/..")[1] == g.stat("dir")[1]
    assert g.stat("file.txt/") is Errno.NOTDIR
    assert g.stat("") is Errno.NOENT


@pytest.mark.parametrize("by", ["path", "descriptor"])
def test_times(tree, by):
    g = tree.guest
    # Bits of flags: accessed 1, accessed now 2, modified 4, modified now 8.

    def set_times(accessed, modified, flags):
        if by == "path":
            return g.call("path_filestat_set_times", 3, 0, *g.path("file.txt"), accessed, modified, flags)
        return g.call("fd_filestat_set_times", fd, accessed, modified, flags)

    fd = g.opened("file.txt")
    assert set_times(10**18 + 1, 10**18 + 2, 1 | 4) is Errno.SUCCESS
    assert g.stat("file.txt")[5:7] == (10**18 + 1, 10**18 + 2)
    assert set_times(5, 10**17, 4) is Errno.SUCCESS
    assert g.stat("file.txt")[5:7] == (10**18 + 1, 10**17)
    assert set_times(0, 0, 2) is Errno.SUCCESS
    accessed, modified = g.stat("file.txt")[5:7]
    assert accessed > 1.7 * 10**18
    assert modified == 10**17
    for flags in (3, 12, 16):
        assert set_times(0, 0, flags) is Errno.INVAL
    assert set_times(ALL, 0, 1) is Errno.INVAL


def test_times_of_a_directory_and_of_a_link(tree):
    g = tree.guest
    assert g.symlink("file.txt", "link") is Errno.SUCCESS
    before = g.stat("file.txt")[6]
    assert g.call("path_filestat_set_times", 3, 0, *g.path("link"), 0, 10**17, 4) is Errno.SUCCESS
    assert g.stat("link")[6] == 10**17
    assert g.stat("file.txt")[6] == before
    assert g.call("path_filestat_set_times", 3, 1, *g.path("link"), 0, 10**16, 4) is Errno.SUCCESS
    assert g.stat("file.txt")[6] == 10**16
    fd = g.opened("dir", rights=1 << 23)
    assert g.call("fd_filestat_set_times", fd, 0, 10**15, 4) is Errno.SUCCESS
    assert g.stat("dir")[6] == 10**15


def test_getting_it_to_the_disk(tree):
    g = tree.guest
    fd = g.opened("file.txt", flags=2 | 16)
    assert g.write(fd, b"H") == 1
    assert g.call("fd_sync", fd) is Errno.SUCCESS
    assert g.call("fd_datasync", fd) is Errno.SUCCESS
    assert g.call("fd_sync", 3) is Errno.SUCCESS


def test_a_file_lives_on_while_it_is_open(tree):
    g = tree.guest
    fd = g.opened("file.txt")
    assert g.on_path("path_unlink_file", "file.txt") is Errno.SUCCESS
    assert g.write(fd, b"HELLO") == 5
    assert g.read(fd) == b", world"
    assert "file.txt" not in tree.files()
    assert g.call("fd_close", fd) is Errno.SUCCESS
    assert g.read(fd) is Errno.BADF


def test_what_is_for_files_is_not_for_directories(tree):
    g = tree.guest
    fd = g.opened("dir", rights=(1 << 30) - 1 & ~(1 << 6 | 1 << 8 | 1 << 22))
    assert g.read(fd) is Errno.ISDIR
    assert g.write(fd, b"x") is Errno.ISDIR
    assert g.call("fd_seek", fd, 0, 0, 0) is Errno.ISDIR
    assert g.call("fd_filestat_set_size", fd, 0) is Errno.ISDIR
    assert g.call("fd_fdstat_set_flags", fd, APPEND) is Errno.INVAL
    assert g.call("fd_readdir", g.opened("file.txt"), 0, 100, 0, 500) is Errno.NOTDIR
    assert g.open("inner", fd=g.opened("file.txt")) is Errno.NOTDIR


def test_closing_is_final_and_numbers_are_used_again(tree):
    g = tree.guest
    first, second = g.opened("file.txt"), g.opened("file.txt")
    assert (first, second) == (4, 5)
    assert g.call("fd_close", first) is Errno.SUCCESS
    assert g.call("fd_close", first) is Errno.BADF
    assert g.opened("file.txt") == first
    assert g.call("fd_renumber", second, first) is Errno.SUCCESS
    assert g.read(second) is Errno.BADF
    assert g.read(first) == b"hello, world"
    assert g.call("fd_renumber", first, 9) is Errno.BADF
