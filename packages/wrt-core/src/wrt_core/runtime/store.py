"""Stores: what has been allocated together (specification, section 4.2.3)."""

from __future__ import annotations

from weakref import WeakSet

from wrt_core.runtime.instance import Instance
from wrt_foundation.limits import DEFAULT_LIMITS, ImplementationLimits
from wrt_foundation.memory.basic import default_provider
from wrt_foundation.memory.budget import Budget
from wrt_foundation.memory.provider import MemoryProvider

__all__ = ["Store"]


class Store:
    """Where instances get their memories from, and which of them are alive.

    The store holds nothing alive: an instance lives as long as somebody refers to it, one of its externs, or an
    instance that imports from it. Externs of different stores may be linked; a store only says who pays.
    `memory_provider` serves every memory, charged to `owner`, a budget or the name of one; `limits` bound its tables.
    """

    __slots__ = ("instances", "limits", "memory_provider", "owner")

    def __init__(
        self,
        *,
        memory_provider: MemoryProvider | None = None,
        owner: Budget | str = "anonymous",
        limits: ImplementationLimits = DEFAULT_LIMITS,
    ) -> None:
        self.memory_provider = default_provider() if memory_provider is None else memory_provider
        self.owner = owner
        self.limits = limits
        self.instances: WeakSet[Instance] = WeakSet()

    def __repr__(self) -> str:
        return f"<Store of {len(self.instances)} instances>"
