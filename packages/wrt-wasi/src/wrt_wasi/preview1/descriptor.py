"""`Descriptor` and `Descriptors`: what a guest has open, by number, and with which rights."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from enum import IntFlag

from wrt_wasi.filesystem.directory import Directory
from wrt_wasi.filesystem.file import File
from wrt_wasi.filesystem.status import Entry, FileType
from wrt_wasi.preview1.errno import Errno, Refused
from wrt_wasi.preview1.errors import host_errors
from wrt_wasi.preview1.rights import DIRECTORY, EVERYTHING, NOTHING, Right

__all__ = ["MAXIMUM_DESCRIPTORS", "Descriptor", "Descriptors", "FdFlag"]

MAXIMUM_DESCRIPTORS = 256
"""The most descriptors that a guest has at a time unless told otherwise: each may be one of the host's, which has often
1024 for all that it does."""

_STREAMS = 3  # Guests look for the directories that they are given behind these.


class FdFlag(IntFlag):
    """The flags of a descriptor (preview 1, `fdflags`)."""

    APPEND = 1
    DSYNC = 2
    NONBLOCK = 4
    RSYNC = 8
    SYNC = 16


@dataclass
class Descriptor:
    """Something that a guest has open.

    `rights` are for the descriptor itself, `inheriting` the most that one opened through it gets. `preopened` is
    where the guest finds a directory that it was given, None for all others; `listing` what `fd_readdir` goes on with.
    """

    open: File | Directory
    rights: Right
    inheriting: Right = NOTHING
    flags: FdFlag = FdFlag(0)  # noqa: RUF009 - flags are immutable
    preopened: bytes | None = None
    listing: list[Entry] | None = field(default=None, repr=False)

    @property
    def type(self) -> FileType:
        """What it is."""
        return FileType.DIRECTORY if isinstance(self.open, Directory) else self.open.type


class Descriptors:
    """A guest's open descriptors. The numbers are the lowest that are free, as POSIX has it.

    The first three are the standard streams', which are placed there; else nothing gets them.
    """

    def __init__(self, maximum: int = MAXIMUM_DESCRIPTORS) -> None:
        self._open: dict[int, Descriptor] = {}
        self._maximum = maximum
        self._free: list[int] = []
        self._next = _STREAMS

    def require_room(self) -> None:
        """Raise `Refused` with EMFILE if there is no number left: before anything is opened, made or accepted."""
        if len(self._open) >= self._maximum:
            raise Refused(Errno.MFILE)

    def add(self, descriptor: Descriptor) -> int:
        """Take over what is open, and return its number. Raises `Refused` with EMFILE, and closes it, if too many."""
        if len(self._open) >= self._maximum:
            descriptor.open.close()
            raise Refused(Errno.MFILE)
        if self._free:
            number = heapq.heappop(self._free)
        else:
            number, self._next = self._next, self._next + 1
        self._open[number] = descriptor
        return number

    def place(self, number: int, descriptor: Descriptor) -> None:
        """Take over a standard stream; the number is its own."""
        assert number < _STREAMS
        self._open[number] = descriptor

    def preopen(self, path: bytes, directory: Directory) -> int:
        """Give the guest a directory, which it finds as `path`, with every right."""
        return self.add(Descriptor(directory, DIRECTORY, EVERYTHING, preopened=path))

    def get(self, number: int, rights: Right = NOTHING) -> Descriptor:
        """Return a descriptor; EBADF if it is not open, ENOTCAPABLE without one of `rights`."""
        descriptor = self._open.get(number)
        if descriptor is None:
            raise Refused(Errno.BADF)
        if rights & ~descriptor.rights:
            raise Refused(Errno.NOTCAPABLE)
        return descriptor

    def file(self, number: int, rights: Right = NOTHING) -> tuple[Descriptor, File]:
        """Return a descriptor of anything but a directory, for which the answer is EISDIR."""
        descriptor = self.get(number)
        if isinstance(descriptor.open, Directory):
            raise Refused(Errno.ISDIR)
        self.get(number, rights)
        return descriptor, descriptor.open

    def positioned(self, number: int, right: Right, instead: Right | None = None) -> tuple[Descriptor, File]:
        """Return a descriptor of what has positions: a pipe says so (ESPIPE) before it says who may not.

        Where `instead` is given and there, `right` need not be.
        """
        descriptor, file = self.file(number)
        with host_errors():
            if not file.seekable:
                raise Refused(Errno.SPIPE)
        if instead is None or instead & ~descriptor.rights:
            self.get(number, right)
        return descriptor, file

    def directory(self, number: int, rights: Right = NOTHING) -> tuple[Descriptor, Directory]:
        """Return a descriptor of a directory; for anything else the answer is ENOTDIR."""
        descriptor = self.get(number)
        if not isinstance(descriptor.open, Directory):
            raise Refused(Errno.NOTDIR)
        self.get(number, rights)
        return descriptor, descriptor.open

    def remove(self, number: int) -> Descriptor:
        """Take a descriptor from the guest, and return it for the caller to close."""
        descriptor = self.get(number)
        del self._open[number]
        descriptor.listing = None
        heapq.heappush(self._free, number)
        return descriptor

    def renumber(self, number: int, to: int) -> Descriptor | None:
        """Give an open descriptor the number of another, and return that for the caller to close."""
        moved, replaced = self.get(number), self.get(to)
        if number == to:
            return None
        self.remove(number)
        self._open[to] = moved
        return replaced

    def close(self) -> None:
        """Close all that is open."""
        while self._open:
            self.remove(next(iter(self._open))).open.close()
