"""Directories under a policy: each use is asked about, by the resolved path, and no is EACCES."""

from __future__ import annotations

import pytest

from wrt_wasi import Mount
from wrt_wasi.preview1.errno import Errno
from wrt_wasi.preview1.rights import Right

READ = int(Right.FD_READ)
LIST = int(Right.FD_READDIR | Right.PATH_OPEN)


class Policy:
    """Allows what is listed, as (operation, path below the root), and remembers what it was asked."""

    def __init__(self, root, *allowed):
        self.root = root
        self.allowed = set(allowed)
        self.asked = []

    def __call__(self, operation, path):
        below = path.removeprefix(str(self.root)).lstrip("/")
        self.asked.append((operation, below))
        return (operation, below) in self.allowed or (operation, "*") in self.allowed


@pytest.fixture
def under(guest, root):
    """A function that makes a guest that has `root` under a policy that allows so much, and returns both."""
    made = []

    def make(*allowed):
        policy = Policy(root.resolve(), *allowed)
        g = guest(directories={"/": Mount(root, permits=policy)})
        made.append(g)
        return g, policy

    yield make
    for g in made:
        g.wasi.close()


def test_what_is_allowed_is_done(under):
    g, policy = under(("read", "*"), ("write", "file.txt"), ("create", "new"), ("write", "new"))
    assert g.read(g.opened("dir/inner.txt", rights=READ)) == b"inside"
    assert g.write(g.opened("file.txt"), b"HELLO") == 5
    assert g.write(g.opened("new", how=1), b"x") == 1
    assert b"file.txt" in g.names()
    assert ("read", "dir/inner.txt") in policy.asked


@pytest.mark.parametrize(
    "call",
    [
        lambda g: g.open("dir/inner.txt", rights=READ),
        lambda g: g.open("dir", how=2, rights=LIST),
        lambda g: g.stat("file.txt"),
        lambda g: g.call("fd_readdir", 3, 0, 100, 0, 200),
        lambda g: g.call("path_readlink", 3, *g.path("link"), 0, 100, 200),
        lambda g: g.call("fd_filestat_get", 3, 0),
    ],
)
def test_to_look_it_has_to_be_allowed_to_read(under, root, call):
    (root / "link").symlink_to("file.txt")
    g, _ = under(("write", "*"), ("create", "*"), ("remove", "*"))
    assert call(g) is Errno.ACCES
    g, _ = under(("read", "*"))
    assert call(g) is not Errno.ACCES


@pytest.mark.parametrize(
    ("operation", "call"),
    [
        ("write", lambda g: g.open("file.txt", rights=Right.FD_READ | Right.FD_WRITE)),
        ("write", lambda g: g.open("file.txt", rights=READ, how=8)),
        ("write", lambda g: g.call("path_filestat_set_times", 3, 0, *g.path("file.txt"), 0, 0, 5)),
        ("write", lambda g: g.on_two("path_link", "file.txt", "new")),
        ("write", lambda g: g.on_two("path_rename", "file.txt", "new")),
        ("create", lambda g: g.open("new", how=1, rights=READ)),
        ("create", lambda g: g.on_path("path_create_directory", "new")),
        ("create", lambda g: g.symlink("file.txt", "new")),
        ("create", lambda g: g.on_two("path_link", "file.txt", "new")),
        ("create", lambda g: g.on_two("path_rename", "file.txt", "new")),
        ("remove", lambda g: g.on_two("path_rename", "file.txt", "new")),
        ("remove", lambda g: g.on_path("path_unlink_file", "file.txt")),
        ("remove", lambda g: g.on_path("path_remove_directory", "empty")),
    ],
)
def test_each_change_needs_its_permission(under, root, operation, call):
    everything = {"read", "write", "create", "remove"}
    before = sorted(each.name for each in root.iterdir())
    g, _ = under(*((each, "*") for each in everything - {operation}))
    assert call(g) is Errno.ACCES
    assert sorted(each.name for each in root.iterdir()) == before
    assert (root / "file.txt").read_text() == "hello, world"
    g, _ = under(*((each, "*") for each in everything))
    assert call(g) is not Errno.ACCES


def test_what_is_there_need_not_be_made(under):
    g, _ = under(("read", "*"))
    assert g.read(g.opened("file.txt", how=1, rights=READ)) == b"hello, world"
    assert g.open("file.txt", how=1 | 4, rights=READ) is Errno.EXIST
    assert g.open("new", how=1 | 4, rights=READ) is Errno.NOENT


def test_a_link_gives_no_more_than_what_it_leads_to(under, root):
    (root / "link").symlink_to("dir/inner.txt")
    g, policy = under(("read", "link"), ("read", "dir"))
    assert g.open("link", rights=READ) is Errno.ACCES
    assert ("read", "dir/inner.txt") in policy.asked


def test_no_directory_gets_a_name_by_which_other_rules_hold_for_what_is_in_it(under):
    g, _ = under(*((each, "*") for each in ("read", "write", "create", "remove")))
    assert g.on_two("path_rename", "dir", "other") is Errno.ACCES
    assert g.on_two("path_rename", "file.txt", "dir/moved") is Errno.SUCCESS


def test_directories_that_were_opened_are_guarded_too(under):
    g, _ = under(("read", "dir"), ("read", "dir/deep"))
    fd = g.opened("dir", rights=LIST)
    assert g.open("inner.txt", fd=fd, rights=READ) is Errno.ACCES
    assert g.open("leaf", fd=g.opened("deep", fd=fd, rights=LIST), rights=READ) is Errno.ACCES
    itself = g.opened("dir/.", rights=LIST)
    assert g.open("inner.txt", fd=itself, rights=READ) is Errno.ACCES
