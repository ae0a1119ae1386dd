"""Rights: what is not handed on can't be had, what is given up is gone, and each function asks for its own."""

from __future__ import annotations

import pytest

from wrt_wasi.preview1.errno import Errno
from wrt_wasi.preview1.rights import DIRECTORY, EVERYTHING, FILE, Right


def fdstat(g, fd):
    assert g.call("fd_fdstat_get", fd, 0) is Errno.SUCCESS
    return Right(g.u64(8)), Right(g.u64(16))


@pytest.mark.parametrize(
    ("right", "call"),
    [
        (Right.FD_READ, lambda g, fd: g.read(fd)),
        (Right.FD_READ, lambda g, fd: g.call("fd_pread", fd, 0, 0, 0, 100)),
        (Right.FD_WRITE, lambda g, fd: g.write(fd, b"x")),
        (Right.FD_WRITE, lambda g, fd: g.call("fd_pwrite", fd, 0, 0, 0, 100)),
        (Right.FD_SEEK, lambda g, fd: g.call("fd_seek", fd, 1, 0, 0)),
        (Right.FD_TELL, lambda g, fd: g.call("fd_tell", fd, 0)),
        (Right.FD_SYNC, lambda g, fd: g.call("fd_sync", fd)),
        (Right.FD_DATASYNC, lambda g, fd: g.call("fd_datasync", fd)),
        (Right.FD_ADVISE, lambda g, fd: g.call("fd_advise", fd, 0, 0, 0)),
        (Right.FD_ALLOCATE, lambda g, fd: g.call("fd_allocate", fd, 0, 1)),
        (Right.FD_FDSTAT_SET_FLAGS, lambda g, fd: g.call("fd_fdstat_set_flags", fd, 1)),
        (Right.FD_FILESTAT_GET, lambda g, fd: g.call("fd_filestat_get", fd, 0)),
        (Right.FD_FILESTAT_SET_SIZE, lambda g, fd: g.call("fd_filestat_set_size", fd, 1)),
        (Right.FD_FILESTAT_SET_TIMES, lambda g, fd: g.call("fd_filestat_set_times", fd, 0, 0, 4)),
    ],
)
def test_each_function_of_files_needs_its_right(tree, right, call):
    g = tree.guest
    assert call(g, g.opened("file.txt", rights=FILE & ~right)) is Errno.NOTCAPABLE
    assert call(g, g.opened("file.txt", rights=FILE)) is not Errno.NOTCAPABLE


@pytest.mark.parametrize(
    ("right", "call"),
    [
        (Right.PATH_OPEN, lambda g, fd: g.open("deep/leaf", fd=fd, rights=2, inheriting=0)),
        (Right.PATH_CREATE_FILE, lambda g, fd: g.open("new", fd=fd, how=1, rights=2, inheriting=0)),
        (Right.PATH_FILESTAT_SET_SIZE, lambda g, fd: g.open("inner.txt", fd=fd, how=8, rights=2, inheriting=0)),
        (Right.PATH_CREATE_DIRECTORY, lambda g, fd: g.on_path("path_create_directory", "new", fd=fd)),
        (Right.PATH_REMOVE_DIRECTORY, lambda g, fd: g.on_path("path_remove_directory", "x", fd=fd)),
        (Right.PATH_UNLINK_FILE, lambda g, fd: g.on_path("path_unlink_file", "inner.txt", fd=fd)),
        (Right.PATH_LINK_SOURCE, lambda g, fd: g.on_two("path_link", "inner.txt", "new", fd=fd, to=3)),
        (Right.PATH_LINK_TARGET, lambda g, fd: g.on_two("path_link", "file.txt", "new", fd=3, to=fd)),
        (Right.PATH_RENAME_SOURCE, lambda g, fd: g.on_two("path_rename", "inner.txt", "new", fd=fd, to=3)),
        (Right.PATH_RENAME_TARGET, lambda g, fd: g.on_two("path_rename", "file.txt", "new", fd=3, to=fd)),
        (Right.PATH_SYMLINK, lambda g, fd: g.symlink("x", "new", fd=fd)),
        (Right.PATH_READLINK, lambda g, fd: g.call("path_readlink", fd, *g.path("inner.txt"), 0, 10, 100)),
        (Right.PATH_FILESTAT_GET, lambda g, fd: g.stat("inner.txt", fd=fd)),
        (
            Right.PATH_FILESTAT_SET_TIMES,
            lambda g, fd: g.call("path_filestat_set_times", fd, 0, *g.path("inner.txt"), 0, 0, 4),
        ),
        (Right.FD_READDIR, lambda g, fd: g.call("fd_readdir", fd, 0, 100, 0, 200)),
        (Right.FD_FILESTAT_SET_TIMES, lambda g, fd: g.call("fd_filestat_set_times", fd, 0, 0, 4)),
    ],
)
def test_each_function_of_directories_needs_its_right(tree, right, call):
    g = tree.guest
    assert call(g, g.opened("dir", rights=DIRECTORY & ~right)) is Errno.NOTCAPABLE
    assert call(g, g.opened("dir", rights=DIRECTORY)) is not Errno.NOTCAPABLE


def test_no_more_is_had_than_is_handed_on(tree):
    g = tree.guest
    fd = g.opened("dir", rights=Right.PATH_OPEN, inheriting=Right.FD_READ | Right.PATH_OPEN)
    assert fdstat(g, fd) == (Right.PATH_OPEN, Right.FD_READ | Right.PATH_OPEN)
    assert g.read(g.opened("inner.txt", fd=fd, rights=Right.FD_READ, inheriting=0)) == b"inside"
    for rights, inheriting in ((Right.FD_WRITE, 0), (Right.FD_READ | Right.FD_SEEK, 0), (0, Right.FD_WRITE)):
        assert g.open("inner.txt", fd=fd, rights=rights, inheriting=inheriting) is Errno.NOTCAPABLE
    deeper = g.opened("deep", fd=fd, rights=Right.PATH_OPEN, inheriting=0)
    assert g.open("leaf", fd=deeper, rights=Right.FD_READ, inheriting=0) is Errno.NOTCAPABLE


def test_files_hand_nothing_on_and_have_no_rights_of_directories(tree):
    g = tree.guest
    assert fdstat(g, g.opened("file.txt", rights=EVERYTHING, inheriting=EVERYTHING)) == (FILE, Right(0))
    rights, inheriting = fdstat(g, g.opened("dir", rights=DIRECTORY, inheriting=EVERYTHING))
    assert (rights, inheriting) == (DIRECTORY, EVERYTHING)


def test_rights_can_be_given_up_and_never_had_again(tree):
    g = tree.guest
    fd = g.opened("file.txt")
    assert g.call("fd_fdstat_set_rights", fd, Right.FD_READ | Right.FD_SEEK, 0) is Errno.SUCCESS
    assert fdstat(g, fd) == (Right.FD_READ | Right.FD_SEEK, Right(0))
    assert g.write(fd, b"x") is Errno.NOTCAPABLE
    for rights, inheriting in ((FILE, 0), (Right.FD_READ, Right.FD_READ), (1 << 40, 0), ((1 << 64) - 1, 0)):
        assert g.call("fd_fdstat_set_rights", fd, rights, inheriting) is Errno.NOTCAPABLE
    assert fdstat(g, fd) == (Right.FD_READ | Right.FD_SEEK, Right(0))


def test_what_a_given_directory_hands_on_can_be_given_up(tree):
    g = tree.guest
    kept = EVERYTHING & ~Right.FD_WRITE
    assert g.call("fd_fdstat_set_rights", 3, DIRECTORY, kept) is Errno.SUCCESS
    assert g.open("file.txt", rights=Right.FD_WRITE, inheriting=0) is Errno.NOTCAPABLE
    assert g.read(g.opened("file.txt", rights=Right.FD_READ, inheriting=0)) == b"hello, world"


def test_to_ask_for_the_position_it_is_enough_to_be_allowed_to_tell_it(tree):
    g = tree.guest
    fd = g.opened("file.txt", rights=Right.FD_TELL)
    assert g.call("fd_seek", fd, 0, 1, 0) is Errno.SUCCESS
    assert g.call("fd_seek", fd, 0, 0, 0) is Errno.NOTCAPABLE
    assert g.call("fd_seek", g.opened("file.txt", rights=Right.FD_SEEK), 0, 1, 0) is Errno.SUCCESS


@pytest.mark.parametrize(("flags", "needed"), [(2, Right.FD_DATASYNC), (8, Right.FD_SYNC), (16, Right.FD_SYNC)])
def test_writing_through_needs_the_right_to_sync(tree, flags, needed):
    g = tree.guest
    g.call("fd_fdstat_set_rights", 3, DIRECTORY, EVERYTHING & ~needed)
    assert g.open("file.txt", rights=2, inheriting=0, flags=flags) is Errno.NOTCAPABLE
