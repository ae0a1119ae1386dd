"""Attempts to smuggle something past who keeps it: by descriptors, dangling links, swaps and odd names."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from pathlib import Path

import pytest

from wrt_wasi import Mount
from wrt_wasi.preview1 import rights
from wrt_wasi.preview1.errno import Errno
from wrt_wasi.preview1.rights import EVERYTHING, Right

CREATE, DIRECTORY, EXCLUSIVE, TRUNCATE = 1, 2, 4, 8
READ, WRITE = int(Right.FD_READ), int(Right.FD_WRITE)
ALL_OF_A_DIRECTORY = int(rights.DIRECTORY)
LOOK = int(Right.PATH_OPEN | Right.FD_READDIR)


@contextlib.contextmanager
def meanwhile(action):
    """Do something over and over in another thread."""
    stop = threading.Event()

    def repeat():
        while not stop.is_set():
            action()

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


# --- links ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["../outside/new", "nowhere/../../outside/new", "dir/../../outside/new"])
def test_nothing_is_made_through_a_dangling_link(caged, root, target):
    (root / "dangling").symlink_to(target)
    for how in (CREATE, CREATE | TRUNCATE):
        assert caged.open("dangling", how=how) in (Errno.NOTCAPABLE, Errno.NOENT)
        assert caged.open("dangling", how=how, follow=False) is Errno.LOOP
    assert caged.open("dangling", how=CREATE | EXCLUSIVE) in (Errno.EXIST, Errno.NOTCAPABLE)
    assert caged.on_path("path_create_directory", "dangling") is Errno.EXIST


def test_a_dangling_link_inside_makes_what_it_names(caged, root):
    (root / "dangling").symlink_to("dir/made")
    assert caged.write(caged.opened("dangling", how=CREATE), b"x") == 1
    assert (root / "dir/made").read_bytes() == b"x"
    assert (root / "dangling").is_symlink()


@pytest.mark.parametrize("path", ["out/", "out/.", "out/..", "out//", "out/./"])
def test_a_slash_behind_a_link_is_no_way_through_it(caged, root, path):
    (root / "out").symlink_to("../outside")
    assert caged.open(path, how=DIRECTORY, rights=LOOK) is Errno.NOTCAPABLE
    assert caged.open(path, how=DIRECTORY, rights=LOOK, follow=False) is Errno.NOTCAPABLE
    assert caged.stat(path) is Errno.NOTCAPABLE
    for name in ("path_create_directory", "path_remove_directory", "path_unlink_file"):
        assert caged.on_path(name, path) in (Errno.NOTCAPABLE, Errno.EXIST, Errno.NOTDIR, Errno.ISDIR)
    for name in ("path_rename", "path_link"):
        assert caged.on_two(name, path, "new") in (Errno.NOTCAPABLE, Errno.NOTDIR)
        assert isinstance(caged.on_two(name, "dir", path), Errno)
        assert caged.on_two(name, "file.txt", path) is not Errno.SUCCESS
    assert (root / "out").is_symlink()


def test_dots_in_a_target_count_from_where_the_link_is(caged, root):
    (root / "dir/deep/up").symlink_to("../../file.txt")
    (root / "dir/deep/out").symlink_to("../../../outside/secret")
    assert caged.read(caged.opened("dir/deep/up", rights=READ)) == b"hello, world"
    assert caged.open("dir/deep/out", rights=READ) is Errno.NOTCAPABLE
    fd = caged.opened("dir/deep", how=DIRECTORY, rights=LOOK)
    # What was held all along is `deep`: from there, both lead out.
    assert caged.open("up", fd=fd, rights=READ, inheriting=0) is Errno.NOTCAPABLE


def test_moving_a_link_does_not_make_it_lead_out(caged, root):
    assert caged.symlink("../file.txt", "dir/up") is Errno.SUCCESS
    assert caged.read(caged.opened("dir/up", rights=READ)) == b"hello, world"
    assert caged.on_two("path_rename", "dir/up", "up") is Errno.SUCCESS
    assert caged.open("up", rights=READ) is Errno.NOTCAPABLE


def test_moving_a_directory_does_not_make_the_links_in_it_lead_out(caged, root):
    assert caged.on_path("path_create_directory", "dir/nested") is Errno.SUCCESS
    assert caged.symlink("../../../outside/secret", "dir/nested/out") is Errno.SUCCESS
    fd = caged.opened("dir/nested", how=DIRECTORY, rights=ALL_OF_A_DIRECTORY)
    assert caged.on_two("path_rename", "dir/nested", "nested") is Errno.SUCCESS
    assert caged.open("nested/out", rights=READ) is Errno.NOTCAPABLE
    assert caged.open("out", fd=fd, rights=READ, inheriting=0) is Errno.NOTCAPABLE
    assert caged.open("../file.txt", fd=fd, rights=READ, inheriting=0) is Errno.NOTCAPABLE


def test_a_hard_link_that_the_host_has_made_of_a_link_leads_nowhere(caged, root):
    (root / "out").symlink_to("../outside/secret")
    os.link(root / "out", root / "dir/other", follow_symlinks=False)
    assert caged.open("dir/other", rights=READ) in (Errno.NOTCAPABLE, Errno.NOENT)
    assert caged.call("path_link", 3, 1, *caged.path("out"), 3, *caged.path("stolen", 0x2000)) is Errno.NOTCAPABLE
    assert not (root / "stolen").exists()


# --- descriptors ---------------------------------------------------------------------------------------------


def test_another_number_is_no_other_right(caged):
    limited = caged.opened("dir", how=DIRECTORY, rights=LOOK, inheriting=READ)
    assert caged.call("fd_renumber", limited, 3) is Errno.SUCCESS
    assert caged.open("inner.txt", fd=3, rights=READ | WRITE, inheriting=0) is Errno.NOTCAPABLE
    assert caged.open("../file.txt", fd=3, rights=READ, inheriting=0) is Errno.NOTCAPABLE
    assert caged.call("fd_prestat_get", 3, 0) is Errno.BADF  # it was not given, and does not become so
    assert caged.read(caged.opened("inner.txt", fd=3, rights=READ, inheriting=0)) == b"inside"


def test_a_stream_in_the_place_of_a_directory(caged):
    assert caged.call("fd_renumber", 0, 3) is Errno.SUCCESS
    assert caged.open("file.txt", fd=3) is Errno.NOTDIR
    assert caged.call("fd_renumber", 3, 1000) is Errno.BADF


def test_rights_that_were_given_up_do_not_come_back(caged):
    fd = caged.opened(".", how=DIRECTORY, rights=ALL_OF_A_DIRECTORY)
    assert caged.call("fd_fdstat_set_rights", fd, LOOK, READ) is Errno.SUCCESS
    assert caged.call("fd_fdstat_set_rights", fd, EVERYTHING, EVERYTHING) is Errno.NOTCAPABLE
    assert caged.call("fd_fdstat_set_rights", fd, LOOK, READ | WRITE) is Errno.NOTCAPABLE
    for path in (".", "dir", "dir/.."):
        assert caged.open(path, fd=fd, how=DIRECTORY, rights=EVERYTHING) is Errno.NOTCAPABLE
    assert caged.open("file.txt", fd=fd, how=CREATE, rights=READ, inheriting=0) is Errno.NOTCAPABLE
    assert caged.open("file.txt", fd=fd, how=TRUNCATE, rights=READ, inheriting=0) is Errno.NOTCAPABLE
    assert caged.on_path("path_unlink_file", "file.txt", fd=fd) is Errno.NOTCAPABLE
    assert caged.symlink("x", "new", fd=fd) is Errno.NOTCAPABLE


def test_a_file_is_no_directory_to_walk_from(caged):
    fd = caged.opened("file.txt")
    for path in ("..", "../../outside/secret", ".", ""):
        assert caged.open(path, fd=fd) is Errno.NOTDIR


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="a system without /proc")
def test_what_the_host_has_open_is_not_to_be_had_by_its_numbers(guest, root):
    with (root / "file.txt").open("rb") as opened:
        g = guest(directories={"/proc": "/proc/self"})
        with g.wasi:
            for path in (f"fd/{opened.fileno()}", "root", "root/etc/passwd", "cwd", "cwd/.", "exe", "fd/0"):
                found = g.open(path, rights=READ)
                assert found in (Errno.NOTCAPABLE, Errno.NOENT), path
            with socket.socket() as connection:
                assert isinstance(g.open(f"fd/{connection.fileno()}", rights=READ | WRITE), Errno)


# --- names ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (b"x" * 256, Errno.NAMETOOLONG),
        (b"dir/" + b"x" * 300 + b"/y", Errno.NAMETOOLONG),
        (b"./" * 2048 + b"x", Errno.NAMETOOLONG),
        (b"\xff", Errno.ILSEQ),
        (b"dir/\xc3", Errno.ILSEQ),
        (b"\xed\xa0\x80", Errno.ILSEQ),
        (b"\xc0\xae\xc0\xae/outside/secret", Errno.ILSEQ),  # dots that are too long
        (b"..\0/outside/secret", Errno.INVAL),
        ("\uff0e\uff0e/outside/secret".encode(), Errno.NOENT),  # full-width dots
        (b"..\\outside\\secret", Errno.NOENT),
        (b"...", Errno.NOENT),
        (b".. /outside/secret", Errno.NOENT),
        (b"", Errno.NOENT),
    ],
)
def test_names_that_are_none(caged, path, expected):
    assert caged.open(path, rights=READ) is expected
    assert caged.stat(path) is expected
    if path.count(b"/") == 0 and expected in (Errno.NAMETOOLONG, Errno.ILSEQ):
        assert caged.on_path("path_create_directory", path) is expected
        assert caged.symlink("file.txt", path) is expected
        assert caged.on_two("path_rename", "file.txt", path) is expected


def test_a_target_that_is_no_text_leads_nowhere(caged):
    assert caged.symlink(b"\xff/../../outside/secret", "odd") in (Errno.SUCCESS, Errno.ILSEQ)
    assert caged.open("odd", rights=READ) in (Errno.ILSEQ, Errno.NOENT)


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: socket.socket(socket.AF_UNIX).bind(str(path))])
def test_what_is_no_file_hands_on_nothing(guest, root, make, monkeypatch, recwarn):
    monkeypatch.chdir(root)
    make(Path("special"))
    g = guest(directories={"/": Mount(root, read_only=True)})
    with g.wasi:
        found = g.open("special", rights=READ)
        if not isinstance(found, Errno):
            assert g.call("fd_filestat_set_size", found, 0) is not Errno.SUCCESS
            assert g.call("fd_seek", found, 0, 0, 0) is not Errno.SUCCESS
        assert g.open("special", rights=READ | WRITE) is Errno.ROFS
        assert g.open("special/..", rights=READ) is Errno.NOTDIR
    recwarn.clear()  # the socket is not closed before it is collected


# --- races ---------------------------------------------------------------------------------------------------


def test_a_directory_that_is_moved_out_in_the_middle_of_a_walk(caged, root):
    """`..` in "moving/inner/../../file.txt" never means what is around the directory where it is by then."""
    outside = root.parent / "outside"
    (root / "moving/inner").mkdir(parents=True)
    (root / "moving/inner/file").write_text("inner")

    def move() -> None:
        (root / "moving").rename(outside / "moving")
        (outside / "moving").rename(root / "moving")

    seen = set()
    with meanwhile(move):
        for _ in range(1500):
            for path in ("moving/inner/../../secret", "moving/../secret", "moving/inner/../../../outside/secret"):
                found = caged.open(path, rights=READ)
                assert isinstance(found, Errno), path
                seen.add(found)
            found = caged.open("moving/inner/../../file.txt", rights=READ)
            if not isinstance(found, Errno):
                assert caged.read(found) == b"hello, world"
                caged.call("fd_close", found)
    assert seen <= {Errno.NOENT, Errno.NOTCAPABLE}


@pytest.mark.parametrize("call", ["path_unlink_file", "path_rename", "path_link", "path_filestat_set_times"])
def test_a_name_that_becomes_a_link_between_the_look_and_the_use(caged, root, call):
    """What is done to a link is done to the link."""
    secret = root.parent / "outside/secret"
    before = secret.stat()
    (root / "swapped").write_text("harmless")

    def swap() -> None:
        with contextlib.suppress(FileNotFoundError):
            (root / "next").symlink_to("../outside/secret")
            (root / "next").replace(root / "swapped")
            (root / "next").write_text("harmless")
            (root / "next").replace(root / "swapped")

    with meanwhile(swap):
        for turn in range(500):
            if call == "path_unlink_file":
                caged.on_path(call, "swapped")
            elif call == "path_filestat_set_times":
                caged.call(call, 3, 1, *caged.path("swapped"), 1, 1, 5)
            else:
                caged.on_two(call, "swapped", f"other{turn}")
                stolen = caged.open(f"other{turn}", rights=READ)
                assert isinstance(stolen, Errno) or caged.read(stolen) in (b"harmless", b"")
                if not isinstance(stolen, Errno):
                    caged.call("fd_close", stolen)
    after = secret.stat()
    assert (after.st_nlink, after.st_mtime_ns, after.st_size) == (1, before.st_mtime_ns, before.st_size)


# --- mounts and policies -------------------------------------------------------------------------------------


def test_a_read_only_mount_inside_a_writable_one_is_not_written_by_its_descriptors(guest, root):
    g = guest(directories={"/ro": Mount(root / "dir", read_only=True)})
    with g.wasi:
        fd = g.opened("inner.txt", rights=READ | int(Right.FD_FILESTAT_SET_TIMES))
        assert g.call("fd_filestat_set_times", fd, 0, 0, 5) is Errno.ROFS
        assert g.call("fd_filestat_set_times", 3, 0, 0, 5) is Errno.ROFS
        assert g.call("path_filestat_set_times", 3, 0, *g.path("inner.txt"), 0, 0, 5) is Errno.ROFS
        assert g.open("inner.txt", rights=READ, how=TRUNCATE) is Errno.ROFS
        assert g.open("deep/../new", rights=READ, how=CREATE) is Errno.ROFS
        assert g.open(".", how=DIRECTORY, rights=ALL_OF_A_DIRECTORY) == fd + 1
        assert g.on_path("path_unlink_file", "inner.txt", fd=fd + 1) is Errno.ROFS
    assert (root / "dir/inner.txt").read_text() == "inside"


def test_what_may_only_be_read_is_not_touched_by_its_descriptor(guest, root):
    """Times are the one thing that a system lets who only reads a file change by its descriptor."""
    before = (root / "file.txt").stat().st_mtime_ns
    g = guest(directories={"/": Mount(root, permits=lambda operation, path: operation == "read")})
    with g.wasi:
        fd = g.opened("file.txt", rights=READ | int(Right.FD_FILESTAT_SET_TIMES))
        assert g.call("fd_filestat_set_times", fd, 0, 1, 4) is Errno.ACCES
        assert g.read(fd) == b"hello, world"
    assert (root / "file.txt").stat().st_mtime_ns == before
