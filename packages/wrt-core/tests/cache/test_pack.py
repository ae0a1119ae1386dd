"""A pack gives back what was put, or nothing: whatever became of its file, and never an error."""

from __future__ import annotations

import errno
import gc
import os
import stat

import pytest

from wrt_core.cache import Cache
from wrt_core.cache.pack import Pack, PackFile, entries_of

MODULE = "00" * 32
VALUES = {("a", 1): 12345, ("b", 2, "code"): compile("1 + 1", "<code>", "eval"), ("c",): ("text", 2.5, b"bytes", None)}


@pytest.fixture
def pack(directory) -> Pack:
    """A pack with all values, written to its file."""
    pack = Cache(directory).pack(MODULE)
    for key, value in VALUES.items():
        assert pack.put(value, *key)
    pack.save()
    return pack


def again(pack: Pack) -> Pack:
    """The pack as another process opens it."""
    return Pack(PackFile(pack.file.path, pack.file.subject, lambda size: None))


def test_values_come_back(pack):
    reopened = again(pack)
    assert {key: reopened.get(*key) for key in VALUES} == VALUES
    assert len(reopened) == len(VALUES)


def test_what_was_not_put_is_not_there(pack):
    assert again(pack).get("a", 2) is None
    assert again(pack).get("a", "1") is None


def test_any_damaged_byte_is_noticed(pack):
    original = pack.file.path.read_bytes()
    for position in range(len(original)):
        damaged = bytearray(original)
        damaged[position] ^= 0x20
        pack.file.path.write_bytes(damaged)
        reopened = again(pack)
        found = {key: reopened.get(*key) for key in VALUES}
        wrong = {key: value for key, value in found.items() if value is not None and value != VALUES[key]}
        assert wrong == {}, position
        assert None in found.values(), position


def test_any_cut_file_is_noticed(pack):
    original = pack.file.path.read_bytes()
    for size in range(len(original)):
        pack.file.path.write_bytes(original[:size])
        reopened = again(pack)
        found = [reopened.get(*key) for key in VALUES]
        assert None in found
        assert all(each is None or each in VALUES.values() for each in found)


def test_a_damaged_index_takes_the_file_with_it(pack):
    damaged = bytearray(pack.file.path.read_bytes())
    damaged[30] ^= 1
    pack.file.path.write_bytes(damaged)
    again(pack)
    assert not pack.file.path.exists()


def test_a_damaged_value_is_written_again(pack):
    damaged = bytearray(pack.file.path.read_bytes())
    damaged[-1] ^= 1
    pack.file.path.write_bytes(damaged)
    reopened = again(pack)
    assert reopened.get("c") is None
    reopened.save()  # what is damaged goes even if nothing takes its place
    assert len(again(pack)) == len(VALUES) - 1
    reopened.put(VALUES["c",], "c")
    reopened.save()
    assert again(pack).get("c") == VALUES["c",]


def test_another_magic_number_is_another_format(pack):
    data = pack.file.path.read_bytes()
    assert entries_of(data, pack.file.subject) is not None
    assert entries_of(b"wrtpack\x02" + data[8:], pack.file.subject) is None


def test_another_subject_is_another_pack(pack):
    assert entries_of(pack.file.path.read_bytes(), b"another") is None


def test_what_marshal_does_not_take_is_not_kept(pack):
    assert not pack.put(object(), "object")
    assert pack.get("object") is None


def test_it_is_saved_when_it_is_collected(directory):
    pack = Cache(directory).pack(MODULE)
    pack.put(1, "a")
    file = pack.file
    del pack
    gc.collect()
    assert Pack(file).get("a") == 1


def test_much_is_saved_before_the_end(directory):
    pack = Cache(directory).pack(MODULE)
    pack.put(bytes(2 << 20), "a")
    assert again(pack).get("a") == bytes(2 << 20)


def test_what_another_wrote_meanwhile_is_kept(pack):
    other = again(pack)
    pack.put(1, "mine")
    other.put(2, "theirs")
    pack.save()
    other.save()
    assert [again(pack).get(name) for name in ("mine", "theirs", "a")] == [1, 2, None]
    assert again(pack).get("a", 1) == 12345


def test_one_pack_for_all_who_ask_for_a_module(directory):
    cache = Cache(directory)
    assert cache.pack(MODULE) is cache.pack(MODULE)


def test_a_full_disk_forgets(directory, monkeypatch):
    cache = Cache(directory)
    pack = cache.pack(MODULE)
    pack.put(1, "a")
    real = os.open

    def full(path, flags, *more):
        if flags & os.O_CREAT:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(path, flags, *more)

    monkeypatch.setattr(os, "open", full)
    pack.save()
    assert cache.modules() == []
    assert not pack.put(2, "b"), "what can't be written is not collected either"
    monkeypatch.undo()
    assert list(directory.iterdir()) == []


def test_a_write_that_fails_leaves_nothing_behind(directory, monkeypatch):
    pack = Cache(directory).pack(MODULE)
    pack.put(1, "a")
    monkeypatch.setattr("pathlib.Path.replace", lambda *_: (_ for _ in ()).throw(PermissionError()))
    pack.save()
    assert list(directory.iterdir()) == []


def test_no_directory_no_memory(tmp_path):
    (tmp_path / "file").write_text("")
    cache = Cache(tmp_path / "file" / "cache")
    pack = cache.pack(MODULE)
    pack.put(1, "a")
    assert pack.get("a") == 1
    cache.save()
    assert cache.modules() == cache.clear() == []


@pytest.mark.skipif(os.name == "nt", reason="modes mean nothing there")
def test_files_are_the_users_alone(pack):
    assert stat.S_IMODE(pack.file.path.stat().st_mode) == 0o600


@pytest.mark.skipif(os.name == "nt", reason="modes mean nothing there")
def test_a_file_that_others_may_write_is_not_read(pack):
    pack.file.path.chmod(0o666)
    assert len(again(pack)) == 0


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="links are followed there")
def test_a_link_is_not_followed(pack, tmp_path):
    pack.file.path.rename(tmp_path / "elsewhere")
    pack.file.path.symlink_to(tmp_path / "elsewhere")
    assert len(again(pack)) == 0
