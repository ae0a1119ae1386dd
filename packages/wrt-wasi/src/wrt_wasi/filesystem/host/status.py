"""What the host's `stat` says, in preview 1's terms."""

from __future__ import annotations

import os
import stat

from wrt_wasi.filesystem.status import FileStatus, FileType

__all__ = ["status_of", "type_of"]

_TYPES = {
    stat.S_IFBLK: FileType.BLOCK_DEVICE,
    stat.S_IFCHR: FileType.CHARACTER_DEVICE,
    stat.S_IFDIR: FileType.DIRECTORY,
    stat.S_IFREG: FileType.REGULAR_FILE,
    stat.S_IFSOCK: FileType.SOCKET_STREAM,
    stat.S_IFLNK: FileType.SYMBOLIC_LINK,
}
_U64 = (1 << 64) - 1


def type_of(mode: int) -> FileType:
    """Return the type that a mode tells; preview 1 has no name for pipes."""
    return _TYPES.get(stat.S_IFMT(mode), FileType.UNKNOWN)


def status_of(result: os.stat_result) -> FileStatus:
    """Return a status with the same content."""
    return FileStatus(
        type=type_of(result.st_mode),
        device=result.st_dev & _U64,
        inode=result.st_ino & _U64,
        links=result.st_nlink,
        size=result.st_size,
        # What was before 1970 can't be told.
        accessed=max(0, result.st_atime_ns),
        modified=max(0, result.st_mtime_ns),
        changed=max(0, result.st_ctime_ns),
    )
