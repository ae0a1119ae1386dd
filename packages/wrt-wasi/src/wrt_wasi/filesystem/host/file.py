"""`HostFile`: a file of the host that a guest has opened."""

from __future__ import annotations

import errno
import os

from wrt_wasi.filesystem.file import File
from wrt_wasi.filesystem.host.status import status_of
from wrt_wasi.filesystem.status import FileStatus, FileType

__all__ = ["HostFile"]

# `advice` of preview 1, by number: normal, sequential, random, willneed, dontneed, noreuse.
_ADVICE = ("NORMAL", "SEQUENTIAL", "RANDOM", "WILLNEED", "DONTNEED", "NOREUSE")


class HostFile(File):
    """An open descriptor of the host, which this object owns. The position is the system's."""

    def __init__(self, descriptor: int, type_: FileType) -> None:
        self._descriptor = descriptor
        self._type = type_

    @property
    def type(self) -> FileType:
        """What this is."""
        return self._type

    def status(self) -> FileStatus:
        """Ask the system."""
        return status_of(os.fstat(self._descriptor))

    def read(self, size: int) -> bytes:
        """Read from the position on."""
        return os.read(self._descriptor, size)

    def write(self, data: bytes) -> int:
        """Write from the position on, or at the end."""
        return os.write(self._descriptor, data)

    def read_at(self, size: int, offset: int) -> bytes:
        """Read from `offset` on."""
        return os.pread(self._descriptor, size, offset)

    def write_at(self, data: bytes, offset: int) -> int:
        """Write from `offset` on; on Linux, at the end if the file was opened to append."""
        return os.pwrite(self._descriptor, data, offset)

    def seek(self, offset: int, whence: int) -> int:
        """Move the position."""
        return os.lseek(self._descriptor, offset, whence)

    def resize(self, size: int) -> None:
        """Cut off or fill up."""
        os.ftruncate(self._descriptor, size)

    def allocate(self, offset: int, length: int) -> None:
        """Have the system reserve room; where it can't, as on macOS, ENOTSUP."""
        if not hasattr(os, "posix_fallocate"):
            raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))
        os.posix_fallocate(self._descriptor, offset, length)

    def advise(self, offset: int, length: int, advice: int) -> None:
        """Tell the system, if it listens."""
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(self._descriptor, offset, length, getattr(os, f"POSIX_FADV_{_ADVICE[advice]}"))

    def sync(self, *, data_only: bool = False) -> None:
        """Have the system write everything out."""
        getattr(os, "fdatasync", os.fsync)(self._descriptor) if data_only else os.fsync(self._descriptor)

    def set_times(self, accessed: int | None, modified: int | None) -> None:
        """Set times. Both are always set, so who sets one at the same time may be undone."""
        now = os.fstat(self._descriptor)
        os.utime(
            self._descriptor,
            ns=(
                now.st_atime_ns if accessed is None else accessed,
                now.st_mtime_ns if modified is None else modified,
            ),
        )

    def set_append(self, append: bool) -> None:
        """Have the system append, or not."""
        import fcntl

        flags = fcntl.fcntl(self._descriptor, fcntl.F_GETFL)
        fcntl.fcntl(self._descriptor, fcntl.F_SETFL, flags | os.O_APPEND if append else flags & ~os.O_APPEND)

    def waits_for(self, *, write: bool) -> int | None:
        """Return the descriptor, unless a regular file, of which nobody ever waits."""
        return None if self._type is FileType.REGULAR_FILE else self._descriptor

    def available(self) -> int:
        """Return what is between the position and the end of a regular file."""
        if self._type is not FileType.REGULAR_FILE:
            return 0
        return max(0, os.fstat(self._descriptor).st_size - os.lseek(self._descriptor, 0, os.SEEK_CUR))

    def close(self) -> None:
        """Close the descriptor; a second time does nothing."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __del__(self) -> None:
        self.close()
