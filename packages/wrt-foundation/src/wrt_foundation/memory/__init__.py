"""The memory manager: linear memories, where their bytes come from, and who answers for them.

Reading order: `budget` (who may hold how much), `region` and `provider` (bytes, and the contract of those who give
them), `basic`, `operations`, `budgeted` and `test` (the providers that come with WRT), `views` and `linear_memory` (the
memory of a guest), `allocation` (the host's own), `factory` (providers by name).
"""

from __future__ import annotations

from wrt_foundation.memory.allocation import managed_alloc
from wrt_foundation.memory.basic import BasicMemoryProvider, default_provider
from wrt_foundation.memory.budget import Budget, Charge, process_budget
from wrt_foundation.memory.errors import (
    AllocationFailed,
    BudgetMisuse,
    MemoryClosed,
    MemoryCorrupted,
    MemoryLeaked,
    UnsupportedHost,
)
from wrt_foundation.memory.factory import MemoryProviderFactory, MemoryProviderType
from wrt_foundation.memory.linear_memory import LinearMemory
from wrt_foundation.memory.operations import MemoryOperation
from wrt_foundation.memory.provider import MemoryProvider, MemoryRequest, MemoryStatistics
from wrt_foundation.memory.region import Region
from wrt_foundation.memory.views import FORMATS, Views

__all__ = [
    "FORMATS",
    "AllocationFailed",
    "BasicMemoryProvider",
    "Budget",
    "BudgetMisuse",
    "Charge",
    "LinearMemory",
    "MemoryClosed",
    "MemoryCorrupted",
    "MemoryLeaked",
    "MemoryOperation",
    "MemoryProvider",
    "MemoryProviderFactory",
    "MemoryProviderType",
    "MemoryRequest",
    "MemoryStatistics",
    "Region",
    "UnsupportedHost",
    "Views",
    "default_provider",
    "managed_alloc",
    "process_budget",
]
