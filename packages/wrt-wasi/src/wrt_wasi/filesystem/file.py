"""`File`: an open file, a stream or a connection; whatever bytes can be read from or written to."""

from __future__ import annotations

import errno
import os
from abc import ABC, abstractmethod
from typing import NoReturn

from wrt_wasi.filesystem.status import FileStatus, FileType

__all__ = ["File"]


class File(ABC):
    """An open handle. It has one owner, who closes it; it is as thread-safe as its guest.

    Sizes, lengths and offsets are in bytes, and not negative. Every method raises `OSError` where the system says no.
    What is no file of a disk need not implement positions, sizes or times: by default those are refused with the error
    codes that POSIX has for pipes.
    """

    @abstractmethod
    def status(self) -> FileStatus:
        """Tell what this is, as of now."""

    @abstractmethod
    def read(self, size: int) -> bytes:
        """Return at most `size` bytes, at least one if there are any; b"" at the end.

        Waits until there are some, or raises `BlockingIOError` if what is open does not wait.
        """

    @abstractmethod
    def write(self, data: bytes) -> int:
        """Write, and return how many bytes were taken; fewer than offered where there is no room for all."""

    @abstractmethod
    def close(self) -> None:
        """Give the handle back. It is not used any more."""

    def flush(self) -> None:  # noqa: B027 - few keep anything back
        """Hand on what was written and kept back; called when a guest's call is done."""

    @property
    def type(self) -> FileType:
        """What this is; it does not change."""
        return self.status().type

    @property
    def seekable(self) -> bool:
        """Whether there is a position."""
        return self.type is FileType.REGULAR_FILE

    def read_at(self, size: int, offset: int) -> bytes:
        """Read from `offset` on; the position stays."""
        _no_position()

    def write_at(self, data: bytes, offset: int) -> int:
        """Write from `offset` on; the position stays."""
        _no_position()

    def seek(self, offset: int, whence: int) -> int:
        """Move the position and return it; `whence` is 0 from the start, 1 from where it is, 2 from the end."""
        _no_position()

    def resize(self, size: int) -> None:
        """Cut off, or fill up with zeros, to `size`."""
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    def allocate(self, offset: int, length: int) -> None:
        """See that there is room for `length` bytes from `offset` on; the file is at least as long then."""
        _no_position()

    def advise(self, offset: int, length: int, advice: int) -> None:  # noqa: B027 - nobody has to listen
        """Hear how a range will be used; `advice` is a number of preview 1, 0 to 5."""

    def sync(self, *, data_only: bool = False) -> None:  # noqa: B027 - not everything is on a disk
        """Return when everything written is where it survives a power cut."""

    def set_times(self, accessed: int | None, modified: int | None) -> None:
        """Set times; None leaves one as it is."""
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    def set_append(self, append: bool) -> None:
        """Have every write go to the end, or not."""
        if append:
            raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))

    def waits_for(self, *, write: bool) -> int | None:
        """Return the host's descriptor that a read, or a write, may have to wait for.

        None for what never makes anybody wait, or where nobody can tell, as of a file object without a descriptor.
        """
        return None

    def available(self) -> int:
        """Return about how many bytes can be read without waiting; a hint for who polls."""
        return 0


def _no_position() -> NoReturn:
    raise OSError(errno.ESPIPE, os.strerror(errno.ESPIPE))
