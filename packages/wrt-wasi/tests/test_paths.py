"""Paths: making, linking, moving and removing, the same on the host as in memory."""

from __future__ import annotations

import struct

import pytest

from wrt_wasi.preview1.errno import Errno


def test_directories(tree):
    g = tree.guest
    assert g.on_path("path_create_directory", "new") is Errno.SUCCESS
    assert g.on_path("path_create_directory", "new/er/") is Errno.SUCCESS
    assert g.on_path("path_create_directory", "new") is Errno.EXIST
    assert g.on_path("path_create_directory", "file.txt") is Errno.EXIST
    assert g.on_path("path_create_directory", ".") is Errno.EXIST
    assert g.on_path("path_create_directory", "a/b") is Errno.NOENT
    assert g.on_path("path_remove_directory", "new") is Errno.NOTEMPTY
    assert g.on_path("path_remove_directory", "new/er/") is Errno.SUCCESS
    assert g.on_path("path_remove_directory", "new") is Errno.SUCCESS
    assert g.on_path("path_remove_directory", "new") is Errno.NOENT
    assert g.on_path("path_remove_directory", "file.txt") is Errno.NOTDIR
    assert g.on_path("path_remove_directory", "empty/.") is Errno.INVAL
    assert g.on_path("path_remove_directory", ".") is Errno.INVAL


def test_unlinking(tree):
    g = tree.guest
    assert g.on_path("path_unlink_file", "file.txt/") is Errno.NOTDIR
    assert g.on_path("path_unlink_file", "file.txt") is Errno.SUCCESS
    assert g.on_path("path_unlink_file", "file.txt") is Errno.NOENT
    assert g.on_path("path_unlink_file", "dir") is Errno.ISDIR
    assert g.on_path("path_unlink_file", "dir/") is Errno.ISDIR
    assert g.on_path("path_unlink_file", ".") is Errno.ISDIR


def test_listing_in_pieces_of_any_size(tree):
    g = tree.guest
    expected = [b".", b"..", b"dir", b"empty", b"file.txt"]
    for size in (33, 64, 100, 4096):
        assert g.names(size=size) == expected
    assert g.names(g.opened("empty", rights=1 << 14)) == [b".", b".."]
    assert g.call("fd_readdir", 3, 0x4000, 4096, 1 << 63, 0) is Errno.SUCCESS
    assert g.u32(0) == 0


def test_a_listing_tells_types_and_inodes_and_nothing_of_what_is_above(tree):
    g = tree.guest
    g.symlink("file.txt", "link")
    assert g.call("fd_readdir", 3, 0x4000, 4096, 0, 0) is Errno.SUCCESS
    data, at, found = g.memory.read(0x4000, g.u32(0)), 0, {}
    while at < len(data):
        _, inode, length, type_ = struct.unpack_from("<QQIB", data, at)
        found[data[at + 24 : at + 24 + length]] = (type_, inode)
        at += 24 + length
    assert {name: type_ for name, (type_, _) in found.items()} == {
        b".": 3,
        b"..": 3,
        b"dir": 3,
        b"empty": 3,
        b"file.txt": 4,
        b"link": 7,
    }
    assert found[b".."] == found[b"."]
    assert found[b"file.txt"][1] == g.stat("file.txt")[1]


def test_removing_while_listing_misses_nothing(tree):
    g = tree.guest
    fd = g.opened("empty", rights=1 << 14)
    for number in range(50):
        g.opened(f"empty/{number:02}", how=1)
    seen = []
    cookie = 0
    while True:
        g.call("fd_readdir", fd, 0x4000, 26, cookie, 0)
        if g.u32(0) < 26:
            break
        cookie = g.u64(0x4000)
        name = g.memory.read(0x4018, 2)
        if name[:1] != b".":
            seen.append(name)
            assert g.on_path("path_unlink_file", b"empty/" + name) is Errno.SUCCESS
    assert seen == [b"%02d" % number for number in range(50)]
    assert g.names(fd) == [b".", b".."]


def test_symbolic_links(tree):
    g = tree.guest
    assert g.symlink("dir/inner.txt", "link") is Errno.SUCCESS
    assert g.read(g.opened("link")) == b"inside"
    assert g.open("link", follow=False) is Errno.LOOP
    assert g.stat("link")[2] == 7
    assert g.stat("link", follow=True)[2] == 4
    assert g.symlink("dir", "dirlink") is Errno.SUCCESS
    assert g.read(g.opened("dirlink/inner.txt")) == b"inside"
    assert g.stat("dirlink/")[2] == 3
    assert g.symlink("x", "link") is Errno.EXIST
    assert g.symlink("x", "fresh/") in (Errno.NOENT, Errno.NOTDIR)
    assert g.symlink("", "fresh") is Errno.NOENT
    assert g.on_path("path_unlink_file", "link") is Errno.SUCCESS
    assert tree.files()["dir/inner.txt"] == b"inside"


def test_reading_links(tree):
    g = tree.guest
    g.symlink("dir/inner.txt", "link")
    assert g.call("path_readlink", 3, *g.path("link"), 0x4000, 100, 0) is Errno.SUCCESS
    assert g.memory.read(0x4000, g.u32(0)) == b"dir/inner.txt"
    assert g.call("path_readlink", 3, *g.path("link"), 0x4000, 3, 0) is Errno.SUCCESS
    assert g.memory.read(0x4000, g.u32(0)) == b"dir"
    assert g.call("path_readlink", 3, *g.path("file.txt"), 0x4000, 100, 0) is Errno.INVAL
    assert g.call("path_readlink", 3, *g.path("gone"), 0x4000, 100, 0) is Errno.NOENT
    assert g.call("path_readlink", 3, *g.path("link"), 65530, 100, 0) is Errno.FAULT


def test_dangling_links(tree):
    g = tree.guest
    assert g.symlink("nowhere", "link") is Errno.SUCCESS
    assert g.open("link") is Errno.NOENT
    assert g.open("link", how=1 | 4) is Errno.EXIST
    fd = g.opened("link", how=1)
    g.write(fd, b"made through it")
    assert tree.files()["nowhere"] == b"made through it"


def test_hard_links(tree):
    g = tree.guest
    assert g.on_two("path_link", "file.txt", "dir/other") is Errno.SUCCESS
    assert g.stat("file.txt")[1:4] == g.stat("dir/other")[1:4]
    assert g.stat("file.txt")[3] == 2
    assert g.write(g.opened("dir/other"), b"HELLO") == 5
    assert tree.files()["file.txt"] == b"HELLO, world"
    assert g.on_two("path_link", "file.txt", "dir/other") is Errno.EXIST
    assert g.on_two("path_link", "dir", "dir2") is Errno.PERM
    assert g.on_two("path_link", "gone", "new") is Errno.NOENT
    assert g.on_two("path_link", "file.txt", "new/") is Errno.NOENT
    g.symlink("file.txt", "link")
    assert g.on_two("path_link", "link", "second") is Errno.SUCCESS
    assert g.stat("second")[2] == 7


def test_renaming(tree):
    g = tree.guest
    assert g.on_two("path_rename", "file.txt", "dir/moved") is Errno.SUCCESS
    assert g.on_two("path_rename", "dir/moved", "dir/inner.txt") is Errno.SUCCESS
    assert tree.files() == {"dir/inner.txt": b"hello, world", "dir/deep/leaf": b"\0\1"}
    assert g.on_two("path_rename", "dir", "empty/") is Errno.SUCCESS
    assert "empty/deep/leaf" in tree.files()
    assert g.on_two("path_rename", "empty", "empty/deep/below") is Errno.INVAL
    assert g.on_two("path_rename", "gone", "x") is Errno.NOENT
    assert g.on_two("path_rename", "empty/inner.txt/", "x") is Errno.NOTDIR
    assert g.on_two("path_rename", "empty/inner.txt", "x/") in (Errno.NOTDIR, Errno.NOENT)
    assert g.on_two("path_rename", "empty/inner.txt", "empty/deep") is Errno.ISDIR
    assert g.on_two("path_rename", "empty/deep", "empty/inner.txt") is Errno.NOTDIR
    assert g.on_two("path_rename", ".", "x") is Errno.BUSY
    g.on_path("path_create_directory", "full")
    assert g.on_two("path_rename", "full", "empty") is Errno.NOTEMPTY


def test_renaming_to_another_name_of_the_same_file_does_nothing(tree):
    g = tree.guest
    g.on_two("path_link", "file.txt", "other")
    assert g.on_two("path_rename", "file.txt", "other") is Errno.SUCCESS
    assert {"file.txt", "other"} <= set(tree.files())


@pytest.mark.parametrize("path", ["a" * 256, "a/" * 2049])
def test_too_long(tree, path):
    assert tree.guest.open(path, how=1) in (Errno.NAMETOOLONG, Errno.NOENT)


def test_a_path_that_is_too_long_is_not_even_read(tree):
    assert tree.guest.call("path_create_directory", 3, 0, 5000) is Errno.NAMETOOLONG
    assert tree.guest.call("path_create_directory", 3, 65530, 100) is Errno.FAULT


def test_names_have_to_be_utf_8(tree):
    assert tree.guest.open(b"\xff", how=1) is Errno.ILSEQ
    assert tree.guest.open("é", how=1) == 4
    assert "é" in tree.files()


def test_given_directories_are_found_by_their_paths(guest, tmp_path):
    with guest(directories={"/data": tmp_path, "/memory": {"a": "b"}}).wasi:
        pass
    g = guest(directories={"/data": tmp_path, "/memory": {"a": "b"}})
    with g.wasi:
        found = []
        for fd in (3, 4):
            assert g.call("fd_prestat_get", fd, 0) is Errno.SUCCESS
            assert g.u32(0) == 0
            length = g.u32(4)
            assert g.call("fd_prestat_dir_name", fd, 100, length - 1) is Errno.NAMETOOLONG
            assert g.call("fd_prestat_dir_name", fd, 100, length) is Errno.SUCCESS
            found.append(g.memory.read(100, length))
        assert found == [b"/data", b"/memory"]
        assert g.call("fd_prestat_get", 5, 0) is Errno.BADF
        assert g.call("fd_prestat_get", 0, 0) is Errno.BADF
        assert g.read(g.opened("a", fd=4)) == b"b"
