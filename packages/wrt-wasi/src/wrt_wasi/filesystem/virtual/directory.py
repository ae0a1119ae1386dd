"""`VirtualDirectory`: a directory in memory, with POSIX's rules."""

from __future__ import annotations

import errno
import os
from typing import NoReturn

from wrt_wasi.filesystem.directory import Directory
from wrt_wasi.filesystem.file import File
from wrt_wasi.filesystem.status import Entry, FileStatus, FileType, OpenMode
from wrt_wasi.filesystem.virtual.file import VirtualFile
from wrt_wasi.filesystem.virtual.node import Node, Volume

__all__ = ["VirtualDirectory"]


class VirtualDirectory(Directory):
    """An open handle of a directory node; the node lives as long, though nothing can be made in one without a name."""

    def __init__(self, node: Node) -> None:
        self._node = node
        node.handles += 1
        self._closed = False

    @property
    def tree(self) -> Volume:
        """The filesystem."""
        return self._node.volume

    def duplicate(self) -> VirtualDirectory:
        """Return another handle of this directory."""
        return VirtualDirectory(self._node)

    def close(self) -> None:
        """Let the node go; a second time does nothing."""
        if not self._closed:
            self._closed = True
            self._node.handles -= 1
            self._node.release()

    # --- looking -------------------------------------------------------------------------------------------

    def status(self) -> FileStatus:
        """Tell what the directory is."""
        return self._node.status()

    def entries(self) -> list[Entry]:
        """Return what is in it."""
        return [Entry(name, node.type, node.inode) for name, node in sorted(self._node.children.items())]

    def lookup(self, name: bytes) -> FileStatus:
        """Tell what a name is."""
        return self._node.child(name).status()

    def read_link(self, name: bytes) -> bytes:
        """Return where a link points to."""
        node = self._node.child(name)
        if node.type is not FileType.SYMBOLIC_LINK:
            _fail(errno.EINVAL)
        return bytes(node.data)

    # --- opening -------------------------------------------------------------------------------------------

    def open(self, name: bytes, mode: OpenMode) -> File | Directory:
        """Open a name, made before if it is not there and `mode` says so."""
        node = self._node.children.get(name)
        if node is None:
            if not mode.create:
                _fail(errno.ENOENT)
            node = self._make(name, FileType.REGULAR_FILE)
        elif mode.create and mode.exclusive:
            _fail(errno.EEXIST)
        elif node.type is FileType.SYMBOLIC_LINK:
            _fail(errno.ELOOP)
        elif node.is_directory:
            if mode.changes:
                _fail(errno.EISDIR)
            return VirtualDirectory(node)
        if mode.truncate:
            node.resize(0)
        return VirtualFile(node, append=mode.append)

    def open_directory(self, name: bytes) -> Directory:
        """Open a directory."""
        node = self._node.child(name)
        if node.type is FileType.SYMBOLIC_LINK:
            _fail(errno.ELOOP)
        if not node.is_directory:
            _fail(errno.ENOTDIR)
        return VirtualDirectory(node)

    # --- changing ------------------------------------------------------------------------------------------

    def create_directory(self, name: bytes) -> None:
        """Make an empty directory."""
        self._require_free(name)
        self._make(name, FileType.DIRECTORY)

    def create_link(self, name: bytes, target: bytes) -> None:
        """Make a symbolic link."""
        self._require_free(name)
        self._make(name, FileType.SYMBOLIC_LINK, target)

    def hard_link(self, name: bytes, to: Directory, to_name: bytes) -> None:
        """Make another name of anything but a directory."""
        destination = self._sibling(to)
        node = self._node.child(name)
        if node.is_directory:
            _fail(errno.EPERM)
        destination._require_free(to_name)
        destination._node.add(to_name, node)

    def rename(self, name: bytes, to: Directory, to_name: bytes) -> None:
        """Move a name: over a file, or a directory over an empty one, but not into itself."""
        destination = self._sibling(to)
        node = self._node.child(name)
        if node.is_directory and _is_in(destination._node, node):
            _fail(errno.EINVAL)
        replaced = destination._node.children.get(to_name)
        if replaced is node:
            return
        if replaced is not None:
            if node.is_directory and not replaced.is_directory:
                _fail(errno.ENOTDIR)
            if replaced.is_directory and not node.is_directory:
                _fail(errno.EISDIR)
            if replaced.children:
                _fail(errno.ENOTEMPTY)
            destination._node.remove(to_name)
        # The new name first: if there is no room for it, the old one stays.
        destination._node.add(to_name, node)
        self._node.remove(name)

    def unlink(self, name: bytes) -> None:
        """Remove a name of a file or a link."""
        if self._node.child(name).is_directory:
            _fail(errno.EISDIR)
        self._node.remove(name)

    def remove_directory(self, name: bytes) -> None:
        """Remove an empty directory."""
        node = self._node.child(name)
        if not node.is_directory:
            _fail(errno.ENOTDIR)
        if node.children:
            _fail(errno.ENOTEMPTY)
        self._node.remove(name)

    def set_times(self, name: bytes | None, accessed: int | None, modified: int | None) -> None:
        """Set times."""
        (self._node if name is None else self._node.child(name)).set_times(accessed, modified)

    def sync(self, *, data_only: bool = False) -> None:
        """Do nothing: memory is not a disk."""

    def _make(self, name: bytes, type_: FileType, data: bytes = b"") -> Node:
        node = Node(self._node.volume, type_, data)
        try:
            self._node.add(name, node)
        except OSError:
            node.release()
            raise
        return node

    def _require_free(self, name: bytes) -> None:
        if name in self._node.children:
            _fail(errno.EEXIST)

    def _sibling(self, other: Directory) -> VirtualDirectory:
        if not isinstance(other, VirtualDirectory) or other.tree is not self.tree:
            _fail(errno.EXDEV)
        return other


def _is_in(node: Node, ancestor: Node) -> bool:
    """Whether `node` is `ancestor` or below it."""
    below = [ancestor]
    while below:
        each = below.pop()
        if each is node:
            return True
        below += (child for child in each.children.values() if child.is_directory)
    return False


def _fail(number: int) -> NoReturn:
    raise OSError(number, os.strerror(number))
