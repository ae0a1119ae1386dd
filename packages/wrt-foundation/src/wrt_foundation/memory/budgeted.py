"""The provider "capability-aware": basic memory, all of it from one budget, and only for the operations it is for."""

from __future__ import annotations

from typing import Any
from weakref import WeakSet

from wrt_foundation.errors import CapabilityDenied
from wrt_foundation.memory.basic import BasicMemoryProvider
from wrt_foundation.memory.budget import Budget, process_budget
from wrt_foundation.memory.operations import MemoryOperation
from wrt_foundation.memory.provider import MemoryRequest
from wrt_foundation.memory.region import Region

__all__ = ["BudgetedMemoryProvider"]

DEFAULT_LIMIT = 64 << 20
"""Bytes, where nobody said: enough for most guests, and far from what would hurt a host."""


class BudgetedMemoryProvider(BasicMemoryProvider):
    """Memory for one tenant: whatever is allocated here is charged to a budget of its own, which has a limit.

    `limit` is in bytes, None for no more than the budgets above allow. The provider's budget, `.budget`, lies below
    `parent` (`process_budget()` unless given); owners that are budgets must lie below it in turn. Closing it
    ends every region that the provider gave out.

    `operations` is what the provider is for; anything else raises `CapabilityDenied`, which names the operation. A
    guest's memory needs to be read and written. Dropping a region, or closing a budget, needs no permission.
    """

    budget: Budget

    def __init__(
        self,
        *,
        limit: int | None = DEFAULT_LIMIT,
        parent: Budget | None = None,
        reservation_cap: int | None = None,
        operations: MemoryOperation = MemoryOperation.ALL,
    ) -> None:
        budget = Budget("capability-aware", limit, process_budget() if parent is None else parent)
        super().__init__(budget=budget, reservation_cap=reservation_cap)
        self.operations = operations
        self._delegates: WeakSet[BudgetedMemoryProvider] = WeakSet()

    def delegate(self, operations: MemoryOperation, *, limit: int | None = None) -> BudgetedMemoryProvider:
        """Return a provider for somebody else, with `operations` at most and a budget below this one's.

        Both budgets pay for what is allocated there, so that nothing is spent twice. Raises `CapabilityDenied` without
        the operation `DELEGATE`, and for an operation that this provider does not have itself.
        """
        self._require(MemoryOperation.DELEGATE)
        if more := operations & ~self.operations:
            raise _denied(more)
        made = BudgetedMemoryProvider(
            limit=limit, parent=self.budget, reservation_cap=self.reservation_cap, operations=operations
        )
        self._delegates.add(made)
        return made

    def revoke(self) -> None:
        """Take everything back, at once, here and from all that it was delegated to: regions end, memories close."""
        self.operations = MemoryOperation.NONE
        for each in list(self._delegates):
            each.revoke()
        self.budget.close()

    # --- what is checked ------------------------------------------------------------------------------------

    def allocate(
        self, size: int | None = None, maximum: int | None = None, *, owner: Budget | str = "anonymous"
    ) -> Region:
        """Return a new region; see `MemoryProvider.allocate`. Raises `CapabilityDenied` unless that is allowed."""
        self._require(MemoryOperation.ALLOCATE)
        return super().allocate(size, maximum, owner=owner)

    def admit(self, request: MemoryRequest) -> None:
        """Refuse to let a region grow unless that is allowed."""
        self._require(MemoryOperation.ALLOCATE)

    def lend(self, view: memoryview[Any]) -> memoryview[Any]:
        """Refuse to hand out a view unless it may be read, and hand out one that can't be written unless it may be."""
        self._require(MemoryOperation.READ)
        return view if MemoryOperation.WRITE in self.operations else view.toreadonly()

    def dismiss(self, region: Region) -> None:
        """Refuse to take a region back unless that is allowed."""
        self._require(MemoryOperation.DEALLOCATE)

    def _require(self, operation: MemoryOperation) -> None:
        if operation not in self.operations:
            raise _denied(operation)


def _denied(operations: MemoryOperation) -> CapabilityDenied:
    names = "|".join(each.name.lower() for each in MemoryOperation if each in operations and each.name)
    message = f"the memory provider is not for this: {names}"
    return CapabilityDenied(message, kind="memory", object="capability-aware", operation=names)
