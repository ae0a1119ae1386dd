"""The guest's memory, as host functions see it: whatever a guest points at is checked before it is touched."""

from __future__ import annotations

import struct
from typing import Protocol

from wrt_foundation.errors import LinkError
from wrt_foundation.traps import Trap, TrapCode
from wrt_wasi.preview1.errno import Errno, Refused

__all__ = ["MAXIMUM_VECTORS", "GuestMemory", "Memory"]

MAXIMUM_VECTORS = 1024
"""The most buffers of one scattered read or write, as on Linux (`IOV_MAX`)."""

_NO_MEMORY = (
    "this function of WASI works on the guest's memory, and there is none: a guest has to export it as 'memory'"
)

_MAXIMUM_TOTAL = (1 << 32) - 1  # The number of bytes done is told in 32 bits.


class Memory(Protocol):
    """What is needed of a memory; `wrt_core`'s has it. Accesses outside raise `Trap`."""

    def read(self, address: int, length: int, /) -> bytes:
        """Return `length` bytes."""
        ...

    def write(self, address: int, data: bytes, /) -> object:
        """Write bytes."""
        ...


class GuestMemory:
    """Reads and writes the guest's memory. A range that is not wholly inside raises `Refused` with EFAULT.

    Addresses and lengths are in bytes and not negative; numbers are little-endian.
    """

    __slots__ = ("_memory",)

    def __init__(self) -> None:
        self._memory: Memory | None = None

    def bind(self, memory: Memory) -> None:
        """Have the guest's memory from now on: it exists only once the guest is being instantiated."""
        self._memory = memory

    def read(self, address: int, length: int) -> bytes:
        """Return `length` bytes; nothing is allocated for a range that is not there."""
        try:
            return self._bound().read(address, length)
        except Trap as trap:
            raise _fault(trap) from None

    def write(self, address: int, data: bytes) -> None:
        """Write bytes, all or none."""
        try:
            self._bound().write(address, data)
        except Trap as trap:
            raise _fault(trap) from None

    def require(self, address: int, length: int) -> None:
        """Refuse unless the whole range is inside, without reading it: for what is written later, or in parts."""
        if length:
            self.read(address + length - 1, 1)

    def write_u32(self, address: int, value: int) -> None:
        """Write a number of 32 bits."""
        self.write(address, value.to_bytes(4, "little"))

    def write_u64(self, address: int, value: int) -> None:
        """Write a number of 64 bits."""
        self.write(address, value.to_bytes(8, "little"))

    def vectors(self, address: int, count: int) -> list[tuple[int, int]]:
        """Return the buffers of a scattered read or write: (address, length) each, all of them inside.

        More than `MAXIMUM_VECTORS`, or more bytes than a 32-bit count can tell, raise `Refused` with EINVAL.
        """
        if count > MAXIMUM_VECTORS:
            raise Refused(Errno.INVAL)
        vectors: list[tuple[int, int]] = list(struct.iter_unpack("<II", self.read(address, 8 * count)))
        for start, length in vectors:
            self.require(start, length)
        if sum(length for _, length in vectors) > _MAXIMUM_TOTAL:
            raise Refused(Errno.INVAL)
        return vectors

    def _bound(self) -> Memory:
        if self._memory is None:
            raise LinkError(_NO_MEMORY, module="wasi_snapshot_preview1")
        return self._memory


def _fault(trap: Trap) -> Exception:
    return Refused(Errno.FAULT) if trap.code is TrapCode.MEMORY_OUT_OF_BOUNDS else trap
