"""The memory providers of this distribution, by their entry-point names; each is imported when it is picked."""

from __future__ import annotations

from wrt_foundation.plugins import hookimpl

__all__ = ["wrt_register_memory_provider"]


@hookimpl
def wrt_register_memory_provider(name: str) -> object:
    """Hand over the provider's class."""
    match name:
        case "basic":
            from wrt_foundation.memory.basic import BasicMemoryProvider

            return BasicMemoryProvider
        case "capability-aware":
            from wrt_foundation.memory.budgeted import BudgetedMemoryProvider

            return BudgetedMemoryProvider
        case "test":
            from wrt_foundation.memory.test import TestMemoryProvider

            return TestMemoryProvider
    return None
