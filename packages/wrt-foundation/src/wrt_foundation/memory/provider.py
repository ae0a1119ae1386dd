"""The contract of memory providers: where the bytes of memories come from (entry points `wrt.memory_providers`).

A provider of your own needs one method::

    class HugePageMemoryProvider(MemoryProvider):
        def reserve(self, length):
            mapping = mmap.mmap(-1, length, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
            mapping.madvise(mmap.MADV_HUGEPAGE)
            return mapping

or overrides one of an existing provider: `admit` to say who gets how much, `commit` to learn of each
growth, `free` to do something when a region ends. `wrt_foundation.testing.memory_provider` tests it.
"""

from __future__ import annotations

import sys
import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wrt_foundation.errors import PluginError, WrtError
from wrt_foundation.memory.budget import Budget, process_budget
from wrt_foundation.memory.errors import AllocationFailed, BudgetMisuse
from wrt_foundation.memory.region import Lease, Region

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["MemoryProvider", "MemoryRequest", "MemoryStatistics", "default_reservation_cap"]

INITIAL_SIZE = 64 << 10
"""Bytes of a region for which no size is asked: one page of WebAssembly."""

REFUSALS = (MemoryError, OSError, OverflowError)
"""How a host says that it has no memory."""


def default_reservation_cap() -> int:
    """Return the most bytes of address space that one region reserves for growth, if its provider sets no other cap.

    Address space is free where untouched pages cost nothing and addresses are 64 bits wide: 64 GiB then, enough
    for every memory with 32-bit addresses, and for two thousand with 64-bit ones. Windows counts what is
    reserved as if it were used, and 32-bit hosts have little: 256 MiB.
    """
    return 256 << 20 if sys.platform == "win32" or sys.maxsize < 1 << 32 else 64 << 30


@dataclass(frozen=True, slots=True)
class MemoryRequest:
    """What is asked of a provider: that `owner` hold `size` bytes in one region where he holds `held` now.

    `held` is None for a new region.
    """

    owner: str
    held: int | None
    size: int


@dataclass(frozen=True, slots=True)
class MemoryStatistics:
    """What a provider has done and holds; counts, or bytes where the name says so."""

    regions: int
    """Held now."""
    bytes_held: int
    bytes_reserved: int
    """Address space behind the regions that are held now."""
    peak_bytes: int
    """The most bytes that were held at one time."""
    allocations: int
    growths: int
    releases: int
    """Regions that came off the books, whether released or dropped."""
    refusals: int
    """Allocations and growths that failed, for whatever reason."""


class MemoryProvider(ABC):
    """Gives out regions of bytes, keeps the books on them, and charges them to their owners' budgets.

    `allocate` is what engines call; it is complete. Subclasses say where the bytes come from (`reserve`) and, if
    they want, who gets them (`admit`), what happens when a region grows (`commit`) and when it ends (`free`).
    Thread-safe as far as those four are; the provider calls them without a lock.
    """

    initial_size = INITIAL_SIZE
    """Bytes of a region for which no size is asked."""

    margin = 0
    """Bytes reserved in front of each region and behind it that nobody is given."""

    def __init__(self, *, budget: Budget | None = None, reservation_cap: int | None = None) -> None:
        """Make a provider.

        With a `budget`, every owner's budget has to lie within it, so that nothing escapes it; without one, owners
        known by name alone are charged below `process_budget()`. `reservation_cap` is in bytes, see
        `default_reservation_cap`; a memory can't grow past it unless it starts out larger.
        """
        if reservation_cap is not None and reservation_cap < 0:
            raise ValueError(f"a reservation cap is not negative: {reservation_cap}")
        self.budget = budget
        self.reservation_cap = default_reservation_cap() if reservation_cap is None else reservation_cap
        # The provider's own count of what is held, whoever answers for it: a budget that never refuses.
        self._meter = Budget("meter")
        self._leases: dict[int, Lease] = {}
        # Re-entrant: the garbage collector may have an object of somebody's close a memory while we are in here.
        self._lock = threading.RLock()
        self._allocations = 0
        self._growths = 0
        self._refusals = 0

    # --- what a provider may define ------------------------------------------------------------------------

    @abstractmethod
    def reserve(self, length: int) -> Buffer:
        """Return a new writable contiguous buffer of at least `length` > 0 bytes that all read as zero.

        Return the object that owns the bytes, for `free` closes it if it has a `close`. Pages that nobody has touched
        should cost nothing if the host can do that, for `length` is what the region may grow to, often 4 GiB. Raise
        `MemoryError`, `OSError`, `OverflowError` or `AllocationFailed` to refuse: less is asked for then, down to what
        the region needs at once.
        """

    def admit(self, request: MemoryRequest) -> None:  # noqa: B027 - most providers admit everyone
        """Called before anything is taken; raise `AllocationFailed` (or any `WrtError`) to refuse.

        What other callers are granted meanwhile is not yet counted: to enforce a sum, use a budget.
        """

    def commit(self, region: Region, size: int) -> None:  # noqa: B027 - most providers let the system commit pages
        """Called when `region` is about to hold `size` bytes, `region.size` being what it holds so far (0 when new).

        Afterwards the bytes `[region.size, size)` must read as zero. Raise `AllocationFailed`, or what `reserve`
        may raise, to refuse.
        """

    def lend(self, view: memoryview[Any]) -> memoryview[Any]:
        """Called with each new view of a region; return what is handed out instead, or raise to refuse."""
        return view

    def dismiss(self, region: Region) -> None:  # noqa: B027 - most providers are glad to have it back
        """Called before `region` is released by its owner; raise to refuse. Not asked when a budget is closed."""

    def free(self, region: Region) -> None:
        """Called once, when `region` is released: end it, so that what is left of it tells nobody anything.

        A region that is dropped without release does not come here; its buffer ends as Python objects do.
        """
        if not region.unmap():
            region.clear()

    # --- what engines call ---------------------------------------------------------------------------------

    def allocate(
        self, size: int | None = None, maximum: int | None = None, *, owner: Budget | str = "anonymous"
    ) -> Region:
        """Return a new region of `size` bytes that can grow to `maximum` bytes.

        The defaults are `initial_size`, and no growth. It may have to make do with a smaller reservation, see
        `Region.reservation`. The bytes are charged to `owner`:
        a budget, or the name of one below this provider's (see `Budget.child`); a name that no budget there has
        is charged as an owner of its own, without limit. Raises `AllocationFailed`, `BudgetExceeded`, or
        `BudgetMisuse` for a budget that is closed or not within the provider's; `ValueError` for sizes
        that make no sense.
        """
        size = self.initial_size if size is None else size
        maximum = size if maximum is None else maximum
        if not 0 <= size <= maximum:
            raise ValueError(f"not a size and a maximum: {size}, {maximum}")
        budget = self._budget_of(owner)
        try:
            self.admit(MemoryRequest(budget.name, None, size))
            lease = Lease(budget.name, budget.hold(size), self._meter.hold(size))
            self._leases[id(lease)] = lease
            try:
                region = self._map(lease, size, max(size, min(maximum, self.reservation_cap)))
            except BaseException:
                self._lapse(lease)
                raise
        except WrtError:
            self._count_refusal()
            raise
        with self._lock:
            self._allocations += 1
        return region

    @property
    def statistics(self) -> MemoryStatistics:
        """The books as they stand."""
        leases = list(self._leases.values())
        with self._lock:
            return MemoryStatistics(
                regions=len(leases),
                bytes_held=self._meter.used,
                bytes_reserved=sum(lease.reservation for lease in leases),
                peak_bytes=self._meter.peak,
                allocations=self._allocations,
                growths=self._growths,
                releases=self._allocations - len(leases),
                refusals=self._refusals,
            )

    def held_by_owner(self) -> dict[str, int]:
        """Return the bytes held now in regions of this provider, by owner's name."""
        held: dict[str, int] = {}
        for lease in list(self._leases.values()):
            held[lease.owner] = held.get(lease.owner, 0) + lease.size
        return held

    # --- the work ------------------------------------------------------------------------------------------

    def _budget_of(self, owner: Budget | str) -> Budget:
        if isinstance(owner, str):
            parent = process_budget() if self.budget is None else self.budget
            return parent.find(owner) or Budget(owner, parent=parent)
        if self.budget is not None and not owner.is_within(self.budget):
            message = f"memory budget {owner.path!r} is not within the provider's {self.budget.path!r}"
            raise BudgetMisuse(message)
        return owner

    def _map(self, lease: Lease, size: int, wanted: int) -> Region:
        buffer, lease.reservation = self._reserve(lease.owner, size, wanted)
        try:
            region = Region(self, buffer, lease)
        except (BufferError, TypeError, ValueError) as error:
            raise PluginError(f"{type(self).__qualname__}.reserve broke its contract: {error}") from error
        try:
            self._commit(region, lease, size)
            lease.charge.watch(region.evict)
        except BaseException:
            region.release()
            raise
        return region

    def _reserve(self, owner: str, needed: int, wanted: int) -> tuple[Buffer, int]:
        """Reserve `wanted` bytes or, where that is refused, as much as the host can spare, at least `needed`."""
        length = wanted
        while True:
            try:
                buffer = self.reserve(max(1, length + 2 * self.margin))
            except (*REFUSALS, AllocationFailed) as refusal:
                if length <= needed:
                    raise _failure(owner, needed, refusal) from refusal
                length = max(needed, length // 2)
                continue
            if length in (wanted, needed):
                return buffer, length
            # Address space is short: twice this was refused. Half of what there is stays with the host, for Python
            # itself and for the memories that come after this one.
            del buffer
            wanted = length = max(needed, length // 2)

    def _grow(self, region: Region, lease: Lease, size: int) -> None:
        held = lease.size
        try:
            if size > lease.reservation:
                message = f"{size} bytes are past the {lease.reservation} that are reserved for {lease.owner!r}"
                raise AllocationFailed(message, owner=lease.owner, requested=size)
            self.admit(MemoryRequest(lease.owner, held, size))
            lease.charge.resize(size)
            try:
                self._commit(region, lease, size)
            except BaseException:
                lease.charge.resize(held)
                raise
        except WrtError:
            self._count_refusal()
            raise
        lease.meter.resize(size)
        with self._lock:
            self._growths += 1

    def _commit(self, region: Region, lease: Lease, size: int) -> None:
        try:
            self.commit(region, size)
        except REFUSALS as refusal:
            raise _failure(lease.owner, size, refusal) from refusal
        lease.size = size

    def _lapse(self, lease: Lease) -> None:
        """Take a lease off the books. Called from finalizers too, wherever those run: it takes no lock of ours."""
        if self._leases.pop(id(lease), None) is not None:
            lease.charge.release()
            lease.meter.release()

    def _count_refusal(self) -> None:
        with self._lock:
            self._refusals += 1


def _failure(owner: str, size: int, refusal: Exception) -> AllocationFailed:
    reason = str(refusal) or type(refusal).__name__
    return AllocationFailed(f"no {size} bytes of memory for {owner!r}: {reason}", owner=owner, requested=size)
