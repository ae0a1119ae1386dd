"""`Node`: what is in a virtual filesystem, apart from its names: contents, links, times."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable

from wrt_wasi.filesystem.status import FileStatus, FileType

__all__ = ["Node", "Volume"]

_OVERHEAD = 256  # Bytes that a node is charged besides its contents, about what it takes.
DEVICE = 0x5757  # Not a device of the host: virtual filesystems have one of their own.


class Volume:
    """What the nodes of one filesystem share: how many bytes there may be, what time it is, who comes next."""

    def __init__(self, capacity: int, clock: Callable[[], int]) -> None:
        self.capacity = capacity
        self.clock = clock
        self.used = 0
        self._inodes = 0

    def charge(self, size: int) -> None:
        """Take room before it is used, or give it back if `size` is negative. Raises `OSError` with ENOSPC."""
        if size > self.capacity - self.used and size > 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.used += size

    def next_inode(self) -> int:
        """Return a number that no node had."""
        self._inodes += 1
        return self._inodes


class Node:
    """A file, a directory or a symbolic link. Its room is given back when no name and no handle is left.

    `data` are the bytes of a file or a link's target; `children` the entries of a directory.
    """

    __slots__ = (
        "_charged",
        "accessed",
        "changed",
        "children",
        "data",
        "handles",
        "inode",
        "links",
        "modified",
        "type",
        "volume",
    )

    def __init__(self, volume: Volume, type_: FileType, data: bytes = b"") -> None:
        self._charged = _OVERHEAD + len(data)
        volume.charge(self._charged)
        self.volume = volume
        self.type = type_
        self.inode = volume.next_inode()
        self.data = bytearray(data)
        self.children: dict[bytes, Node] = {}
        self.links = self.handles = 0
        self.accessed = self.modified = self.changed = volume.clock()

    @property
    def is_directory(self) -> bool:
        """Whether it has entries."""
        return self.type is FileType.DIRECTORY

    def status(self) -> FileStatus:
        """Return what it says of itself."""
        return FileStatus(
            type=self.type,
            device=DEVICE,
            inode=self.inode,
            links=self.links,
            size=len(self.data),
            accessed=self.accessed,
            modified=self.modified,
            changed=self.changed,
        )

    def write(self, data: bytes, offset: int) -> int:
        """Write bytes, filling up with zeros before them, and return how many."""
        if data:
            self.reserve(offset + len(data))
            self.data[offset : offset + len(data)] = data
            self.touch()
        return len(data)

    def reserve(self, size: int) -> None:
        """Be of at least `size` bytes."""
        if size > len(self.data):
            self.volume.charge(size - len(self.data))
            self._charged += size - len(self.data)
            self.data.extend(bytes(size - len(self.data)))
            self.touch()

    def resize(self, size: int) -> None:
        """Be of `size` bytes."""
        self.reserve(size)
        if size < len(self.data):
            self.volume.charge(size - len(self.data))
            self._charged -= len(self.data) - size
            del self.data[size:]
        self.touch()

    def touch(self) -> None:
        """Note a change of the content."""
        self.modified = self.changed = self.volume.clock()

    def set_times(self, accessed: int | None, modified: int | None) -> None:
        """Set times; None leaves one as it is."""
        self.accessed = self.accessed if accessed is None else accessed
        self.modified = self.modified if modified is None else modified
        self.changed = self.volume.clock()

    # --- entries -------------------------------------------------------------------------------------------

    def child(self, name: bytes) -> Node:
        """Return the node that `name` is here; `OSError` with ENOENT if none."""
        try:
            return self.children[name]
        except KeyError:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)) from None

    def add(self, name: bytes, node: Node) -> None:
        """Give a node a name that nobody has here. What is charged for it is the name's length, and some."""
        if len(name) > 255:
            raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
        if self.is_directory and not self.links:  # removed, and only still open
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        self.volume.charge(_name_size(name))
        self.children[name] = node
        node.links += 1
        node.changed = self.volume.clock()
        self.touch()

    def remove(self, name: bytes) -> Node:
        """Take a name away, and return the node that had it."""
        node = self.child(name)
        del self.children[name]
        self.volume.charge(-_name_size(name))
        node.links -= 1
        node.changed = self.volume.clock()
        self.touch()
        node.release()
        return node

    def release(self) -> None:
        """Give the room back if nobody can reach this any more."""
        if not self.links and not self.handles:
            self.volume.charge(-self._charged)
            self._charged = 0
            self.data.clear()


def _name_size(name: bytes) -> int:
    return 64 + len(name)
