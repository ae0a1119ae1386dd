"""Stores: what has been allocated together (specification, section 4.2.3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from weakref import WeakSet

from wrt_core.runtime.heap import Heap
from wrt_core.runtime.instance import Instance
from wrt_foundation.limits import DEFAULT_LIMITS, ImplementationLimits
from wrt_foundation.memory.basic import default_provider
from wrt_foundation.memory.budget import Budget
from wrt_foundation.memory.provider import MemoryProvider

if TYPE_CHECKING:
    from wrt_core.runtime.function import Func

__all__ = ["Store"]


class Store:
    """Where instances get their memories from, and which of them are alive.

    The store holds nothing alive: an instance lives as long as somebody refers to it, one of its externs, or an
    instance that imports from it. Externs of different stores may be linked; a store only says who pays.
    `memory_provider` serves every memory, charged to `owner`, a budget or the name of one; `limits` bound its tables.
    With a budget `tables`, table elements are charged to that, and with a `heap`, so are structures and arrays.
    `start` calls the start functions of instances, for who watches over them; they are just called without.
    """

    __slots__ = ("__weakref__", "heap", "instances", "limits", "memory_provider", "owner", "start", "tables")

    def __init__(
        self,
        *,
        memory_provider: MemoryProvider | None = None,
        owner: Budget | str = "anonymous",
        limits: ImplementationLimits = DEFAULT_LIMITS,
        tables: Budget | None = None,
        heap: Heap | None = None,
        start: Callable[[Func], object] | None = None,
    ) -> None:
        self.memory_provider = default_provider() if memory_provider is None else memory_provider
        self.owner = owner
        self.limits = limits
        self.tables = tables
        self.heap = heap
        self.start = start
        self.instances: WeakSet[Instance] = WeakSet()

    def admit(self, instance: Instance) -> None:
        """Take an instance in that has been allocated: its segments are not yet copied, nothing of it has run.

        For whoever watches over instances to override; what it raises ends the instantiation.
        """
        self.instances.add(instance)

    def __repr__(self) -> str:
        return f"<Store of {len(self.instances)} instances>"
