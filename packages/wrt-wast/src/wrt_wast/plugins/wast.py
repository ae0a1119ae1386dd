"""The engine that runs scripts, as a plugin of `wrt.engines`."""

from __future__ import annotations

from wrt_foundation.plugins import hookimpl

__all__ = ["wrt_register_engine"]


@hookimpl
def wrt_register_engine() -> object:
    """Hand over the engine's class."""
    from wrt_wast.engine import WastEngine

    return WastEngine
