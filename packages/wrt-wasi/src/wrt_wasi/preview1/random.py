"""Random numbers: `random_get`, and a source of them that repeats."""

from __future__ import annotations

import random
from collections.abc import Callable

from wrt_wasi.preview1.family import Family, Guest
from wrt_wasi.preview1.guest_memory import GuestMemory

__all__ = ["RandomNumbers", "seeded"]

_BLOCK = 1 << 16


def seeded(seed: int) -> Callable[[int], bytes]:
    """Return a source of random bytes, the same for the same seed on every machine. Nothing secret may come of it."""
    return random.Random(seed).randbytes


class RandomNumbers(Family):
    """Random bytes for the guest, from the source that it was given."""

    def __init__(self, guest: Guest) -> None:
        super().__init__(guest)
        self._source = guest.random

    def random_get(self, memory: GuestMemory, buffer: int, length: int) -> None:
        """Fill a buffer with random bytes, block by block: it may be as large as the memory."""
        memory.require(buffer, length)
        for start in range(0, length, _BLOCK):
            memory.write(buffer + start, self._source(min(_BLOCK, length - start)))
