"""The provider "test": finds writes where nobody may write, fails when told to, and tells who leaks."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Collection

from wrt_foundation.memory.basic import BasicMemoryProvider
from wrt_foundation.memory.budget import Budget
from wrt_foundation.memory.errors import AllocationFailed, MemoryCorrupted, MemoryLeaked
from wrt_foundation.memory.provider import MemoryRequest
from wrt_foundation.memory.region import Region

__all__ = ["TestMemoryProvider"]

CANARY = b"\xc5"
"""What the margins around a region hold."""
POISON = b"\xa7"
"""What the bytes right behind a region's end hold until it grows."""
RELEASED = 0xDD
"""What the bytes of a released region hold for views that outlive it."""

POISONED = 64 << 10
"""Bytes kept poisoned behind a region's end. A reservation is gigabytes: poisoning it all would commit it all."""


class TestMemoryProvider(BasicMemoryProvider):
    """Basic memory that is checked. The memory itself reads as zero, like any other.

    Each region lies between two canaries, and the 64 KiB that follow its end are poisoned until it grows.
    `check`, each growth and each release look whether all of it is intact, and raise `MemoryCorrupted` if not. What
    outlives a release sees poison.

    Failures on demand: `fail_allocations` and `fail_growths` are the numbers, from 1, of the allocations and
    growths to fail; `fail_when` is asked about each request. They may be changed at any time. Thread-safe.
    """

    __test__ = False  # Not a class of tests, whatever its name suggests to pytest.

    initial_size = 128 << 10
    margin = 4096  # A page, so that the region itself starts at one.

    def __init__(
        self,
        *,
        budget: Budget | None = None,
        reservation_cap: int | None = None,
        fail_allocations: Collection[int] = (),
        fail_growths: Collection[int] = (),
        fail_when: Callable[[MemoryRequest], bool] | None = None,
    ) -> None:
        super().__init__(budget=budget, reservation_cap=reservation_cap)
        self.fail_allocations = fail_allocations
        self.fail_growths = fail_growths
        self.fail_when = fail_when
        self._requests = {"allocation": 0, "growth": 0}
        self._regions: weakref.WeakSet[Region] = weakref.WeakSet()

    def admit(self, request: MemoryRequest) -> None:
        """Fail the request if its number is up, or if `fail_when` says so."""
        kind, doomed = ("allocation", self.fail_allocations) if request.held is None else ("growth", self.fail_growths)
        with self._lock:
            self._requests[kind] += 1
            number = self._requests[kind]
        if number in doomed or (self.fail_when is not None and self.fail_when(request)):
            message = f"{kind} {number}, {request.size} bytes for {request.owner!r}, fails as injected"
            raise AllocationFailed(message, owner=request.owner, requested=request.size)

    def commit(self, region: Region, size: int) -> None:
        """Check the region, then move the poison behind its new end and leave zeros where it was."""
        if region in self._regions:
            self._check(region)
        with region.whole() as whole:
            end = self.margin + region.reservation
            if region not in self._regions:
                whole[: self.margin] = whole[end : end + self.margin] = CANARY * self.margin
            old, new = self.margin + region.size, self.margin + size
            stale = min(new, old + POISONED)
            whole[old:stale] = bytes(stale - old)
            poisoned = min(new + POISONED, end)
            whole[new:poisoned] = POISON * (poisoned - new)
        self._regions.add(region)

    def free(self, region: Region) -> None:
        """Check the region, end it, and poison what views keep of it."""
        try:
            self._check(region)
        finally:
            self._regions.discard(region)
            if not region.unmap():
                region.clear(RELEASED)

    def check(self) -> None:
        """Raise `MemoryCorrupted` if bytes around a region that is held now were overwritten."""
        for region in list(self._regions):
            self._check(region)

    def leaks(self) -> dict[str, int]:
        """Return the bytes that are still held, by owner's name; empty when everybody has released everything."""
        return self.held_by_owner()

    def check_leaks(self) -> None:
        """Raise `MemoryLeaked` if anything is still held."""
        leaks = self.leaks()
        if leaks:
            listed = ", ".join(f"{owner!r} holds {size} bytes" for owner, size in sorted(leaks.items()))
            raise MemoryLeaked(f"memory was not released: {listed}", leaks=leaks)

    def _check(self, region: Region) -> None:
        start, end = self.margin, self.margin + region.reservation
        size = start + region.size
        poisoned = min(size + POISONED, end)
        with region.whole() as whole:
            for what, where, fill in (
                ("the canary in front of it", slice(0, start), CANARY),
                ("the bytes behind its end", slice(size, poisoned), POISON),
                ("the canary behind it", slice(end, end + self.margin), CANARY),
            ):
                found = whole[where].tobytes()
                if found != fill * len(found):
                    offset = len(found) - len(found.lstrip(fill)) + where.start - start
                    message = f"a memory region of {region.owner!r} is corrupted: {what} were overwritten at {offset}"
                    raise MemoryCorrupted(message, owner=region.owner, offset=offset)
