"""Attempts to get out of a directory: by dots, by absolute paths, by links of every kind, by races, by renaming."""

from __future__ import annotations

import os
import socket
import threading
import time
from pathlib import Path

import pytest

from wrt_wasi import HostDirectory, Mount
from wrt_wasi.preview1.errno import Errno
from wrt_wasi.preview1.resolution import DEEPEST, MOST_LINKS

CREATE, TRUNCATE = 1, 8
OPEN = Path("/proc/self/fd")

BY_PATH = [
    "path_create_directory",
    "path_remove_directory",
    "path_unlink_file",
]

WAYS_OUT = [
    "..",
    "../",
    "../outside",
    "../outside/secret",
    "./../outside/secret",
    "dir/../../outside/secret",
    "dir/./..//../outside/secret",
    "dir/deep/../../../outside/secret",
    "empty/../../root/file.txt",
    "/",
    "/etc/passwd",
    "//etc/passwd",
]


def prepare(root: Path) -> None:
    """Links that the host has made, as a guest could not."""
    outside = root.parent / "outside"
    (root / "absolute").symlink_to(outside / "secret")
    (root / "absolute-dir").symlink_to(outside)
    (root / "relative").symlink_to("../outside/secret")
    (root / "relative-dir").symlink_to("../outside")
    (root / "chained").symlink_to("relative")
    (root / "chained-dir").symlink_to("dir/up")
    (root / "dir/up").symlink_to("../relative-dir")
    (root / "slash").symlink_to("/")
    (root / "up").symlink_to("..")


THROUGH_LINKS = [
    "absolute",
    "absolute-dir/secret",
    "relative",
    "relative-dir/secret",
    "relative-dir",
    "relative-dir/",
    "chained",
    "chained-dir/secret",
    "chained-dir/",
    "slash",
    "slash/etc/passwd",
    "up",
    "up/outside/secret",
    "up/",
    "dir/up/secret",
    "dir/../up/root/file.txt",
]


@pytest.fixture
def caged(caged, root):
    prepare(root)
    return caged


@pytest.mark.parametrize("path", WAYS_OUT + THROUGH_LINKS)
def test_nothing_outside_is_opened(caged, path):
    for options in ({}, {"how": CREATE}, {"how": TRUNCATE}, {"how": 2, "rights": 1 << 14}):
        # Opening never makes what ends with a slash: it is refused without a look at where it leads.
        expected = {Errno.NOTCAPABLE, Errno.ISDIR} if options.get("how") == CREATE else {Errno.NOTCAPABLE}
        assert caged.open(path, **options) in expected


@pytest.mark.parametrize("path", WAYS_OUT + THROUGH_LINKS)
def test_nothing_outside_is_looked_at(caged, path):
    assert caged.stat(path, follow=True) is Errno.NOTCAPABLE
    times = caged.call("path_filestat_set_times", 3, 1, *caged.path(path), 0, 0, 5)
    assert times is Errno.NOTCAPABLE


@pytest.mark.parametrize("path", [*WAYS_OUT, "relative-dir/new", "up/new", "slash/new", "chained-dir/secret"])
@pytest.mark.parametrize("name", BY_PATH)
def test_nothing_outside_is_changed(caged, name, path):
    assert caged.on_path(name, path) is Errno.NOTCAPABLE


@pytest.mark.parametrize("path", ["../outside/new", "up/new", "relative-dir/secret", "/tmp/new", "absolute-dir/x"])
def test_nothing_is_linked_or_moved_outside_or_from_there(caged, path):
    for name in ("path_link", "path_rename"):
        assert caged.on_two(name, "file.txt", path) is Errno.NOTCAPABLE
        assert caged.on_two(name, path, "stolen") is Errno.NOTCAPABLE
    assert caged.symlink("file.txt", path) is Errno.NOTCAPABLE
    assert caged.call("path_readlink", 3, *caged.path(path), 0, 100, 200) is Errno.NOTCAPABLE


@pytest.mark.parametrize("target", ["/", "/etc/passwd", "//x"])
def test_links_to_something_absolute_are_not_made(caged, target):
    assert caged.symlink(target, "new") is Errno.NOTCAPABLE
    assert caged.stat("new") is Errno.NOENT


def test_a_link_that_leads_out_can_be_made_and_leads_nowhere(caged):
    assert caged.symlink("../outside/secret", "new") is Errno.SUCCESS
    assert caged.open("new") is Errno.NOTCAPABLE
    assert caged.symlink("../root/file.txt", "back") is Errno.SUCCESS
    assert caged.open("back") is Errno.NOTCAPABLE


def test_a_hard_link_of_a_link_is_a_link(caged):
    assert caged.on_two("path_link", "relative", "other") is Errno.SUCCESS
    assert caged.open("other") is Errno.NOTCAPABLE
    assert caged.call("path_link", 3, 1, *caged.path("relative"), 3, *caged.path("x", 0x2000)) is Errno.NOTCAPABLE


@pytest.mark.parametrize("path", ["file.txt\0", "\0", "dir/\0/inner.txt", "dir\0/../../outside/secret"])
def test_zeros_end_no_path(caged, path):
    assert caged.open(path) is Errno.INVAL
    assert caged.open(path, how=CREATE) is Errno.INVAL
    assert caged.symlink(path, "new") is Errno.INVAL
    assert caged.on_path("path_create_directory", path) is Errno.INVAL


def test_loops_end(caged, root):
    (root / "loop").symlink_to("loop")
    (root / "ping").symlink_to("pong")
    (root / "pong").symlink_to("ping/")
    (root / "self").symlink_to(".")
    for path in ("loop", "loop/x", "ping", "pong", "ping/x"):
        assert caged.open(path) is Errno.LOOP
        assert caged.stat(path, follow=True) is Errno.LOOP
    assert caged.read(caged.opened("self/" * MOST_LINKS + "file.txt")) == b"hello, world"
    assert caged.open("self/" * (MOST_LINKS + 1) + "file.txt") is Errno.LOOP


def test_a_walk_that_would_hold_too_many_directories(caged):
    fd = 3
    for _ in range(DEEPEST // 2 + 2):
        assert caged.on_path("path_create_directory", "d", fd=fd) is Errno.SUCCESS
        assert caged.on_path("path_create_directory", "d/d", fd=fd) is Errno.SUCCESS
        fd = caged.opened("d/d", fd=fd, rights=(1 << 13) | (1 << 9))
    before = len(list(OPEN.iterdir())) if OPEN.exists() else 0
    assert caged.open("d/" * (DEEPEST + 1) + "x", how=CREATE) is Errno.NAMETOOLONG
    assert not isinstance(caged.open("d/" * DEEPEST + "x", how=CREATE), Errno)
    if before:
        assert len(list(OPEN.iterdir())) == before + 1


def test_up_from_a_directory_inside_is_out_of_what_was_opened(caged):
    fd = caged.opened("dir/deep", rights=1 << 13 | 1 << 14)
    assert caged.open("..", fd=fd) is Errno.NOTCAPABLE
    assert caged.open("../inner.txt", fd=fd) is Errno.NOTCAPABLE
    assert b"leaf" in caged.names(fd)


def test_a_directory_that_is_moved_out_while_open_leads_no_further(caged, root):
    fd = caged.opened("dir/deep", rights=1 << 13 | 1 << 14 | 1 << 1, inheriting=1 << 1)
    (root / "dir/deep").rename(root.parent / "outside/deep")
    try:
        assert caged.open("../secret", fd=fd, rights=2, inheriting=0) is Errno.NOTCAPABLE
        assert caged.open("..", fd=fd, rights=2, inheriting=0) is Errno.NOTCAPABLE
        assert caged.read(caged.opened("leaf", fd=fd, rights=2, inheriting=0)) == b"\0\1"
    finally:
        (root.parent / "outside/deep").rename(root / "dir/deep")


def test_a_removed_directory_stays_what_it_is(caged, root):
    fd = caged.opened("empty", rights=1 << 13 | 1 << 10 | 1 << 14, inheriting=1 << 6)
    (root / "empty").rmdir()
    assert caged.open("new", fd=fd, how=CREATE, rights=1 << 6, inheriting=0) is Errno.NOENT
    assert caged.open("..", fd=fd, rights=1 << 6, inheriting=0) is Errno.NOTCAPABLE


def test_a_trail_goes_back_the_way_it_came(caged, root):
    # "dir/deep/.." is the "dir" that was walked through, even if "deep" has another parent by then.
    fd = caged.opened("dir/deep/..", rights=1 << 14)
    assert caged.names(fd) == [b".", b"..", b"deep", b"inner.txt", b"up"]


def test_pipes_and_sockets_in_a_directory_make_nobody_wait(caged, root):
    os.mkfifo(root / "pipe")
    started = time.monotonic()
    fd = caged.opened("pipe", rights=2)
    assert caged.open("pipe", rights=1 << 6) == fd + 1  # it has a reader
    caged.call("fd_close", fd)
    assert time.monotonic() - started < 5


def test_a_socket_in_a_directory_is_not_opened(guest, root, tmp_path, monkeypatch):
    monkeypatch.chdir(root)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        g = guest(directories={"/": root})
        with g.wasi:
            assert isinstance(g.open("socket"), Errno)


# --- between two mounts ------------------------------------------------------------------------------------


def test_nothing_goes_from_one_mount_to_another(guest, root):
    g = guest(directories={"/a": root, "/b": root.parent / "outside", "/again": root})
    with g.wasi:
        for name in ("path_link", "path_rename"):
            assert g.on_two(name, "file.txt", "new", fd=3, to=4) is Errno.XDEV
            assert g.on_two(name, "secret", "new", fd=4, to=3) is Errno.XDEV
            assert g.on_two(name, "file.txt", "new", fd=3, to=5) is Errno.XDEV


def test_a_read_only_mount_has_no_way_round_by_links(guest, root):
    g = guest(directories={"/ro": Mount(root, read_only=True), "/rw": root.parent / "outside"})
    with g.wasi:
        assert g.on_two("path_link", "file.txt", "writable", fd=3, to=4) is Errno.XDEV
        assert g.on_two("path_rename", "file.txt", "writable", fd=3, to=4) is Errno.XDEV


def test_an_object_of_another_tree_is_refused_by_the_directory_itself(root):
    one, two = HostDirectory.at(root), HostDirectory.at(root)
    for method in (one.hard_link, one.rename):
        with pytest.raises(OSError, match="cross-device"):
            method(b"file.txt", two, b"new")
    one.close()
    two.close()


# --- races -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["../outside", "absolute"])
def test_a_directory_that_becomes_a_link_in_the_middle(caged, root, target):
    """A thread of the host swaps a directory with a link that leads out, as fast as it can."""
    (root / "swapped").mkdir()
    (root / "swapped/secret").write_text("harmless")
    (root / "spare").symlink_to(root.parent / "outside" if target == "absolute" else target)
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            (root / "swapped").rename(root / "aside")
            (root / "spare").rename(root / "swapped")
            (root / "swapped").rename(root / "spare")
            (root / "aside").rename(root / "swapped")

    thread = threading.Thread(target=swap)
    thread.start()
    seen = set()
    try:
        for _ in range(3000):
            found = caged.open("swapped/secret", rights=2)
            if isinstance(found, Errno):
                seen.add(found)
                continue
            assert caged.read(found) == b"harmless"
            seen.add(Errno.SUCCESS)
            caged.call("fd_close", found)
            assert caged.on_path("path_unlink_file", "swapped/never") in (Errno.NOENT, Errno.NOTCAPABLE, Errno.NOTDIR)
            made = caged.open("swapped/new", how=CREATE)
            if not isinstance(made, Errno):
                caged.call("fd_close", made)
    finally:
        stop.set()
        thread.join()
    assert Errno.SUCCESS in seen
    assert seen <= {Errno.SUCCESS, Errno.NOTCAPABLE, Errno.NOENT, Errno.LOOP, Errno.NOTDIR}


def test_a_file_that_becomes_a_link_in_the_middle(caged, root):
    (root / "swapped").write_text("harmless")
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            (root / "next").symlink_to("../outside/secret")
            (root / "next").replace(root / "swapped")
            (root / "next").write_text("harmless")
            (root / "next").replace(root / "swapped")

    thread = threading.Thread(target=swap)
    thread.start()
    seen = set()
    try:
        for _ in range(3000):
            found = caged.open("swapped", rights=2)
            if isinstance(found, Errno):
                seen.add(found)
            else:
                assert caged.read(found) == b"harmless"
                caged.call("fd_close", found)
    finally:
        stop.set()
        thread.join()
    assert seen <= {Errno.NOTCAPABLE, Errno.NOENT, Errno.LOOP}
