"""The stackless engine, as a plugin; it is imported when it is picked."""

from __future__ import annotations

from wrt_foundation.plugins import hookimpl

__all__ = ["wrt_register_engine"]


@hookimpl
def wrt_register_engine() -> object:
    """Hand over the engine's class."""
    from wrt_core.engines.stackless.engine import StacklessEngine

    return StacklessEngine
