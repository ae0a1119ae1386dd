"""Directories: `fd_readdir`."""

from __future__ import annotations

from itertools import islice

from wrt_wasi.filesystem.directory import Directory
from wrt_wasi.filesystem.status import Entry, FileType
from wrt_wasi.preview1.descriptor import Descriptor
from wrt_wasi.preview1.errors import host_errors
from wrt_wasi.preview1.family import Family, Guest
from wrt_wasi.preview1.guest_memory import GuestMemory
from wrt_wasi.preview1.records import dirent
from wrt_wasi.preview1.rights import Right

__all__ = ["LONGEST_LISTINGS", "Directories"]

LONGEST_LISTINGS = 1 << 20
"""How many entries the listings that a guest reads may have together: older ones are made anew if it goes on."""


class Directories(Family):
    """What guests ask of open directories."""

    def __init__(self, guest: Guest) -> None:
        super().__init__(guest)
        self._descriptors = guest.descriptors
        self._listed: list[Descriptor] = []  # those with a listing, the one used last at the end

    def fd_readdir(self, memory: GuestMemory, fd: int, buffer: int, length: int, cookie: int, done: int) -> None:
        """Write entries from `cookie` on, the last one cut off where the buffer ends, and how many bytes they take.

        A buffer that is not filled says that there are no more. Cookies are positions in the listing, which is made
        when a guest begins, with cookie 0; so removing entries meanwhile makes nobody miss one.
        """
        descriptor, directory = self._descriptors.directory(fd, Right.FD_READDIR)
        memory.require(buffer, length)
        memory.require(done, 4)
        listing = descriptor.listing
        if cookie == 0 or listing is None:
            with host_errors():
                listing = _listing(directory)
            self._keep(descriptor, listing)
        records, size = [], 0
        for following, entry in enumerate(islice(listing, min(cookie, len(listing)), None), cookie + 1):
            if size >= length:
                break
            records.append(dirent(entry, following))
            size += len(records[-1])
        data = b"".join(records)[:length]
        memory.write(buffer, data)
        memory.write_u32(done, len(data))

    def _keep(self, descriptor: Descriptor, listing: list[Entry]) -> None:
        descriptor.listing = listing
        self._listed = [each for each in self._listed if each.listing is not None and each is not descriptor]
        self._listed.append(descriptor)
        while sum(len(each.listing or ()) for each in self._listed) > LONGEST_LISTINGS:
            self._listed.pop(0).listing = None


def _listing(directory: Directory) -> list[Entry]:
    """Return the entries. What is above a directory that was given is nobody's business, so ".." is itself."""
    inode = directory.status().inode
    itself = [Entry(name, FileType.DIRECTORY, inode) for name in (b".", b"..")]
    return [*itself, *directory.entries()]
