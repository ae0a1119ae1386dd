"""Engines by name."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any

from wrt_core.engine import Engine
from wrt_foundation.errors import PluginError
from wrt_foundation.plugins import Contract, PluginManager, Registry, get_plugin_manager

__all__ = ["EngineFactory", "EngineType"]

GROUP = "wrt.engines"


class EngineType(StrEnum):
    """The names of WRT's own engines; any other installed engine's name does as well."""

    STACKLESS = "stackless"


class EngineFactory:
    """Makes engines by their entry-point names (group `wrt.engines`), built-in and third-party ones alike."""

    _ENGINES: Contract[Callable[..., object]] = Contract("an Engine class, or a callable that returns one", callable)

    @classmethod
    def create(cls, name: str, *, manager: PluginManager | None = None, **options: Any) -> Engine:
        """Return a new engine of that name, made with `options`, which are the engine's own.

        `manager` knows the plugins, one that is made for the occasion unless given; it is what the engine finds its
        observers in, if the engine takes one (`plugins`). Raises `UnknownPlugin`, with the known names and the
        closest, for a name that nobody offers; `PluginError` for a plugin that can't be loaded or makes no
        `Engine`; `TypeError` for options that the engine does not take.
        """
        manager = get_plugin_manager() if manager is None else manager
        engine = Registry(GROUP, manager, cls._ENGINES).get(str(name))(**options)
        if not isinstance(engine, Engine):
            message = f"the engine {str(name)!r} is broken: it made {engine!r}, which is no Engine"
            raise PluginError(message, plugin=str(name))
        return engine

    @staticmethod
    def names(manager: PluginManager | None = None) -> tuple[str, ...]:
        """Return the names of the engines that are installed; nothing is imported."""
        return Registry[Any](GROUP, manager).names()
