"""Records as they lie in a guest's memory: `fdstat`, `filestat`, `dirent`, `prestat`."""

from __future__ import annotations

import struct

from wrt_wasi.filesystem.status import Entry, FileStatus
from wrt_wasi.preview1.descriptor import Descriptor

__all__ = ["dirent", "fdstat", "filestat", "prestat"]

_U64 = (1 << 64) - 1


def fdstat(descriptor: Descriptor) -> bytes:
    """Return the 24 bytes of what a descriptor is: type, flags, rights, rights to inherit."""
    return struct.pack("<BxHxxxxQQ", descriptor.type, descriptor.flags, descriptor.rights, descriptor.inheriting)


def filestat(status: FileStatus) -> bytes:
    """Return the 64 bytes of what a file is."""
    return struct.pack(
        "<QQBxxxxxxxQQQQQ",
        status.device,
        status.inode,
        status.type,
        status.links,
        status.size,
        status.accessed & _U64,
        status.modified & _U64,
        status.changed & _U64,
    )


def dirent(entry: Entry, following: int) -> bytes:
    """Return an entry's 24 bytes and its name; `following` is the cookie of the entry after it."""
    return struct.pack("<QQIBxxx", following, entry.inode, len(entry.name), entry.type) + entry.name


def prestat(path: bytes) -> bytes:
    """Return the 8 bytes that say: a directory, whose path has so many bytes."""
    return struct.pack("<BxxxI", 0, len(path))
