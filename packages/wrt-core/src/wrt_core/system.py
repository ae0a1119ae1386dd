"""The engine system: the one pool of a process, made early, for programs that want no surprises later."""

from __future__ import annotations

import threading
from typing import Any

from wrt_core.pool import EnginePool
from wrt_foundation.errors import WrtError
from wrt_foundation.memory import LinearMemory, MemoryProvider, MemoryProviderFactory, default_provider, process_budget
from wrt_foundation.plugins import PluginManager, get_plugin_manager

__all__ = ["engine_pool", "initialize_engine_system"]

_LOCK = threading.Lock()
_pool: EnginePool | None = None


def initialize_engine_system(
    name: str = "stackless",
    *,
    size: int = 4,
    memory_limit: int | None = None,
    memory_provider: MemoryProvider | str | None = None,
    manager: PluginManager | None = None,
    **options: Any,
) -> EnginePool:
    """Prepare the memory system, then make the process's pool of engines, and return it.

    Everything that can go wrong because of the host, the installation or the configuration goes wrong here, at the
    start of a program, and not when the first guest comes: the memory provider is asked for a page and for one more,
    and all engines are made. `memory_limit`, in bytes, bounds what all guests of the process hold together
    (`process_budget`); None leaves that bound as it is. `memory_provider`, a provider or the name of one, serves the
    engines; `size` and `options` are those of `EnginePool`.

    Afterwards `engine_pool()` returns the same pool everywhere, until it is closed; then this may be called again. It
    is the only state of the process that WRT keeps, and only for those who ask for it. Thread-safe. Raises `WrtError`
    if a pool is there already, `AllocationFailed`, `BudgetExceeded` or `UnsupportedHost` if memory can't be had, and
    what `EngineFactory.create` raises. Nothing has changed then.
    """
    global _pool
    with _LOCK:
        if _pool is not None and not _pool.closed:
            raise WrtError("the engine system is initialised already; close its pool first")
        manager = get_plugin_manager() if manager is None else manager
        if isinstance(memory_provider, str):
            memory_provider = MemoryProviderFactory.create(memory_provider, manager=manager)
        if memory_provider is not None:
            options["memory_provider"] = memory_provider
        budget = process_budget()
        before = budget.limit
        if memory_limit is not None:
            budget.limit = memory_limit
        try:
            _try(default_provider() if memory_provider is None else memory_provider)
            _pool = EnginePool(name, size, manager=manager, **options)
        except BaseException:
            budget.limit = before
            raise
        return _pool


def engine_pool() -> EnginePool:
    """Return the process's pool. Raises `WrtError` before `initialize_engine_system`, and after it was closed."""
    pool = _pool
    if pool is None or pool.closed:
        raise WrtError("there is no engine system: call initialize_engine_system first")
    return pool


def _try(provider: MemoryProvider) -> None:
    """Find out whether memory can be had, and can grow."""
    with LinearMemory(1, 2, provider=provider, owner="engine system") as memory:
        if memory.grow(1) < 0:
            raise WrtError(f"{type(provider).__name__} has no memory to spare: it does not let a page grow by another")
        memory.write(memory.byte_length - 1, b"\1")
