"""Memory providers by name."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any

from wrt_foundation.errors import PluginError
from wrt_foundation.memory.provider import MemoryProvider
from wrt_foundation.plugins import Contract, PluginManager, Registry

__all__ = ["MemoryProviderFactory", "MemoryProviderType"]

GROUP = "wrt.memory_providers"


class MemoryProviderType(StrEnum):
    """The names of the providers that come with WRT; any other installed one's name does as well."""

    BASIC = "basic"
    CAPABILITY_AWARE = "capability-aware"
    TEST = "test"


class MemoryProviderFactory:
    """Makes memory providers by their entry-point names (group `wrt.memory_providers`)."""

    _PROVIDERS: Contract[Callable[..., object]] = Contract(
        "a MemoryProvider class, or a callable that returns one", callable
    )

    @classmethod
    def create(cls, name: str, *, manager: PluginManager | None = None, **options: Any) -> MemoryProvider:
        """Return a new provider of that name, made with `options`; the caller owns it.

        `manager` knows the plugins, one that is made for the occasion unless given. Raises `UnknownPlugin`, with the
        known names, for a name that nobody offers; `PluginError` for a plugin that can't be loaded or makes no
        `MemoryProvider`; what the provider's constructor raises for options that it does not take.
        """
        provider = Registry(GROUP, manager, cls._PROVIDERS).get(str(name))(**options)
        if not isinstance(provider, MemoryProvider):
            message = f"the memory provider {str(name)!r} is broken: it made {provider!r}, which is no MemoryProvider"
            raise PluginError(message, plugin=str(name))
        return provider
