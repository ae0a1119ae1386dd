"""`GuardedDirectory`: a directory of the host of which a policy says, for each file, what may be done."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable

from wrt_wasi.filesystem.directory import Directory
from wrt_wasi.filesystem.file import File
from wrt_wasi.filesystem.read_only import ReadOnlyFile
from wrt_wasi.filesystem.status import Entry, FileStatus, FileType, OpenMode

__all__ = ["GuardedDirectory", "Permits"]

Permits = Callable[[str, str], bool]
"""Whether the operation, "read", "write", "create" or "remove", may be done on the path; whoever answers records it."""


class GuardedDirectory(Directory):
    """A directory, and all below it, where `permits` is asked before anything is done; no is EACCES.

    It takes over `directory` and closes it. `path` is the directory's own, resolved: names are added to it without any
    link being followed, so what is asked about is resolved too, as long as the host moves nothing. Links are asked
    about as themselves, and what they lead to as what that is. Going through a directory is reading it. Directories
    are not renamed: what is in them would be asked about by other paths.
    """

    def __init__(self, directory: Directory, path: str, permits: Permits) -> None:
        self._directory = directory
        self._path = path
        self._permits = permits

    @property
    def tree(self) -> object:
        """What entries can be renamed and linked within."""
        return self._directory.tree

    def duplicate(self) -> Directory:
        """Return another handle, which is guarded too."""
        return GuardedDirectory(self._directory.duplicate(), self._path, self._permits)

    def close(self) -> None:
        """Close the directory."""
        self._directory.close()

    def status(self) -> FileStatus:
        """Tell what the directory says of itself."""
        self._require("read")
        return self._directory.status()

    def entries(self) -> list[Entry]:
        """Return what is in it."""
        self._require("read")
        return self._directory.entries()

    def lookup(self, name: bytes) -> FileStatus:
        """Tell what `name` says of itself."""
        self._require("read", name)
        return self._directory.lookup(name)

    def open(self, name: bytes, mode: OpenMode) -> File | Directory:
        """Open a name for what may be done with it, and make it only if that may be."""
        if mode.read or not (mode.write or mode.truncate):
            self._require("read", name)
        if mode.write or mode.truncate:
            self._require("write", name)
        if mode.create and not self._permits("create", self._below(name)):
            return self._wrapped(name, mode, self._open_existing(name, mode))
        return self._wrapped(name, mode, self._directory.open(name, mode))

    def open_directory(self, name: bytes) -> Directory:
        """Open a directory, which is guarded too."""
        self._require("read", name)
        return GuardedDirectory(self._directory.open_directory(name), self._below(name), self._permits)

    def read_link(self, name: bytes) -> bytes:
        """Return where a link points to."""
        self._require("read", name)
        return self._directory.read_link(name)

    def create_directory(self, name: bytes) -> None:
        """Make an empty directory."""
        self._require("create", name)
        self._directory.create_directory(name)

    def create_link(self, name: bytes, target: bytes) -> None:
        """Make a symbolic link."""
        self._require("create", name)
        self._directory.create_link(name, target)

    def hard_link(self, name: bytes, to: Directory, to_name: bytes) -> None:
        """Make another name of a file: by that, it can be read and written, so here it must be allowed to be."""
        self._require("read", name)
        self._require("write", name)
        self._directory.hard_link(name, self._target(to, to_name), to_name)

    def rename(self, name: bytes, to: Directory, to_name: bytes) -> None:
        """Move a name: by the new one all may be done that is allowed there, so here it must be allowed to be."""
        for operation in ("read", "write", "remove"):
            self._require(operation, name)
        if self._directory.lookup(name).type is FileType.DIRECTORY:
            raise _denied()
        target = self._target(to, to_name)
        assert isinstance(to, GuardedDirectory)
        to._require("remove", to_name)  # what may have the name already
        self._directory.rename(name, target, to_name)

    def unlink(self, name: bytes) -> None:
        """Remove a name of a file."""
        self._require("remove", name)
        self._directory.unlink(name)

    def remove_directory(self, name: bytes) -> None:
        """Remove an empty directory."""
        self._require("remove", name)
        self._directory.remove_directory(name)

    def set_times(self, name: bytes | None, accessed: int | None, modified: int | None) -> None:
        """Set times."""
        self._require("write", name)
        self._directory.set_times(name, accessed, modified)

    def sync(self, *, data_only: bool = False) -> None:
        """Have every change arrive."""
        self._directory.sync(data_only=data_only)

    def _open_existing(self, name: bytes, mode: OpenMode) -> File | Directory:
        if mode.exclusive:
            self._directory.lookup(name)  # or there is no such file, and none may be made
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        existing = OpenMode(read=mode.read, write=mode.write, truncate=mode.truncate, append=mode.append)
        try:
            return self._directory.open(name, existing)
        except FileNotFoundError:
            raise _denied() from None

    def _wrapped(self, name: bytes, mode: OpenMode, opened: File | Directory) -> File | Directory:
        if isinstance(opened, Directory):
            return GuardedDirectory(opened, self._below(name), self._permits)
        return opened if mode.write or mode.truncate else ReadOnlyFile(opened, errno.EACCES)

    def _target(self, to: Directory, name: bytes) -> Directory:
        if not isinstance(to, GuardedDirectory):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        to._require("create", name)
        return to._directory

    def _require(self, operation: str, name: bytes | None = None) -> None:
        if not self._permits(operation, self._path if name is None else self._below(name)):
            raise _denied()

    def _below(self, name: bytes) -> str:
        return os.path.join(self._path, os.fsdecode(name))  # noqa: PTH118 - a path is no text


def _denied() -> OSError:
    return PermissionError(errno.EACCES, os.strerror(errno.EACCES))
