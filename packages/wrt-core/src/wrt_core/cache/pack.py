"""Packs: the file that holds what is known about one module.

======  ===================================================================
bytes   contents
======  ===================================================================
8       a magic number
16      the digest of the above, what the contents are about and good for, and the below up to the payloads
4       the number of entries, little-endian
44 n    the entries: digest of the key, digest of the payload, offset, size
…       the payloads: `marshal`
======  ===================================================================

A file is read whole when the module is loaded, and a payload is compared with its digest when it is asked for. It is
never changed in place: a new one takes its place at once (`os.replace`), so a reader sees the old or the new.
"""

from __future__ import annotations

import contextlib
import hashlib
import marshal
import os
import stat
import struct
import threading
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from wrt_core.cache.directory import UnsafeCacheDirectory, make, ours_alone

__all__ = ["MAGIC", "Pack", "PackFile", "entries_of"]

MAGIC = b"wrtpack\x01"
_HEADER = struct.Struct("<8s16sI")
_ROW = struct.Struct("<16s16sQI")
_DIGEST = 16

_FIRST_SAVE = 1 << 20
"""Bytes not yet saved at which they are, before the process ends; then again each time the file would double."""

Key = tuple[object, ...]
"""Names an entry: a tuple of strings, numbers and other tuples, whose `repr` tells different ones apart."""


class Entry(NamedTuple):
    """One payload, which may be damaged, and what its digest was when it was written."""

    payload: bytes | memoryview
    digest: bytes


def _digest(data: bytes | memoryview) -> bytes:
    return hashlib.blake2b(data, digest_size=_DIGEST).digest()


def entries_of(data: bytes, subject: bytes) -> dict[bytes, Entry] | None:
    """Return the entries of a pack's bytes by the digests of their keys; None if they are no pack about `subject`.

    Payloads are not looked at.
    """
    if len(data) < _HEADER.size:
        return None
    magic, digest, count = _HEADER.unpack_from(data)
    end = _HEADER.size + count * _ROW.size
    if magic != MAGIC or end > len(data):
        return None
    index = data[_HEADER.size : end]
    if _digest(MAGIC + subject + index) != digest:
        return None
    view = memoryview(data)
    return {
        key: Entry(view[offset : offset + size], checksum) for key, checksum, offset, size in _ROW.iter_unpack(index)
    }


def _bytes_of(entries: Mapping[bytes, Entry], subject: bytes) -> bytes:
    """The bytes of a pack: the inverse of `entries_of`."""
    offset = _HEADER.size + len(entries) * _ROW.size
    index = bytearray()
    for key, entry in entries.items():
        index += _ROW.pack(key, entry.digest, offset, len(entry.payload))
        offset += len(entry.payload)
    header = _HEADER.pack(MAGIC, _digest(MAGIC + subject + index), len(entries))
    return b"".join((header, index, *(entry.payload for entry in entries.values())))


class PackFile:
    """The file of a pack: nothing here raises for what a disk can do.

    `subject` is what it is about, a module, and good for, a Python and a WRT; `saved` is told its size when written.
    """

    def __init__(self, path: Path, subject: bytes, saved: Callable[[int], object]) -> None:
        self.path = path
        self.subject = subject
        self._saved = saved

    def read(self) -> dict[bytes, Entry]:
        """Return the file's entries, none if there is no such file; one that is damaged or not ours is removed."""
        try:
            data = self._contents()
        except OSError:
            return {}
        entries = None if data is None else entries_of(data, self.subject)
        if entries is None:
            with contextlib.suppress(OSError):
                self.path.unlink()
            return {}
        return entries

    def _contents(self) -> bytes | None:
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
        with open(os.open(self.path, flags), "rb", buffering=0) as file:  # noqa: PTH123 - it is opened already
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode) or not ours_alone(status):
                return None
            data = file.readall()
        with contextlib.suppress(OSError):
            os.utime(self.path)  # it was used now, says its time: that of reading is not kept on most disks
        return data

    def save(self, entries: Mapping[bytes, Entry], damaged: frozenset[bytes] = frozenset()) -> bool:
        """Add entries to the file, and leave out those that were found damaged; say whether it could be written.

        What another process has written since is kept. Of two that write at the same moment one loses its
        additions, and finds that out when it asks for them next.
        """
        merged = {key: entry for key, entry in self.read().items() if key not in damaged}
        merged |= entries
        temporary = self.path.with_name(f".{os.getpid()}-{os.urandom(6).hex()}.tmp")
        try:
            make(self.path.parent)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
            with open(os.open(temporary, flags, 0o600), "wb") as file:  # noqa: PTH123 - it is opened already
                size = file.write(_bytes_of(merged, self.subject))
            temporary.replace(self.path)
        except (OSError, UnsafeCacheDirectory):
            # Read-only, full, gone bad since it was checked, or on Windows open in another process.
            with contextlib.suppress(OSError):
                temporary.unlink()
            return False
        self._saved(size)
        return True


class Pack:
    """What is known about one module: values by key, from the file, and new ones that go there.

    New values are written when there are many, on `save`, and when the pack or the process ends. Thread-safe.
    """

    def __init__(self, file: PackFile) -> None:
        self.file = file
        self._lock = threading.Lock()
        self._entries = file.read()
        self._size = sum(len(entry.payload) for entry in self._entries.values())
        self._news = _News(file)
        # It must not refer to this object, which it outlives.
        weakref.finalize(self, self._news.save)

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, *key: object) -> Any:
        """Return the value that was put under `key`, None if there is none, or it is damaged."""
        name = _digest(repr(key).encode())
        entry = self._entries.get(name)
        if entry is None:
            return None
        try:
            if _digest(entry.payload) == entry.digest:
                return marshal.loads(entry.payload)
        except (ValueError, EOFError, TypeError):
            pass  # whole, and still not what marshal writes: a writer's mistake, but no reason to fail
        with self._lock:
            self._entries.pop(name, None)
            self._news.damaged.add(name)
        return None

    def put(self, value: Any, *key: object) -> bool:
        """Keep a value under `key`; say whether it is: it must be of what `marshal` takes, and the disk writable."""
        if self._news.failed:
            return False
        try:
            payload = marshal.dumps(value)
        except ValueError:
            return False
        name, entry = _digest(repr(key).encode()), Entry(payload, _digest(payload))
        with self._lock:
            self._entries[name] = self._news.entries[name] = entry
            self._news.size += len(payload)
            full = self._news.size > max(_FIRST_SAVE, self._size)
        if full:
            self.save()
        return True

    def save(self) -> None:
        """Write what is new to the file. Does nothing if nothing is, and tries no more after it failed."""
        with self._lock:
            self._size += self._news.save()


class _News:
    """What a pack has that its file has not."""

    def __init__(self, file: PackFile) -> None:
        self.file = file
        self.entries: dict[bytes, Entry] = {}
        self.damaged: set[bytes] = set()
        self.size = 0
        self.failed = False

    def save(self) -> int:
        """Write to the file, and return how many bytes are no longer new."""
        if self.failed or not (self.entries or self.damaged):
            return 0
        self.failed = not self.file.save(self.entries, frozenset(self.damaged) - self.entries.keys())
        written, self.size = self.size, 0
        self.entries.clear()
        self.damaged.clear()
        return written
