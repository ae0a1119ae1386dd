"""`VirtualFile`: a file in memory that a guest has opened."""

from __future__ import annotations

import errno
import os

from wrt_wasi.filesystem.file import File
from wrt_wasi.filesystem.status import FileStatus, FileType
from wrt_wasi.filesystem.virtual.node import Node

__all__ = ["VirtualFile"]


class VirtualFile(File):
    """An open handle of a node; the node lives as long, whatever becomes of its names."""

    def __init__(self, node: Node, *, append: bool = False) -> None:
        self._node: Node | None = node
        node.handles += 1
        self._append = append
        self._position = 0

    @property
    def type(self) -> FileType:
        """A regular file."""
        return FileType.REGULAR_FILE

    def status(self) -> FileStatus:
        """Tell what the node is."""
        return self._open().status()

    def read(self, size: int) -> bytes:
        """Read from the position on."""
        data = self.read_at(size, self._position)
        self._position += len(data)
        return data

    def read_at(self, size: int, offset: int) -> bytes:
        """Read from `offset` on."""
        node = self._open()
        node.accessed = node.volume.clock()
        return bytes(node.data[offset : offset + size])

    def write(self, data: bytes) -> int:
        """Write from the position on, or at the end."""
        if self._append:
            self._position = len(self._open().data)
        written = self.write_at(data, self._position)
        self._position += written
        return written

    def write_at(self, data: bytes, offset: int) -> int:
        """Write from `offset` on, as POSIX says, whether the file was opened to append or not."""
        return self._open().write(data, offset)

    def seek(self, offset: int, whence: int) -> int:
        """Move the position; before the start is EINVAL, behind the end fine."""
        position = offset + (0, self._position, len(self._open().data))[whence]
        if not 0 <= position < 1 << 63:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        self._position = position
        return position

    def resize(self, size: int) -> None:
        """Cut off or fill up."""
        self._open().resize(size)

    def allocate(self, offset: int, length: int) -> None:
        """Fill up to there."""
        if not length:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        self._open().reserve(offset + length)

    def set_times(self, accessed: int | None, modified: int | None) -> None:
        """Set times."""
        self._open().set_times(accessed, modified)

    def set_append(self, append: bool) -> None:
        """Append or not."""
        self._append = append

    def available(self) -> int:
        """Return what is between the position and the end."""
        return max(0, len(self._open().data) - self._position)

    def close(self) -> None:
        """Let the node go; a second time does nothing."""
        node, self._node = self._node, None
        if node is not None:
            node.handles -= 1
            node.release()

    def _open(self) -> Node:
        if self._node is None:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        return self._node
