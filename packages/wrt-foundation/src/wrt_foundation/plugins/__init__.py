"""Plugins: how engines, memory providers, formats and the rest are found, listed, loaded and listened to.

Reading order: `kinds` (what there is), `hookspecs` (what a plugin implements), `discovery` (what is
installed), `selection` (what is switched on), `loading` (one plugin, with every way it can fail),
`shelf` and `registry` (what callers use), `events` (observers), `manager` (what holds it together).
"""

from __future__ import annotations

from wrt_foundation.plugins.contract import Contract
from wrt_foundation.plugins.events import Event, PluginWarning
from wrt_foundation.plugins.hookspecs import hookimpl, hookspec
from wrt_foundation.plugins.kinds import KINDS, Kind
from wrt_foundation.plugins.manager import PluginManager, get_plugin_manager, list_plugins
from wrt_foundation.plugins.registry import Registry
from wrt_foundation.plugins.shelf import PluginEntry, State

__all__ = [
    "KINDS",
    "Contract",
    "Event",
    "Kind",
    "PluginEntry",
    "PluginManager",
    "PluginWarning",
    "Registry",
    "State",
    "get_plugin_manager",
    "hookimpl",
    "hookspec",
    "list_plugins",
]
