"""`ReadOnlyDirectory`: any directory, of which nothing can be changed."""

from __future__ import annotations

import errno
import os
from typing import NoReturn

from wrt_wasi.filesystem.directory import Directory
from wrt_wasi.filesystem.file import File
from wrt_wasi.filesystem.status import Entry, FileStatus, OpenMode

__all__ = ["ReadOnlyDirectory", "ReadOnlyFile"]


class ReadOnlyDirectory(Directory):
    """A directory, and all below it, to look at: every change raises `OSError` with EROFS.

    It takes over `directory` and closes it. A file in it can't get another name either, as it could be written by that.
    """

    def __init__(self, directory: Directory, tree: object | None = None) -> None:
        self._directory = directory
        # Not the inner directory's: the same one may be mounted another time, for writing.
        self._tree = object() if tree is None else tree

    @property
    def tree(self) -> object:
        """What entries could be renamed and linked within."""
        return self._tree

    def duplicate(self) -> Directory:
        """Return another handle, which is read-only too."""
        return ReadOnlyDirectory(self._directory.duplicate(), self._tree)

    def close(self) -> None:
        """Close the directory."""
        self._directory.close()

    def status(self) -> FileStatus:
        """Tell what the directory says of itself."""
        return self._directory.status()

    def entries(self) -> list[Entry]:
        """Return what is in it."""
        return self._directory.entries()

    def lookup(self, name: bytes) -> FileStatus:
        """Tell what `name` says of itself."""
        return self._directory.lookup(name)

    def open(self, name: bytes, mode: OpenMode) -> File | Directory:
        """Open to read. Creating what is there already changes nothing, so that alone is no reason to refuse."""
        if mode.write or mode.truncate:
            _refuse()
        if mode.create:
            return self._open_existing(name, mode)
        return self._wrapped(self._directory.open(name, mode))

    def open_directory(self, name: bytes) -> Directory:
        """Open a directory, which is read-only too."""
        return ReadOnlyDirectory(self._directory.open_directory(name), self._tree)

    def read_link(self, name: bytes) -> bytes:
        """Return where a link points to."""
        return self._directory.read_link(name)

    def create_directory(self, name: bytes) -> None:
        """Refuse."""
        _refuse()

    def create_link(self, name: bytes, target: bytes) -> None:
        """Refuse."""
        _refuse()

    def hard_link(self, name: bytes, to: Directory, to_name: bytes) -> None:
        """Refuse."""
        _refuse()

    def rename(self, name: bytes, to: Directory, to_name: bytes) -> None:
        """Refuse."""
        _refuse()

    def unlink(self, name: bytes) -> None:
        """Refuse."""
        _refuse()

    def remove_directory(self, name: bytes) -> None:
        """Refuse."""
        _refuse()

    def set_times(self, name: bytes | None, accessed: int | None, modified: int | None) -> None:
        """Refuse."""
        _refuse()

    def sync(self, *, data_only: bool = False) -> None:
        """Do nothing: nothing was changed."""

    def _open_existing(self, name: bytes, mode: OpenMode) -> File | Directory:
        existing = OpenMode(read=mode.read)
        try:
            opened = self._directory.open(name, existing)
        except FileNotFoundError:
            _refuse()
        if mode.exclusive:
            opened.close()
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        return self._wrapped(opened)

    def _wrapped(self, opened: File | Directory) -> File | Directory:
        if isinstance(opened, Directory):
            return ReadOnlyDirectory(opened, self._tree)
        return ReadOnlyFile(opened)


class ReadOnlyFile(File):
    """A file that may only be read: a handle that was opened for that could still change sizes and times.

    `why` is what a change is answered with.
    """

    def __init__(self, file: File, why: int = errno.EROFS) -> None:
        self._file = file
        self._why = why

    def status(self) -> FileStatus:
        """Tell what the file says of itself."""
        return self._file.status()

    def read(self, size: int) -> bytes:
        """Read from the position on."""
        return self._file.read(size)

    def read_at(self, size: int, offset: int) -> bytes:
        """Read from `offset` on."""
        return self._file.read_at(size, offset)

    def write(self, data: bytes) -> int:
        """Refuse."""
        _refuse(self._why)

    def write_at(self, data: bytes, offset: int) -> int:
        """Refuse."""
        _refuse(self._why)

    def seek(self, offset: int, whence: int) -> int:
        """Move the position."""
        return self._file.seek(offset, whence)

    def resize(self, size: int) -> None:
        """Refuse."""
        _refuse(self._why)

    def allocate(self, offset: int, length: int) -> None:
        """Refuse."""
        _refuse(self._why)

    def advise(self, offset: int, length: int, advice: int) -> None:
        """Pass the advice on."""
        self._file.advise(offset, length, advice)

    def set_times(self, accessed: int | None, modified: int | None) -> None:
        """Refuse."""
        _refuse(self._why)

    def set_append(self, append: bool) -> None:
        """Change what does not matter to who only reads."""
        self._file.set_append(append)

    def waits_for(self, *, write: bool) -> int | None:
        """Return the host's descriptor that a read may have to wait for."""
        return self._file.waits_for(write=write)

    def available(self) -> int:
        """Return about how many bytes can be read without waiting."""
        return self._file.available()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _refuse(why: int = errno.EROFS) -> NoReturn:
    raise OSError(why, os.strerror(why))
