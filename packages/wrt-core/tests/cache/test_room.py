"""How much room a cache takes, what goes first, and what is listed and cleared."""

from __future__ import annotations

import os
import pickle

from wrt_core.cache import Cache


def fill(cache: Cache, name: str, size: int = 1000) -> None:
    pack = cache.pack(name)
    pack.put(bytes(size), "value")
    pack.save()


def age(cache: Cache, seconds: dict[str, int]) -> None:
    """Set how long ago packs were used."""
    for each in cache.modules():
        os.utime(each.path, (each.used - seconds.get(each.module, 0),) * 2)


def test_what_was_not_used_longest_goes_first(directory):
    cache = Cache(directory, size_limit=3500)
    for name in ("aa", "bb", "cc"):
        fill(cache, name)
    age(cache, {"aa": 300, "bb": 200, "cc": 100})
    assert Cache(directory).pack("aa").get("value") == bytes(1000)  # used again, so "bb" is the oldest now
    fill(cache, "dd")
    assert sorted(each.module for each in cache.modules()) == ["aa", "cc", "dd"]
    assert sum(each.size for each in cache.modules()) <= 3500


def test_what_never_fits_is_not_kept(directory):
    cache = Cache(directory, size_limit=500)
    fill(cache, "aa")
    assert cache.modules() == []


def test_it_is_not_looked_after_each_time(directory, monkeypatch):
    looked = []
    monkeypatch.setattr("wrt_core.cache.cache._packs", lambda directory: looked.append(directory) or [])
    chances = [0x00, 0xFF]
    monkeypatch.setattr("os.urandom", lambda size: bytes([chances[bool(looked)]] * size))
    cache = Cache(directory, size_limit=200_000)
    for name in ("aa", "bb"):
        fill(cache, name, 100)  # a small part of the limit: it is up to chance
    assert looked == [directory]


def test_what_nobody_finished_goes(directory):
    cache = Cache(directory, size_limit=2000)
    directory.mkdir(mode=0o700)
    stale, fresh = directory / ".1-stale.tmp", directory / ".1-fresh.tmp"
    for path in (stale, fresh):
        path.write_bytes(b"half")
    os.utime(stale, (0, 0))
    fill(cache, "aa")
    assert not stale.exists()
    assert fresh.exists()


def test_modules_are_listed_the_last_used_first(directory):
    cache = Cache(directory)
    for name in ("aa", "bb"):
        fill(cache, name)
    (directory / "README").write_text("not ours")
    age(cache, {"bb": 100})
    assert [(each.module, each.size > 1000) for each in cache.modules()] == [("aa", True), ("bb", True)]


def test_clear_removes_packs_and_nothing_else(directory):
    cache = Cache(directory)
    fill(cache, "aa")
    (directory / "README").write_text("not ours")
    assert [each.module for each in cache.clear()] == ["aa"]
    assert [path.name for path in directory.iterdir()] == ["README"]


def test_a_cache_pickles(directory):
    cache = pickle.loads(pickle.dumps(Cache(directory, size_limit=7)))
    assert (cache.directory, cache.size_limit) == (directory, 7)
