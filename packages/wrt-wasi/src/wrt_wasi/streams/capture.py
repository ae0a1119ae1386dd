"""`Capture`: an output that is kept in memory, up to a limit."""

from __future__ import annotations

import errno
import os

from wrt_wasi.filesystem.file import File
from wrt_wasi.filesystem.status import FileStatus, FileType

__all__ = ["CAPTURE_LIMIT", "Capture"]

CAPTURE_LIMIT = 64 << 20
"""The most bytes that a `Capture` keeps unless told otherwise: 64 MiB."""


class Capture(File):
    """An output that is kept, up to `limit` bytes: then the guest hears that no space is left (ENOSPC)."""

    def __init__(self, limit: int = CAPTURE_LIMIT) -> None:
        self._limit = limit
        self._data = bytearray()
        self.full = False
        """Whether something was refused for want of room."""

    @property
    def type(self) -> FileType:
        """Nothing in particular."""
        return FileType.UNKNOWN

    @property
    def data(self) -> bytes:
        """What was written so far."""
        return bytes(self._data)

    def status(self) -> FileStatus:
        """Tell the type."""
        return FileStatus(FileType.UNKNOWN)

    def read(self, size: int) -> bytes:
        """Return nothing: an output."""
        return b""

    def write(self, data: bytes) -> int:
        """Keep what there is room for."""
        room = self._limit - len(self._data)
        if len(data) > room:
            self.full = True
            if not room:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            data = data[:room]
        self._data += data
        return len(data)

    def close(self) -> None:
        """Do nothing: what was written stays."""
