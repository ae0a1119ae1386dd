"""`Cache`: a directory of packs, and how much room they may take."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
import warnings
import weakref
from functools import partial
from pathlib import Path
from typing import NamedTuple

from wrt_core.cache.directory import UnsafeCacheDirectory, check, default_directory
from wrt_core.cache.fingerprint import fingerprint
from wrt_core.cache.pack import Pack, PackFile

__all__ = ["VARIABLE", "Cache", "CacheWarning", "CachedModule", "chosen_directory", "open_cache"]

VARIABLE = "WRT_CACHE"
"""The environment variable: "off" for no cache whatever the program says, or the directory to use."""

SIZE_LIMIT = 512 << 20
_SUFFIX = ".pack"
_LOOKS = 32
_LEFT_BEHIND = 3600
"""Seconds after which a file that somebody began to write is nobody's."""


class CacheWarning(UserWarning):
    """There is no cache where one was asked for; work goes on without it."""


class CachedModule(NamedTuple):
    """One pack, as listings show it: the module's hash, its size in bytes, when it was last used (seconds of Unix)."""

    module: str
    python: str
    size: int
    used: float
    path: Path


class Cache:
    """What is kept from one process to the next, in `directory`, a pack for each module. It is made when it is needed.

    Past `size_limit`, in bytes, those go that were not used for the longest time. Any number of processes and threads
    may use one directory. A disk that is full or read-only makes it forgetful and raises nothing. Raises
    `UnsafeCacheDirectory` where others may write to the directory.
    """

    def __init__(self, directory: str | os.PathLike[str], *, size_limit: int = SIZE_LIMIT) -> None:
        self.directory = Path(directory).absolute()
        self.size_limit = size_limit
        with contextlib.suppress(OSError):
            check(self.directory)
        self._lock = threading.Lock()
        self._packs: weakref.WeakValueDictionary[str, Pack] = weakref.WeakValueDictionary()

    def __repr__(self) -> str:
        return f"<Cache in {str(self.directory)!r}>"

    def __reduce__(self) -> tuple[object, ...]:
        return _cache, (self.directory, self.size_limit)

    def pack(self, module_hash: str) -> Pack | None:
        """Return the pack of the module with that hash; None where no fingerprint can be had (see `fingerprint`).

        It lives as long as somebody refers to it.
        """
        ours = fingerprint()
        if ours is None:
            return None
        with self._lock:
            pack = self._packs.get(module_hash)
            if pack is None:
                name = f"{module_hash}.{sys.implementation.cache_tag}-{ours.hex()[:8]}{_SUFFIX}"
                trim = partial(_trim, self.directory, self.size_limit)
                pack = Pack(PackFile(self.directory / name, ours + module_hash.encode(), trim))
                self._packs[module_hash] = pack
        return pack

    def save(self) -> None:
        """Write what is new in any pack; it would be written by itself when the process ends."""
        with self._lock:
            packs = list(self._packs.values())
        for pack in packs:
            pack.save()

    def modules(self) -> list[CachedModule]:
        """Return what is kept, the last used first."""
        return _packs(self.directory)

    def clear(self) -> list[CachedModule]:
        """Remove everything, and return what was removed."""
        return [each for each in _packs(self.directory) if _removed(each.path)]


def _cache(directory: Path, size_limit: int) -> Cache:
    return Cache(directory, size_limit=size_limit)


def chosen_directory() -> Path | None:
    """Return where the cache is unless a program says otherwise: by WRT_CACHE, or the default; None if it is off.

    Raises `RuntimeError` for a user without a home.
    """
    environment = os.environ.get(VARIABLE, "")
    if environment.lower() == "off":
        return None
    return Path(environment) if environment else default_directory()


def open_cache(choice: Cache | str | os.PathLike[str] | bool | None) -> Cache | None:
    """Return the cache that an option asks for: a directory, "default" or True, or False for none.

    None leaves it to the environment: a directory that WRT_CACHE names, else none. WRT_CACHE=off means none whatever
    was asked for, and its directory takes the place of the default one. An unsafe directory raises
    `UnsafeCacheDirectory` where the program named it; otherwise a warning says so, and there is no cache.
    """
    environment = os.environ.get(VARIABLE, "")
    if choice is False or environment.lower() == "off":
        return None
    if isinstance(choice, Cache):
        return choice
    if choice is not None and choice is not True and choice != "default":
        return Cache(choice)
    if choice is None and not environment:
        return None
    try:
        directory = chosen_directory()
        return None if directory is None else Cache(directory)
    except (UnsafeCacheDirectory, RuntimeError) as error:
        warnings.warn(CacheWarning(f"running without a cache: {error}"), stacklevel=3)
        return None


def _packs(directory: Path) -> list[CachedModule]:
    found = []
    with contextlib.suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            module, _, python = entry.name.removesuffix(_SUFFIX).partition(".")
            if entry.name.endswith(_SUFFIX):
                with contextlib.suppress(OSError):
                    status = entry.stat(follow_symlinks=False)
                    used = status.st_mtime
                    found.append(CachedModule(module, python, status.st_size, used, directory / entry.name))
    return sorted(found, key=lambda each: -each.used)


def _removed(path: Path) -> bool:
    try:
        path.unlink()
    except OSError:
        return False
    return True


def _trim(directory: Path, limit: int, written: int) -> None:
    """Now and then, remove the packs that were not used for the longest time until the others fit.

    To look at all of them after each that is written would make many small ones slow; so it is left to chance, which
    has it done about once for each 32nd of the limit that processes write together.
    """
    if int.from_bytes(os.urandom(4), "little") * limit >= written * _LOOKS << 32:
        return
    room = limit
    for each in _packs(directory):
        room -= each.size
        if room < 0:
            _removed(each.path)
    with contextlib.suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            if entry.name.endswith(".tmp") and time.time() - entry.stat().st_mtime > _LEFT_BEHIND:
                _removed(directory / entry.name)
