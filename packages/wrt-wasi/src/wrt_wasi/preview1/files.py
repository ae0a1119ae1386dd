"""Files: what is done with those that have positions and sizes."""

from __future__ import annotations

from wrt_wasi.filesystem.directory import Directory
from wrt_wasi.filesystem.file import File
from wrt_wasi.preview1.clocks import Clock
from wrt_wasi.preview1.errno import Errno, Refused
from wrt_wasi.preview1.errors import host_errors, size
from wrt_wasi.preview1.family import Family, Guest
from wrt_wasi.preview1.guest_memory import GuestMemory
from wrt_wasi.preview1.rights import Right
from wrt_wasi.preview1.times import chosen_times
from wrt_wasi.preview1.transfer import gather, scatter, settle

__all__ = ["Files"]

_ADVICES = range(6)


class Files(Family):
    """Reads and writes at offsets, and changes sizes and times."""

    def __init__(self, guest: Guest) -> None:
        super().__init__(guest)
        self._descriptors = guest.descriptors
        self._clocks = guest.clocks

    # --- reading and writing at an offset ------------------------------------------------------------------

    def fd_pread(self, memory: GuestMemory, fd: int, vectors: int, count: int, offset: int, done: int) -> None:
        """Read from `offset` on."""
        _, file = self._descriptors.positioned(fd, Right.FD_READ)
        position = size(offset)

        def read(length: int) -> bytes:
            nonlocal position
            data = file.read_at(length, position)
            position += len(data)
            return data

        scatter(memory, vectors, count, done, read, whole=True)

    def fd_pwrite(self, memory: GuestMemory, fd: int, vectors: int, count: int, offset: int, done: int) -> None:
        """Write from `offset` on."""
        descriptor, file = self._descriptors.positioned(fd, Right.FD_WRITE)
        position = size(offset)

        def write(data: bytes) -> int:
            nonlocal position
            written = file.write_at(data, position)
            position += written
            return written

        gather(memory, vectors, count, done, write, lambda: settle(descriptor, file))

    # --- sizes and times -----------------------------------------------------------------------------------

    def fd_filestat_set_size(self, memory: GuestMemory, fd: int, length: int) -> None:
        """Cut the file off, or fill it up with zeros."""
        _, file = self._descriptors.file(fd, Right.FD_FILESTAT_SET_SIZE)
        with host_errors():
            file.resize(size(length))

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

    def fd_allocate(self, memory: GuestMemory, fd: int, offset: int, length: int) -> None:
        """See that there is room for a range."""
        _, file = self._descriptors.file(fd, Right.FD_ALLOCATE)
        if not length:
            raise Refused(Errno.INVAL)
        if offset + length >= 1 << 63:
            raise Refused(Errno.FBIG)
        with host_errors():
            file.allocate(offset, length)

    def fd_advise(self, memory: GuestMemory, fd: int, offset: int, length: int, advice: int) -> None:
        """Pass on how a range will be used."""
        _, file = self._descriptors.positioned(fd, Right.FD_ADVISE)
        if advice not in _ADVICES:
            raise Refused(Errno.INVAL)
        with host_errors():
            file.advise(size(offset), size(length), advice)

    # --- getting it to the disk ----------------------------------------------------------------------------

    def fd_sync(self, memory: GuestMemory, fd: int) -> None:
        """Return when content and status are on the disk, of a directory its entries."""
        self._sync(fd, Right.FD_SYNC, data_only=False)

    def fd_datasync(self, memory: GuestMemory, fd: int) -> None:
        """Return when the content is on the disk."""
        self._sync(fd, Right.FD_DATASYNC, data_only=True)

    def _sync(self, fd: int, right: Right, *, data_only: bool) -> None:
        descriptor = self._descriptors.get(fd)
        if isinstance(descriptor.open, File) and not descriptor.open.seekable:
            return  # every write has been flushed
        self._descriptors.get(fd, right)
        with host_errors():
            descriptor.open.sync(data_only=data_only)
