"""Engines by name."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from inspect import Parameter, signature
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

        `manager` knows the plugins, one that is made for the occasion unless given. An engine that takes an option
        `plugins`, or any option, is given it so, to find its observers, formats and memory providers in; an option
        `plugins` of the caller's own is both. Raises `UnknownPlugin`, with the known names and the closest, for a
        name that nobody offers; `PluginError` for a plugin that can't be loaded or makes no `Engine`; `TypeError`
        for options that the engine does not take.
        """
        if manager is None:
            manager = options.get("plugins") or get_plugin_manager()
        make = Registry(GROUP, manager, cls._ENGINES).get(str(name))
        if _takes_plugins(make):
            options.setdefault("plugins", manager)
        engine = make(**options)
        if not isinstance(engine, Engine):
            message = f"the engine {str(name)!r} is broken: it made {engine!r}, which is no Engine"
            raise PluginError(message, plugin=str(name))
        return engine

    @staticmethod
    def names(manager: PluginManager | None = None) -> tuple[str, ...]:
        """Return the names of the engines that are installed; nothing is imported."""
        return Registry[Any](GROUP, manager).names()


def _takes_plugins(make: Callable[..., object]) -> bool:
    try:
        parameters = signature(make).parameters.values()
    except (TypeError, ValueError):  # what is written in C may not say what it takes
        return False
    return any(
        each.kind is Parameter.VAR_KEYWORD
        or (each.name == "plugins" and each.kind in (Parameter.KEYWORD_ONLY, Parameter.POSITIONAL_OR_KEYWORD))
        for each in parameters
    )
