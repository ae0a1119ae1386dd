"""Descriptors: what a guest can do with whatever is open, standard streams, files and connections alike."""

from __future__ import annotations

from wrt_wasi.filesystem.file import File
from wrt_wasi.preview1.descriptor import FdFlag
from wrt_wasi.preview1.errno import Errno, Refused
from wrt_wasi.preview1.errors import host_errors, signed
from wrt_wasi.preview1.family import Family, Guest
from wrt_wasi.preview1.guest_memory import GuestMemory
from wrt_wasi.preview1.records import fdstat, filestat, prestat
from wrt_wasi.preview1.rights import Right
from wrt_wasi.preview1.transfer import BLOCK, gather, scatter, settle

__all__ = ["DescriptorFunctions", "fd_flags"]

_WHENCES = (0, 1, 2)  # set, current, end: the numbers are Python's as well
_FLAGS = 0x1F  # a number: the complement of an `IntFlag` has no bits but those that are named


class DescriptorFunctions(Family):
    """What concerns a descriptor, whatever is open.

    Buffers are looked at before anything is moved. A read of a stream gives what is there and waits only if nothing is;
    one of a file goes on to the end of the buffers or the file. What the guest writes is flushed at the end of the
    call, so nothing is lost when it traps. A failure after the first byte is told the next time.
    """

    def __init__(self, guest: Guest) -> None:
        super().__init__(guest)
        self._descriptors = guest.descriptors
        self._patience = guest.patience

    # --- reading and writing -------------------------------------------------------------------------------

    def fd_read(self, memory: GuestMemory, fd: int, vectors: int, count: int, done: int) -> None:
        """Read into the buffers, and tell how many bytes; 0 at the end."""
        descriptor, file = self._descriptors.file(fd, Right.FD_READ)

        def read(length: int) -> bytes:
            with self._patience.turn(descriptor, file):
                return file.read(length)

        scatter(memory, vectors, count, done, read, whole=file.seekable)

    def fd_write(self, memory: GuestMemory, fd: int, vectors: int, count: int, done: int) -> None:
        """Write the buffers, and tell how many bytes were taken."""
        descriptor, file = self._descriptors.file(fd, Right.FD_WRITE)

        def write(data: bytes) -> int:
            with self._patience.turn(descriptor, file, write=True):
                return file.write(data)

        block = self._patience.block_size(file, BLOCK)
        gather(memory, vectors, count, done, write, lambda: settle(descriptor, file), block)

    def fd_seek(self, memory: GuestMemory, fd: int, offset: int, whence: int, position: int) -> None:
        """Move the position, and tell it."""
        distance = signed(offset)
        # To ask where the position is, the right to tell it is enough.
        asks = distance == 0 and whence == 1
        _, file = self._descriptors.positioned(
            fd, Right.FD_TELL if asks else Right.FD_SEEK, Right.FD_SEEK if asks else None
        )
        if whence not in _WHENCES:
            raise Refused(Errno.INVAL)
        memory.require(position, 8)
        with host_errors():
            memory.write_u64(position, file.seek(distance, whence))

    def fd_tell(self, memory: GuestMemory, fd: int, position: int) -> None:
        """Tell the position."""
        _, file = self._descriptors.positioned(fd, Right.FD_TELL)
        with host_errors():
            memory.write_u64(position, file.seek(0, 1))

    # --- which numbers there are ---------------------------------------------------------------------------

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

    def fd_prestat_get(self, memory: GuestMemory, fd: int, status: int) -> None:
        """Tell how long the path of a given directory is. Guests ask from 3 on until they hear EBADF."""
        memory.write(status, prestat(self._preopened(fd)))

    def fd_prestat_dir_name(self, memory: GuestMemory, fd: int, path: int, length: int) -> None:
        """Tell the path of a given directory, without a zero behind it."""
        name = self._preopened(fd)
        if length < len(name):
            raise Refused(Errno.NAMETOOLONG)
        memory.write(path, name)

    # --- what is open --------------------------------------------------------------------------------------

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

    def _preopened(self, fd: int) -> bytes:
        path = self._descriptors.get(fd).preopened
        if path is None:
            raise Refused(Errno.BADF)
        return path


def fd_flags(flags: int) -> FdFlag:
    """Return the flags of a descriptor; EINVAL for those that there are not."""
    if flags & ~_FLAGS:
        raise Refused(Errno.INVAL)
    return FdFlag(flags)
