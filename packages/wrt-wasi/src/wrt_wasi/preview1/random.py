"""Random numbers: `random_get`."""

from __future__ import annotations

from collections.abc import Callable

from wrt_wasi.preview1.guest_memory import GuestMemory

__all__ = ["RandomNumbers"]

_BLOCK = 1 << 16


class RandomNumbers:
    """Random bytes for the guest, from `source(n)`, which returns n of them."""

    def __init__(self, source: Callable[[int], bytes]) -> None:
        self._source = source

    def random_get(self, memory: GuestMemory, buffer: int, length: int) -> None:
        """Fill a buffer with random bytes, block by block: it may be as large as the memory."""
        memory.require(buffer, length)
        for start in range(0, length, _BLOCK):
            memory.write(buffer + start, self._source(min(_BLOCK, length - start)))
