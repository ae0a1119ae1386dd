"""Descriptors: `fd_close`, `fd_renumber`, `fd_fdstat_*`, and what every open descriptor says of itself."""

from __future__ import annotations

from wrt_wasi.filesystem.directory import Directory
from wrt_wasi.filesystem.file import File
from wrt_wasi.preview1.clocks import Clock, Clocks
from wrt_wasi.preview1.descriptor import Descriptors, FdFlag
from wrt_wasi.preview1.errno import Errno, Refused
from wrt_wasi.preview1.errors import host_errors
from wrt_wasi.preview1.guest_memory import GuestMemory
from wrt_wasi.preview1.records import fdstat, filestat
from wrt_wasi.preview1.rights import Right
from wrt_wasi.preview1.times import chosen_times

__all__ = ["DescriptorFunctions", "fd_flags"]

_FLAGS = 0x1F  # a number: the complement of an `IntFlag` has no bits but those that are named


class DescriptorFunctions:
    """What concerns a descriptor, whatever is open."""

    def __init__(self, descriptors: Descriptors, clocks: Clocks) -> None:
        self._descriptors = descriptors
        self._clocks = clocks

    def fd_close(self, memory: GuestMemory, fd: int) -> None:
        """Close a descriptor. What is the embedder's, such as a standard stream, is only taken from the guest."""
        with host_errors():
            self._descriptors.remove(fd).open.close()

    def fd_renumber(self, memory: GuestMemory, fd: int, to: int) -> None:
        """Give the open descriptor `fd` the number of the open descriptor `to`, which is closed."""
        replaced = self._descriptors.renumber(fd, to)
        if replaced is not None:
            with host_errors():
                replaced.open.close()

    def fd_fdstat_get(self, memory: GuestMemory, fd: int, status: int) -> None:
        """Tell a descriptor's file type, flags and rights."""
        with host_errors():
            memory.write(status, fdstat(self._descriptors.get(fd)))

    def fd_fdstat_set_flags(self, memory: GuestMemory, fd: int, flags: int) -> None:
        """Set a descriptor's flags."""
        descriptor = self._descriptors.get(fd, Right.FD_FDSTAT_SET_FLAGS)
        wanted = fd_flags(flags)
        changed = descriptor.flags ^ wanted
        if isinstance(descriptor.open, File):
            if changed & FdFlag.APPEND:
                with host_errors():
                    descriptor.open.set_append(FdFlag.APPEND in wanted)
        elif FdFlag.APPEND in wanted:
            raise Refused(Errno.INVAL)
        descriptor.flags = wanted

    def fd_fdstat_set_rights(self, memory: GuestMemory, fd: int, rights: int, inheriting: int) -> None:
        """Give up rights; none can be added."""
        descriptor = self._descriptors.get(fd)
        if rights & ~int(descriptor.rights) or inheriting & ~int(descriptor.inheriting):
            raise Refused(Errno.NOTCAPABLE)
        descriptor.rights, descriptor.inheriting = Right(rights), Right(inheriting)

    def fd_filestat_get(self, memory: GuestMemory, fd: int, status: int) -> None:
        """Tell what is open."""
        with host_errors():
            memory.write(status, filestat(self._descriptors.get(fd, Right.FD_FILESTAT_GET).open.status()))

    def fd_filestat_set_times(self, memory: GuestMemory, fd: int, accessed: int, modified: int, flags: int) -> None:
        """Set the times of what is open."""
        descriptor = self._descriptors.get(fd)
        times = chosen_times(accessed, modified, flags, lambda: self._clocks.now(Clock.REALTIME))
        self._descriptors.get(fd, Right.FD_FILESTAT_SET_TIMES)
        with host_errors():
            if isinstance(descriptor.open, Directory):
                descriptor.open.set_times(None, *times)
            else:
                descriptor.open.set_times(*times)


def fd_flags(flags: int) -> FdFlag:
    """Return the flags of a descriptor; EINVAL for those that there are not."""
    if flags & ~_FLAGS:
        raise Refused(Errno.INVAL)
    return FdFlag(flags)
