"""`managed_alloc`: bytes for the host's own use, charged to an owner and given back on exit."""

from __future__ import annotations

from wrt_foundation.memory.basic import default_provider
from wrt_foundation.memory.budget import Budget
from wrt_foundation.memory.region import Region

__all__ = ["managed_alloc"]


def managed_alloc(size: int, owner: Budget | str) -> Region:
    """Return `size` zeroed bytes that are charged to `owner` until they are released::

        with managed_alloc(4096, budget) as region:
            region.view[:5] = b"hello"

    `owner` is a budget, or the name of one that `process_budget().child` made; another name is an owner of its
    own below the process, without limit. The charge counts against every budget above. The region is released
    at the end of the `with` block, by `release`, when it is dropped, or with the budget: whichever comes first.
    Raises `BudgetExceeded` if a budget of the chain refuses, `AllocationFailed` if the system does, `ValueError`
    for a negative size. Thread-safe.
    """
    return default_provider().allocate(size, owner=owner)
