"""`Directory`: an open directory, the only way to what is in it."""

from __future__ import annotations

from abc import ABC, abstractmethod

from wrt_wasi.filesystem.file import File
from wrt_wasi.filesystem.status import Entry, FileStatus, OpenMode

__all__ = ["MOST_ENTRIES", "Directory"]

MOST_ENTRIES = 1 << 20
"""How many entries a listing may have: it is in memory as a whole, and who makes files should not fill that."""


class Directory(ABC):
    """An open handle of a directory. It has one owner, who closes it; it is as thread-safe as its guest.

    Methods take the name of *one entry*, bytes that are neither empty, "." nor "..", and hold no slash and no zero: who
    calls has seen to that. No method follows a symbolic link, whatever happens to the directory meanwhile: a link that
    is opened raises `OSError` with ELOOP. So whoever holds a directory reaches what is in it, and nothing else.

    Every method raises `OSError`, with the `errno` that POSIX has for it. Times are nanoseconds since 1970-01-01 UTC.
    """

    @property
    @abstractmethod
    def tree(self) -> object:
        """What entries can be renamed and linked within: the same object for all directories of one mount."""

    @abstractmethod
    def duplicate(self) -> Directory:
        """Return another handle of this directory."""

    @abstractmethod
    def close(self) -> None:
        """Give the handle back. It is not used any more."""

    @abstractmethod
    def status(self) -> FileStatus:
        """Tell what the directory says of itself."""

    @abstractmethod
    def entries(self) -> list[Entry]:
        """Return what is in it, without "." and "..", sorted by name: programs should run the same everywhere.

        More than `MOST_ENTRIES` are too many (ENOMEM).
        """

    @abstractmethod
    def lookup(self, name: bytes) -> FileStatus:
        """Tell what `name` says of itself; of a link, the link itself."""

    @abstractmethod
    def open(self, name: bytes, mode: OpenMode) -> File | Directory:
        """Open what `name` is: a directory, for which `mode` may not ask to write (EISDIR), or any other file."""

    @abstractmethod
    def open_directory(self, name: bytes) -> Directory:
        """Open a directory; anything else raises ENOTDIR, and a link ELOOP."""

    @abstractmethod
    def read_link(self, name: bytes) -> bytes:
        """Return where a link points to; anything else raises EINVAL."""

    @abstractmethod
    def create_directory(self, name: bytes) -> None:
        """Make an empty directory."""

    @abstractmethod
    def create_link(self, name: bytes, target: bytes) -> None:
        """Make a symbolic link to `target`, which nobody looks at."""

    @abstractmethod
    def hard_link(self, name: bytes, to: Directory, to_name: bytes) -> None:
        """Make `to_name` in `to`, which is of the same tree, another name of the file `name`."""

    @abstractmethod
    def rename(self, name: bytes, to: Directory, to_name: bytes) -> None:
        """Move `name` to `to`, which is of the same tree, replacing what has the name there if POSIX says so."""

    @abstractmethod
    def unlink(self, name: bytes) -> None:
        """Remove a name of anything but a directory (EISDIR)."""

    @abstractmethod
    def remove_directory(self, name: bytes) -> None:
        """Remove an empty directory."""

    @abstractmethod
    def set_times(self, name: bytes | None, accessed: int | None, modified: int | None) -> None:
        """Set times of `name`, of a link those of the link, or of the directory itself; None leaves one as it is."""

    @abstractmethod
    def sync(self, *, data_only: bool = False) -> None:
        """Return when every change of entries is where it survives a power cut."""
