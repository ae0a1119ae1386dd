"""`HostDirectory`: a directory of the host, used by its descriptor and by names in it alone."""

from __future__ import annotations

import errno
import os
import stat
from itertools import islice

from wrt_foundation.errors import WrtError
from wrt_wasi.filesystem.directory import MOST_ENTRIES, Directory
from wrt_wasi.filesystem.file import File
from wrt_wasi.filesystem.host.file import HostFile
from wrt_wasi.filesystem.host.status import status_of, type_of
from wrt_wasi.filesystem.status import Entry, FileStatus, FileType, OpenMode

__all__ = ["HostDirectory"]

# Everything that takes a name has to take the directory too, and must be able not to follow a link.
_BY_DIRECTORY = (os.open, os.stat, os.mkdir, os.rmdir, os.unlink, os.symlink, os.readlink, os.link, os.rename, os.utime)
_SUPPORTED = (
    all(function in os.supports_dir_fd for function in _BY_DIRECTORY)
    and {os.stat, os.utime, os.link} <= os.supports_follow_symlinks
    and hasattr(os, "O_NOFOLLOW")
    and hasattr(os, "O_DIRECTORY")
)
_CLOSED_ON_EXEC = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOCTTY", 0)
# To go through a directory takes the right to search it, not that to read it, where the system knows the difference.
_SEARCH = getattr(os, "O_PATH", getattr(os, "O_SEARCH", os.O_RDONLY))
# What systems say of a link that is not to be followed.
_LINK = {errno.ELOOP, errno.EMLINK, getattr(errno, "EFTYPE", errno.ELOOP)}


class HostDirectory(Directory):
    """An open directory of the host.

    Every operation is one system call on the descriptor and one name that does not follow links, so there is no
    moment between a check and its use in which something could be exchanged.

    `HostDirectory.at(path)` opens one; the path is the embedder's, and is followed as any. Raises `WrtError` on systems
    whose Python has no `dir_fd`, such as Windows, for what is safe here could not be there.
    """

    def __init__(self, descriptor: int, tree: object) -> None:
        self._descriptor = descriptor
        self._tree = tree

    @classmethod
    def at(cls, path: str | os.PathLike[str]) -> HostDirectory:
        """Open the directory at `path`; raises `OSError` if there is none."""
        if not _SUPPORTED:
            raise WrtError(
                "this system's Python can't open names relative to a directory (dir_fd), so directories of the host "
                "can't be given to guests safely; give a VirtualFilesystem"
            )
        return cls(os.open(path, _SEARCH | os.O_DIRECTORY | _CLOSED_ON_EXEC), object())

    @property
    def tree(self) -> object:
        """What was opened with `at`, and all that was reached from it."""
        return self._tree

    def duplicate(self) -> HostDirectory:
        """Return another handle of this directory."""
        return HostDirectory(os.dup(self._descriptor), self._tree)

    def close(self) -> None:
        """Close the descriptor; a second time does nothing."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __del__(self) -> None:
        self.close()

    # --- looking -------------------------------------------------------------------------------------------

    def status(self) -> FileStatus:
        """Ask the system about the directory itself."""
        return status_of(os.fstat(self._descriptor))

    def entries(self) -> list[Entry]:
        """Read the directory."""
        # A descriptor of its own: one that is for searching can't be read, and reading moves its position.
        reading = os.open(".", os.O_RDONLY | os.O_DIRECTORY | _CLOSED_ON_EXEC, dir_fd=self._descriptor)
        try:
            with os.scandir(reading) as found:
                entries = [self._entry(each) for each in islice(found, MOST_ENTRIES + 1)]
        finally:
            os.close(reading)
        if len(entries) > MOST_ENTRIES:
            raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))
        return sorted((each for each in entries if each is not None), key=lambda each: each.name)

    def _entry(self, found: os.DirEntry[str]) -> Entry | None:
        # What the directory itself says of types, where it does, costs no system call.
        try:
            if found.is_file(follow_symlinks=False):
                type_ = FileType.REGULAR_FILE
            elif found.is_dir(follow_symlinks=False):
                type_ = FileType.DIRECTORY
            else:
                type_ = type_of(found.stat(follow_symlinks=False).st_mode)
        except FileNotFoundError:  # removed meanwhile
            return None
        return Entry(os.fsencode(found.name), type_, found.inode())

    def lookup(self, name: bytes) -> FileStatus:
        """Ask the system about a name."""
        return status_of(os.stat(name, dir_fd=self._descriptor, follow_symlinks=False))

    def read_link(self, name: bytes) -> bytes:
        """Read a link."""
        return os.readlink(name, dir_fd=self._descriptor)

    # --- opening -------------------------------------------------------------------------------------------

    def open(self, name: bytes, mode: OpenMode) -> File | Directory:
        """Open a name. A pipe or a device makes nobody wait, here or later: who wants to wait has to know for what."""
        write = mode.write or mode.truncate
        access = os.O_RDWR if mode.read and write else os.O_WRONLY if write else os.O_RDONLY
        flags = access | os.O_NOFOLLOW | os.O_NONBLOCK | _CLOSED_ON_EXEC
        for wanted, flag in (
            (mode.create, os.O_CREAT),
            (mode.exclusive, os.O_EXCL),
            (mode.truncate, os.O_TRUNC),
            (mode.append, os.O_APPEND),
        ):
            flags |= flag if wanted else 0
        try:
            descriptor = os.open(name, flags, 0o666, dir_fd=self._descriptor)
        except OSError as error:
            if error.errno in _LINK:
                raise _is_link() from None
            raise
        try:
            type_ = type_of(os.fstat(descriptor).st_mode)
            if type_ is FileType.DIRECTORY:
                return HostDirectory(descriptor, self._tree)
            return HostFile(descriptor, type_)
        except BaseException:
            os.close(descriptor)
            raise

    def open_directory(self, name: bytes) -> Directory:
        """Open a directory."""
        flags = _SEARCH | os.O_DIRECTORY | os.O_NOFOLLOW | _CLOSED_ON_EXEC
        try:
            return HostDirectory(os.open(name, flags, dir_fd=self._descriptor), self._tree)
        except NotADirectoryError:
            # Which of the two it was only changes what is said; it stays closed.
            if stat.S_ISLNK(os.stat(name, dir_fd=self._descriptor, follow_symlinks=False).st_mode):
                raise _is_link() from None
            raise
        except OSError as error:
            if error.errno in _LINK:
                raise _is_link() from None
            raise

    # --- changing ------------------------------------------------------------------------------------------

    def create_directory(self, name: bytes) -> None:
        """Make a directory, with the rights that the process gives by default."""
        os.mkdir(name, dir_fd=self._descriptor)

    def create_link(self, name: bytes, target: bytes) -> None:
        """Make a symbolic link."""
        os.symlink(target, name, dir_fd=self._descriptor)

    def hard_link(self, name: bytes, to: Directory, to_name: bytes) -> None:
        """Make another name; of a link, another name of the link itself."""
        os.link(
            name,
            to_name,
            src_dir_fd=self._descriptor,
            dst_dir_fd=self._sibling(to)._descriptor,
            follow_symlinks=False,
        )

    def rename(self, name: bytes, to: Directory, to_name: bytes) -> None:
        """Move a name."""
        os.rename(name, to_name, src_dir_fd=self._descriptor, dst_dir_fd=self._sibling(to)._descriptor)

    def unlink(self, name: bytes) -> None:
        """Remove a name of a file."""
        os.unlink(name, dir_fd=self._descriptor)

    def remove_directory(self, name: bytes) -> None:
        """Remove an empty directory."""
        os.rmdir(name, dir_fd=self._descriptor)

    def set_times(self, name: bytes | None, accessed: int | None, modified: int | None) -> None:
        """Set times. Both are always set, so who sets one at the same time may be undone."""
        where: bytes = b"." if name is None else name
        now = os.stat(where, dir_fd=self._descriptor, follow_symlinks=False)
        os.utime(
            where,
            ns=(
                now.st_atime_ns if accessed is None else accessed,
                now.st_mtime_ns if modified is None else modified,
            ),
            dir_fd=self._descriptor,
            follow_symlinks=False,
        )

    def sync(self, *, data_only: bool = False) -> None:
        """Have the system write the directory out."""
        writing = os.open(".", os.O_RDONLY | os.O_DIRECTORY | _CLOSED_ON_EXEC, dir_fd=self._descriptor)
        try:
            os.fsync(writing)
        finally:
            os.close(writing)

    def _sibling(self, other: Directory) -> HostDirectory:
        if not isinstance(other, HostDirectory) or other._tree is not self._tree:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        return other


def _is_link() -> OSError:
    return OSError(errno.ELOOP, os.strerror(errno.ELOOP))
