"""Files: `fd_read`, `fd_write` and what else concerns their bytes, of standard streams and connections too."""

from __future__ import annotations

from collections.abc import Callable

from wrt_wasi.filesystem.file import File
from wrt_wasi.preview1.descriptor import Descriptor, Descriptors, FdFlag
from wrt_wasi.preview1.errno import Errno, Refused
from wrt_wasi.preview1.errors import host_errors, signed, size
from wrt_wasi.preview1.guest_memory import GuestMemory
from wrt_wasi.preview1.rights import Right
from wrt_wasi.preview1.waiting import Patience, Waiting

__all__ = ["BLOCK", "Files", "gather", "scatter"]

BLOCK = 1 << 20  # Bytes that are moved between guest and file at a time; a guest may ask for gigabytes.
_WHENCES = (0, 1, 2)  # set, current, end: the numbers are Python's as well
_ADVICES = range(6)


class Files:
    """Reads and writes what is open.

    Buffers are looked at before anything is moved. A read of a stream gives what is there and waits only if nothing is;
    one of a file goes on to the end of the buffers or the file. What the guest writes is flushed at the end of the
    call, so nothing is lost when it traps. A failure after the first byte is told the next time.
    """

    def __init__(self, descriptors: Descriptors, patience: Patience) -> None:
        self._descriptors = descriptors
        self._patience = patience

    # --- reading and writing -------------------------------------------------------------------------------

    def fd_read(self, memory: GuestMemory, fd: int, vectors: int, count: int, done: int) -> None:
        """Read into the buffers, and tell how many bytes; 0 at the end."""
        descriptor, file = self._descriptors.file(fd, Right.FD_READ)

        def read(length: int) -> bytes:
            with self._patience.turn(descriptor, file):
                return file.read(length)

        scatter(memory, vectors, count, done, read, whole=file.seekable)

    def fd_pread(self, memory: GuestMemory, fd: int, vectors: int, count: int, offset: int, done: int) -> None:
        """Read from `offset` on."""
        file = self._positioned(fd, Right.FD_READ)
        position = size(offset)

        def read(length: int) -> bytes:
            nonlocal position
            data = file.read_at(length, position)
            position += len(data)
            return data

        scatter(memory, vectors, count, done, read, whole=True)

    def fd_write(self, memory: GuestMemory, fd: int, vectors: int, count: int, done: int) -> None:
        """Write the buffers, and tell how many bytes were taken."""
        descriptor, file = self._descriptors.file(fd, Right.FD_WRITE)

        def write(data: bytes) -> int:
            with self._patience.turn(descriptor, file, write=True):
                return file.write(data)

        block = self._patience.block_size(file, BLOCK)
        gather(memory, vectors, count, done, write, lambda: _settle(descriptor, file), block)

    def fd_pwrite(self, memory: GuestMemory, fd: int, vectors: int, count: int, offset: int, done: int) -> None:
        """Write from `offset` on."""
        file = self._positioned(fd, Right.FD_WRITE)
        descriptor = self._descriptors.get(fd)
        position = size(offset)

        def write(data: bytes) -> int:
            nonlocal position
            written = file.write_at(data, position)
            position += written
            return written

        gather(memory, vectors, count, done, write, lambda: _settle(descriptor, file))

    # --- positions and sizes -------------------------------------------------------------------------------

    def fd_seek(self, memory: GuestMemory, fd: int, offset: int, whence: int, position: int) -> None:
        """Move the position, and tell it."""
        distance = signed(offset)
        # To ask where the position is, the right to tell it is enough.
        asks = distance == 0 and whence == 1
        file = self._positioned(fd, Right.FD_TELL if asks else Right.FD_SEEK, Right.FD_SEEK if asks else None)
        if whence not in _WHENCES:
            raise Refused(Errno.INVAL)
        memory.require(position, 8)
        with host_errors():
            memory.write_u64(position, file.seek(distance, whence))

    def fd_tell(self, memory: GuestMemory, fd: int, position: int) -> None:
        """Tell the position."""
        file = self._positioned(fd, Right.FD_TELL)
        with host_errors():
            memory.write_u64(position, file.seek(0, 1))

    def fd_filestat_set_size(self, memory: GuestMemory, fd: int, length: int) -> None:
        """Cut the file off, or fill it up with zeros."""
        _, file = self._descriptors.file(fd, Right.FD_FILESTAT_SET_SIZE)
        with host_errors():
            file.resize(size(length))

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
        file = self._positioned(fd, Right.FD_ADVISE)
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

    def _positioned(self, fd: int, right: Right, instead: Right | None = None) -> File:
        """Return what is open if it has positions: a pipe says so (ESPIPE) before it says who may not."""
        descriptor, file = self._descriptors.file(fd)
        with host_errors():
            if not file.seekable:
                raise Refused(Errno.SPIPE)
        if instead is None or instead & ~descriptor.rights:
            self._descriptors.get(fd, right)
        return file


def scatter(
    memory: GuestMemory, vectors: int, count: int, done: int, read: Callable[[int], bytes], *, whole: bool
) -> None:
    """Read into buffers and write how many bytes to `done`; if `whole`, again until they are full or nothing comes."""
    buffers = memory.vectors(vectors, count)
    memory.require(done, 4)
    wanted = sum(length for _, length in buffers)
    total = 0

    def go_on() -> None:
        nonlocal total
        try:
            while total < wanted:
                with host_errors():
                    data = read(min(BLOCK, wanted - total))
                _place(memory, buffers, total, data)
                total += len(data)
                if not whole or not data:
                    break
        except Refused:
            if not total:
                raise
        except Waiting as waiting:
            waiting.again = go_on  # with what it has so far
            raise
        memory.write_u32(done, total)

    go_on()


def gather(
    memory: GuestMemory,
    vectors: int,
    count: int,
    done: int,
    write: Callable[[bytes], int],
    settle: Callable[[], None],
    block: int = BLOCK,
) -> None:
    """Write buffers, `block` bytes at a time until less is taken than is offered, and how many bytes were to `done`."""
    buffers = memory.vectors(vectors, count)
    memory.require(done, 4)
    total = 0
    try:
        for address, length in buffers:
            for start in range(0, length, block):
                data = memory.read(address + start, min(block, length - start))
                with host_errors():
                    taken = write(data)
                total += taken
                if taken < len(data):
                    raise _Enough
    except _Enough:
        pass
    except (Refused, Waiting):
        if not total:
            raise
    with host_errors():
        settle()
    memory.write_u32(done, total)


class _Enough(Exception):
    """Less was taken than was offered."""


def _place(memory: GuestMemory, buffers: list[tuple[int, int]], start: int, data: bytes) -> None:
    """Write bytes to where the buffers, end to end, have position `start`."""
    at = 0
    for address, length in buffers:
        if start < length:
            part = data[at : at + length - start]
            memory.write(address + start, part)
            at += len(part)
            start = 0
            if at == len(data):
                return
        else:
            start -= length


def _settle(descriptor: Descriptor, file: File) -> None:
    """Do what is due after a write."""
    file.flush()
    if descriptor.flags & (FdFlag.SYNC | FdFlag.DSYNC):
        file.sync(data_only=FdFlag.SYNC not in descriptor.flags)
