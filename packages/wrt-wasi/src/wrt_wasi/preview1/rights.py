"""Rights: what may be done with a descriptor (preview 1, `rights`), and which apply to what."""

from __future__ import annotations

from enum import IntFlag

from wrt_wasi.filesystem.status import FileType

__all__ = ["DIRECTORY", "EVERYTHING", "FILE", "LISTENER", "Right", "applicable"]


class Right(IntFlag):
    """The rights of preview 1, by their bit."""

    FD_DATASYNC = 1 << 0
    FD_READ = 1 << 1
    FD_SEEK = 1 << 2
    FD_FDSTAT_SET_FLAGS = 1 << 3
    FD_SYNC = 1 << 4
    FD_TELL = 1 << 5
    FD_WRITE = 1 << 6
    FD_ADVISE = 1 << 7
    FD_ALLOCATE = 1 << 8
    PATH_CREATE_DIRECTORY = 1 << 9
    PATH_CREATE_FILE = 1 << 10
    PATH_LINK_SOURCE = 1 << 11
    PATH_LINK_TARGET = 1 << 12
    PATH_OPEN = 1 << 13
    FD_READDIR = 1 << 14
    PATH_READLINK = 1 << 15
    PATH_RENAME_SOURCE = 1 << 16
    PATH_RENAME_TARGET = 1 << 17
    PATH_FILESTAT_GET = 1 << 18
    PATH_FILESTAT_SET_SIZE = 1 << 19
    PATH_FILESTAT_SET_TIMES = 1 << 20
    FD_FILESTAT_GET = 1 << 21
    FD_FILESTAT_SET_SIZE = 1 << 22
    FD_FILESTAT_SET_TIMES = 1 << 23
    PATH_SYMLINK = 1 << 24
    PATH_REMOVE_DIRECTORY = 1 << 25
    PATH_UNLINK_FILE = 1 << 26
    POLL_FD_READWRITE = 1 << 27
    SOCK_SHUTDOWN = 1 << 28
    SOCK_ACCEPT = 1 << 29


NOTHING = Right(0)

# What concerns any open descriptor.
_ANY = Right.FD_FDSTAT_SET_FLAGS | Right.FD_FILESTAT_GET | Right.POLL_FD_READWRITE

STREAM = _ANY | Right.FD_READ | Right.FD_WRITE
"""What applies to what has no position. Without the rights to seek and tell, libc takes a character device for a
terminal."""

FILE = (
    STREAM
    | Right.FD_DATASYNC
    | Right.FD_SEEK
    | Right.FD_SYNC
    | Right.FD_TELL
    | Right.FD_ADVISE
    | Right.FD_ALLOCATE
    | Right.FD_FILESTAT_SET_SIZE
    | Right.FD_FILESTAT_SET_TIMES
)
"""What applies to files."""

DIRECTORY = (
    _ANY & ~Right.POLL_FD_READWRITE
    | Right.FD_DATASYNC
    | Right.FD_SYNC
    | Right.FD_READDIR
    | Right.FD_FILESTAT_SET_TIMES
    | Right.PATH_CREATE_DIRECTORY
    | Right.PATH_CREATE_FILE
    | Right.PATH_LINK_SOURCE
    | Right.PATH_LINK_TARGET
    | Right.PATH_OPEN
    | Right.PATH_READLINK
    | Right.PATH_RENAME_SOURCE
    | Right.PATH_RENAME_TARGET
    | Right.PATH_FILESTAT_GET
    | Right.PATH_FILESTAT_SET_SIZE
    | Right.PATH_FILESTAT_SET_TIMES
    | Right.PATH_SYMLINK
    | Right.PATH_REMOVE_DIRECTORY
    | Right.PATH_UNLINK_FILE
)
"""What applies to directories."""

EVERYTHING = FILE | DIRECTORY
"""What can be inherited from a directory."""

CONNECTION = STREAM | Right.SOCK_SHUTDOWN
"""What applies to connections."""

LISTENER = _ANY | Right.SOCK_ACCEPT
"""What applies to what accepts connections."""


def applicable(type_: FileType) -> Right:
    """Return the rights that apply to what a directory was asked to open."""
    if type_ is FileType.DIRECTORY:
        return DIRECTORY
    return FILE if type_ is FileType.REGULAR_FILE else STREAM
