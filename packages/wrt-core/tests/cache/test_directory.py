"""Where the cache is, that it is the user's alone, and who may choose."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from wrt_core import EngineFactory
from wrt_core.cache import Cache, CacheWarning, UnsafeCacheDirectory, default_directory, open_cache

posix = pytest.mark.skipif(os.name == "nt", reason="modes mean nothing there")


@pytest.mark.skipif(sys.platform != "linux", reason="the rules of XDG")
def test_default_directory(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert default_directory() == tmp_path / "xdg" / "wrt"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert default_directory() == tmp_path / ".cache" / "wrt"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert default_directory() == tmp_path / ".cache" / "wrt"


@posix
def test_it_is_made_for_its_owner_alone(directory):
    pack = Cache(directory).pack("00")
    assert not directory.exists(), "before there is anything to write"
    pack.put(1, "a")
    pack.save()
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


@posix
def test_one_that_has_become_unsafe_is_not_written_to(directory):
    pack = Cache(directory).pack("00")
    directory.mkdir()
    directory.chmod(0o777)
    pack.put(1, "a")
    pack.save()
    assert list(directory.iterdir()) == []


@posix
@pytest.mark.parametrize("mode", [0o770, 0o702, 0o1777])
def test_one_that_others_may_write_to_is_refused(directory, mode):
    directory.mkdir()
    directory.chmod(mode)
    with pytest.raises(UnsafeCacheDirectory, match="others could run code as you"):
        Cache(directory)
    with pytest.raises(UnsafeCacheDirectory):
        EngineFactory.create("stackless", cache=directory)


@posix
def test_one_that_others_may_read_is_taken(directory):
    directory.mkdir(mode=0o755)
    Cache(directory)


@posix
def test_anothers_is_refused(directory, monkeypatch):
    directory.mkdir(mode=0o700)
    monkeypatch.setattr(os, "geteuid", lambda: directory.stat().st_uid + 1)
    with pytest.raises(UnsafeCacheDirectory):
        Cache(directory)


def test_a_file_is_no_directory(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UnsafeCacheDirectory, match="no directory"):
        Cache(tmp_path / "file")


def test_no_cache_unless_asked_for():
    assert open_cache(None) is None
    assert open_cache(False) is None


def test_the_default_one(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    for choice in ("default", True):
        assert open_cache(choice).directory == default_directory()


def test_one_by_path(directory):
    for choice in (directory, str(directory), Cache(directory)):
        assert open_cache(choice).directory == directory


def test_the_environment_chooses_where_the_program_does_not(monkeypatch, directory, tmp_path):
    monkeypatch.setenv("WRT_CACHE", str(directory))
    for choice in (None, "default", True):
        assert open_cache(choice).directory == directory
    assert open_cache(tmp_path / "other").directory == tmp_path / "other"
    assert open_cache(False) is None


def test_the_environment_switches_it_off(monkeypatch, directory):
    monkeypatch.setenv("WRT_CACHE", "off")
    for choice in (None, "default", True, directory, Cache(directory)):
        assert open_cache(choice) is None


@posix
def test_an_unsafe_one_that_the_program_did_not_name_is_done_without(monkeypatch, directory):
    directory.mkdir()
    directory.chmod(0o777)
    monkeypatch.setenv("WRT_CACHE", str(directory))
    with pytest.warns(CacheWarning, match="running without a cache"):
        assert open_cache("default") is None


def test_a_user_without_a_home_does_without(monkeypatch):
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    with pytest.warns(CacheWarning):
        assert open_cache("default") is None
