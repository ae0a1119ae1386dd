"""Read-only mounts: all can be looked at, and each function that changes something is refused."""

from __future__ import annotations

import os

import pytest

from wrt_wasi import Mount, VirtualFilesystem
from wrt_wasi.preview1.errno import Errno
from wrt_wasi.preview1.rights import Right

READING = int(Right.FD_READ | Right.FD_SEEK | Right.FD_TELL | Right.FD_FILESTAT_GET)
EVERYTHING_ELSE = int(READING | Right.FD_FILESTAT_SET_TIMES | Right.FD_FDSTAT_SET_FLAGS | Right.FD_SYNC)


@pytest.fixture(params=["host", "virtual"])
def read_only(request, guest, root):
    files = {"file.txt": "hello, world", "dir/inner.txt": "inside", "empty": {}}
    mounted = root if request.param == "host" else VirtualFilesystem(files)
    if request.param == "host":
        (root / "link").symlink_to("file.txt")
    g = guest(directories={"/": Mount(mounted, read_only=True)})
    before = state(root)
    yield g
    g.wasi.close()
    assert state(root) == before
    if request.param == "virtual":
        assert mounted.files() == {"file.txt": b"hello, world", "dir/inner.txt": b"inside"}


def state(root):
    return [
        (str(each), each.lstat().st_mtime_ns, each.lstat().st_nlink, each.lstat().st_size)
        for each in sorted(root.rglob("*"))
    ]


def test_what_is_there_can_be_read(read_only):
    g = read_only
    assert g.read(g.opened("file.txt", rights=READING)) == b"hello, world"
    assert b"file.txt" in g.names()
    assert g.read(g.opened("inner.txt", fd=g.opened("dir", rights=1 << 13), rights=READING)) == b"inside"
    # Asking for what is there already to be made, if it is not, changes nothing.
    assert g.read(g.opened("file.txt", how=1, rights=READING)) == b"hello, world"
    assert g.open("file.txt", how=1 | 4, rights=READING) is Errno.EXIST


@pytest.mark.parametrize(
    "call",
    [
        lambda g: g.open("file.txt", rights=Right.FD_READ | Right.FD_WRITE),
        lambda g: g.open("file.txt", rights=Right.FD_WRITE),
        lambda g: g.open("file.txt", rights=Right.FD_READ | Right.FD_ALLOCATE),
        lambda g: g.open("file.txt", rights=Right.FD_READ | Right.FD_FILESTAT_SET_SIZE),
        lambda g: g.open("file.txt", how=8, rights=Right.FD_READ),
        lambda g: g.open("new", how=1, rights=Right.FD_READ),
        lambda g: g.open("dir/new", how=1 | 4, rights=Right.FD_READ),
        lambda g: g.open("new", fd=g.opened("dir", rights=1 << 13 | 1 << 10), how=1, rights=Right.FD_READ),
        lambda g: g.on_path("path_create_directory", "new"),
        lambda g: g.on_path("path_remove_directory", "empty"),
        lambda g: g.on_path("path_unlink_file", "file.txt"),
        lambda g: g.on_two("path_link", "file.txt", "new"),
        lambda g: g.on_two("path_rename", "file.txt", "new"),
        lambda g: g.on_two("path_rename", "dir", "empty"),
        lambda g: g.symlink("file.txt", "new"),
        lambda g: g.call("path_filestat_set_times", 3, 0, *g.path("file.txt"), 0, 0, 5),
        lambda g: g.call("fd_filestat_set_times", 3, 0, 0, 5),
        lambda g: g.call("fd_filestat_set_times", g.opened("file.txt", rights=EVERYTHING_ELSE), 0, 0, 5),
    ],
)
def test_changes_are_refused(read_only, call):
    assert call(read_only) is Errno.ROFS


def test_a_file_has_no_rights_to_be_changed(read_only):
    g = read_only
    fd = g.opened("file.txt", rights=EVERYTHING_ELSE)
    assert g.write(fd, b"x") is Errno.NOTCAPABLE
    assert g.call("fd_pwrite", fd, 0, 0, 0, 0) is Errno.NOTCAPABLE
    assert g.call("fd_filestat_set_size", fd, 0) is Errno.NOTCAPABLE
    assert g.call("fd_allocate", fd, 0, 100) is Errno.NOTCAPABLE


def test_a_read_only_file_refuses_by_itself_too(root):
    from wrt_wasi import HostDirectory
    from wrt_wasi.filesystem import OpenMode, ReadOnlyDirectory

    with_write = HostDirectory.at(root)
    file = ReadOnlyDirectory(with_write).open(b"file.txt", OpenMode())
    for change in (
        lambda: file.write(b"x"),
        lambda: file.write_at(b"x", 0),
        lambda: file.resize(0),
        lambda: file.allocate(0, 100),
        lambda: file.set_times(0, 0),
    ):
        with pytest.raises(OSError, match=os.strerror(30)):
            change()
    file.close()
    with_write.close()


def test_the_same_directory_can_be_mounted_for_writing_besides(guest, root):
    g = guest(directories={"/ro": Mount(root, read_only=True), "/rw": Mount(root)})
    with g.wasi:
        assert g.write(g.opened("file.txt", fd=4), b"HELLO") == 5
        assert g.read(g.opened("file.txt", fd=3, rights=READING)) == b"HELLO, world"
        assert g.on_two("path_link", "file.txt", "new", fd=3, to=4) is Errno.XDEV
