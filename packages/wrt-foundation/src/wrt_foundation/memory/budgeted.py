"""The provider "capability-aware": basic memory, all of it from one budget."""

from __future__ import annotations

from wrt_foundation.memory.basic import BasicMemoryProvider
from wrt_foundation.memory.budget import Budget, process_budget

__all__ = ["BudgetedMemoryProvider"]

DEFAULT_LIMIT = 64 << 20
"""Bytes, where nobody said: enough for most guests, and far from what would hurt a host."""


class BudgetedMemoryProvider(BasicMemoryProvider):
    """Memory for one tenant: whatever is allocated here is charged to a budget of its own, which has a limit.

    `limit` is in bytes, None for no more than the budgets above allow. The provider's budget, `.budget`, lies below
    `parent` (`process_budget()` unless given); owners that are budgets must lie below it in turn. Closing it
    ends every region that the provider gave out.
    """

    budget: Budget

    def __init__(
        self,
        *,
        limit: int | None = DEFAULT_LIMIT,
        parent: Budget | None = None,
        reservation_cap: int | None = None,
    ) -> None:
        budget = Budget("capability-aware", limit, process_budget() if parent is None else parent)
        super().__init__(budget=budget, reservation_cap=reservation_cap)
