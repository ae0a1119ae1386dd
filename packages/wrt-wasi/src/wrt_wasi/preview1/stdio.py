"""The standard streams, descriptors 0, 1 and 2: `fd_read`, `fd_write` and what else concerns open descriptors.

No directory is open to the guest, so there is no other descriptor.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO, TextIOBase
from typing import BinaryIO

from wrt_foundation.errors import WrtError
from wrt_wasi.preview1.errno import Errno, Refused, refusal
from wrt_wasi.preview1.guest_memory import GuestMemory

__all__ = ["Stdio"]

_BLOCK = 1 << 20  # Bytes that one call moves between guest and stream at a time; a guest may ask for gigabytes.

_UNKNOWN, _CHARACTER_DEVICE = 0, 2
_APPEND, _DSYNC, _NONBLOCK, _RSYNC, _SYNC = (1 << bit for bit in range(5))
_RIGHT_READ, _RIGHT_SET_FLAGS, _RIGHT_WRITE, _RIGHT_STAT = 1 << 1, 1 << 3, 1 << 6, 1 << 21


@dataclass
class _Stream:
    """An open descriptor: the embedder's file, which way bytes go, and the guest's flags.

    `file` None is a stream that nobody listens to: it is read as empty and swallows what is written.
    """

    file: BinaryIO | None
    rights: int
    flags: int = 0

    @property
    def type(self) -> int:
        # Guests buffer by lines on a terminal, and by blocks elsewhere.
        with _host_errors():
            return _CHARACTER_DEVICE if self.file is not None and self.file.isatty() else _UNKNOWN


class Stdio:
    """The guest's standard streams.

    What the guest writes is flushed at the end of the call, so nothing is lost when it traps. A read gives what
    is there and waits only if nothing is. Closing a descriptor takes it from the guest and leaves the file open.
    """

    def __init__(self, stdin: BinaryIO | bytes | None, stdout: BinaryIO | None, stderr: BinaryIO | None) -> None:
        for file in (stdin, stdout, stderr):
            if isinstance(file, TextIOBase):
                raise WrtError(f"a standard stream has to be binary, such as sys.stdout.buffer; this is text: {file!r}")
        source = BytesIO(stdin) if isinstance(stdin, bytes) else stdin
        both = _RIGHT_STAT | _RIGHT_SET_FLAGS
        self._open = {
            0: _Stream(source, _RIGHT_READ | both),
            1: _Stream(stdout, _RIGHT_WRITE | both),
            2: _Stream(stderr, _RIGHT_WRITE | both),
        }

    # --- reading and writing -------------------------------------------------------------------------------

    def fd_read(self, memory: GuestMemory, fd: int, vectors: int, count: int, size: int) -> None:
        """Read into the buffers, and tell how many bytes; 0 at the end of the stream."""
        file = self._stream(fd, _RIGHT_READ).file
        buffers = memory.vectors(vectors, count)
        memory.require(size, 4)
        wanted = min(_BLOCK, sum(length for _, length in buffers))
        data = b""
        if wanted and file is not None:
            with _host_errors():
                # `read` of a buffered stream waits until it has all that is wanted.
                received = getattr(file, "read1", file.read)(wanted)
            if received is None:
                raise Refused(Errno.AGAIN)
            data = bytes(received)
        start = 0
        for address, length in buffers:
            memory.write(address, data[start : start + length])
            start += length
            if start >= len(data):
                break
        memory.write_u32(size, len(data))

    def fd_write(self, memory: GuestMemory, fd: int, vectors: int, count: int, size: int) -> None:
        """Write the buffers, and tell how many bytes were taken."""
        file = self._stream(fd, _RIGHT_WRITE).file
        buffers = memory.vectors(vectors, count)
        memory.require(size, 4)
        if file is None:
            memory.write_u32(size, sum(length for _, length in buffers))
        else:
            memory.write_u32(size, _write(file, memory, buffers))

    def fd_sync(self, memory: GuestMemory, fd: int) -> None:
        """Flush; every write has done so."""
        self._stream(fd)

    fd_datasync = fd_sync

    def fd_seek(self, memory: GuestMemory, fd: int, offset: int, whence: int, position: int) -> None:
        """Refuse: streams have no position."""
        self._stream(fd)
        raise Refused(Errno.SPIPE)

    def fd_tell(self, memory: GuestMemory, fd: int, position: int) -> None:
        """Refuse: streams have no position."""
        self._stream(fd)
        raise Refused(Errno.SPIPE)

    # --- descriptors ---------------------------------------------------------------------------------------

    def fd_close(self, memory: GuestMemory, fd: int) -> None:
        """Close a descriptor of the guest."""
        self._stream(fd)
        del self._open[fd]

    def fd_renumber(self, memory: GuestMemory, fd: int, to: int) -> None:
        """Give the open descriptor `fd` the number of the open descriptor `to`, which is closed."""
        stream = self._stream(fd)
        self._stream(to)
        del self._open[fd]
        self._open[to] = stream

    def fd_fdstat_get(self, memory: GuestMemory, fd: int, status: int) -> None:
        """Tell a descriptor's file type, flags and rights."""
        stream = self._stream(fd)
        memory.write(status, struct.pack("<BxHxxxxQQ", stream.type, stream.flags, stream.rights, 0))

    def fd_fdstat_set_flags(self, memory: GuestMemory, fd: int, flags: int) -> None:
        """Set a descriptor's flags. All but one are true of these streams anyway; not to wait can't be had."""
        stream = self._stream(fd)
        if flags & ~(_APPEND | _DSYNC | _NONBLOCK | _RSYNC | _SYNC):
            raise Refused(Errno.INVAL)
        if flags & _NONBLOCK:
            raise Refused(Errno.NOTSUP)
        stream.flags = flags

    def fd_filestat_get(self, memory: GuestMemory, fd: int, status: int) -> None:
        """Tell a descriptor's file type; a stream has no size and no times."""
        memory.write(status, struct.pack("<QQBxxxxxxxQQQQQ", 0, 0, self._stream(fd).type, 1, 0, 0, 0, 0))

    def fd_prestat_get(self, memory: GuestMemory, fd: int, status: int) -> None:
        """Refuse: no directory is open. Guests ask from 3 on until they hear so."""
        raise Refused(Errno.BADF)

    def fd_prestat_dir_name(self, memory: GuestMemory, fd: int, path: int, length: int) -> None:
        """Refuse: no directory is open."""
        raise Refused(Errno.BADF)

    def _stream(self, fd: int, right: int = 0) -> _Stream:
        stream = self._open.get(fd)
        if stream is None or stream.rights & right != right:
            raise Refused(Errno.BADF)
        return stream


def _write(file: BinaryIO, memory: GuestMemory, buffers: list[tuple[int, int]]) -> int:
    """Write until a stream takes less than it is offered; a failure after the first byte is told the next time."""
    done = 0
    try:
        with _host_errors():
            for address, length in buffers:
                for start in range(0, length, _BLOCK):
                    block = memory.read(address + start, min(_BLOCK, length - start))
                    taken = file.write(block)
                    if taken is None:  # a raw stream that would have to wait
                        raise Refused(Errno.AGAIN)
                    done += taken
                    if taken < len(block):
                        file.flush()
                        return done
            file.flush()
    except Refused:
        if not done:
            raise
    return done


@contextmanager
def _host_errors() -> Iterator[None]:
    """Turn what Python's files raise into what the guest is told."""
    try:
        yield
    except OSError as error:
        raise refusal(error) from error
    except ValueError as error:  # the embedder has closed the file
        raise Refused(Errno.BADF) from error
