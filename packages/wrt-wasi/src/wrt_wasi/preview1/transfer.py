"""Moving bytes between a guest's buffers and what it has open."""

from __future__ import annotations

from collections.abc import Callable

from wrt_wasi.filesystem.file import File
from wrt_wasi.preview1.descriptor import Descriptor, FdFlag
from wrt_wasi.preview1.errno import Refused
from wrt_wasi.preview1.errors import host_errors
from wrt_wasi.preview1.guest_memory import GuestMemory
from wrt_wasi.preview1.waiting import Waiting

__all__ = ["BLOCK", "gather", "scatter", "settle"]

BLOCK = 1 << 20  # Bytes that are moved at a time; a guest may ask for gigabytes.


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


def settle(descriptor: Descriptor, file: File) -> None:
    """Do what is due after a write."""
    file.flush()
    if descriptor.flags & (FdFlag.SYNC | FdFlag.DSYNC):
        file.sync(data_only=FdFlag.SYNC not in descriptor.flags)
