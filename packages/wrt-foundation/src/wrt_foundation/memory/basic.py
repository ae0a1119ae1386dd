"""The provider that engines use unless told otherwise: anonymous memory of the operating system."""

from __future__ import annotations

import mmap
import os
import sys
from functools import cache

from wrt_foundation.memory.provider import MemoryProvider
from wrt_foundation.memory.region import Region

__all__ = ["BasicMemoryProvider", "default_provider"]

if sys.platform == "win32":
    _FLAGS = {}
else:
    # Python 3.11's mmap lacks the constant. Its value is the kernel's, and differs on a few rare machines: there
    # the system keeps account of untouched pages, and the reservation is cut if it minds.
    _COMMON = sys.platform == "linux" and os.uname().machine in {"x86_64", "i686", "aarch64", "armv7l", "riscv64"}
    _NORESERVE: int = getattr(mmap, "MAP_NORESERVE", 0x4000 if _COMMON else 0)
    # Private: a forked child gets its own copy, as of everything else.
    _FLAGS = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _NORESERVE}


class _AnonymousMapping(mmap.mmap):
    """A private anonymous mapping of ours: of another, giving pages back would not clear them."""


class BasicMemoryProvider(MemoryProvider):
    """Anonymous mappings: address space reserved at once, pages that the kernel zeroes and commits when touched."""

    def reserve(self, length: int) -> mmap.mmap:
        """Map `length` bytes of address space."""
        return _AnonymousMapping(-1, length, **_FLAGS)

    def free(self, region: Region) -> None:
        """Unmap the region; if views keep it mapped, give its pages back to the system at least."""
        if region.unmap():
            return
        exporter = region.exporter
        if sys.platform == "linux" and isinstance(exporter, _AnonymousMapping):
            # The next one who looks gets new pages, of zeros. Elsewhere this is a hint that may keep the bytes.
            exporter.madvise(mmap.MADV_DONTNEED)
        else:
            region.clear()


@cache
def default_provider() -> BasicMemoryProvider:
    """Return the one basic provider for whoever names none."""
    return BasicMemoryProvider()
