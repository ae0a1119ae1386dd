"""The hooks of the foundation layer, by life-cycle phase.

A plugin implements one hook of the first phase: the one of its kind. That implementation is the place
for heavy imports: the module that holds it is imported when the plugin is picked, not when it is listed.
Upper layers add the hooks of later phases with `PluginManager.add_hookspecs`; those at which things
happen to modules and instances are in `wrt_core`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from wrt_foundation.errors import PluginError
    from wrt_foundation.plugins.shelf import PluginEntry

__all__ = ["PROJECT", "hookimpl", "hookspec"]

PROJECT = "wrt"

hookspec = pluggy.HookspecMarker(PROJECT)
"""Marks a function as the specification of a hook; for layers that add hooks."""

hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a function as the implementation of a hook; for plugins."""

# --- Registration: a plugin was picked by name and hands over what it has ------------------------------


@hookspec(firstresult=True)
def wrt_register_engine(name: str) -> object:
    """Hand over the engine of that name.

    Called once, when an engine is first picked by name; only the picked plugin is asked.
    Stops at the first result that is not None. The implementation may leave `name` out of its parameters.

    :param name: the entry-point name that was picked; a plugin that offers several tells them apart by it.
    :returns: the engine's class, or a callable that takes the same options and returns an engine.
    """


@hookspec(firstresult=True)
def wrt_register_memory_provider(name: str) -> object:
    """Hand over the memory provider of that name.

    Called once, when a provider is first picked by name; only the picked plugin is asked.
    Stops at the first result that is not None.

    :param name: the entry-point name that was picked.
    :returns: the provider's class, or a callable that takes the same options and returns a provider.
    """


@hookspec(firstresult=True)
def wrt_register_capability(name: str) -> object:
    """Hand over the capability of that name.

    Called once, when a policy first names the capability; only the picked plugin is asked.
    Stops at the first result that is not None.

    :param name: the entry-point name that was picked.
    :returns: the capability plugin object, as the capability layer defines it.
    """


@hookspec(firstresult=True)
def wrt_register_audit_sink(name: str) -> object:
    """Hand over the audit sink of that name.

    Called once, when an audit log is first set up to write to it; only the picked plugin is asked.
    Stops at the first result that is not None.

    :param name: the entry-point name that was picked.
    :returns: the sink's class, or a callable that takes the same options and returns a sink, as the capability
        layer defines it.
    """


@hookspec(firstresult=True)
def wrt_register_format(name: str) -> object:
    """Hand over the module format of that name.

    Called once, when a source of this format is first read; only the picked plugin is asked.
    Stops at the first result that is not None.

    :param name: the entry-point name that was picked.
    :returns: the format object: what recognises a source and turns it into a `Module`.
    """


@hookspec(firstresult=True)
def wrt_register_host_module(name: str) -> object:
    """Hand over the host module of that name.

    Called once, when a module that imports from `name` is first linked with host modules switched on,
    or when the host module is asked for; only the picked plugin is asked.
    Stops at the first result that is not None.

    :param name: the entry-point name that was picked: the module name that guests import from.
    :returns: the host module's class or factory, as the core layer defines it.
    """


@hookspec(firstresult=True)
def wrt_register_wasi_family(name: str) -> object:
    """Hand over the WASI family of that name.

    Called once, when a guest of WASI is first served by it; only the picked plugin is asked.
    Stops at the first result that is not None.

    :param name: the entry-point name that was picked.
    :returns: the family's class, or a callable that takes what the guest has and returns a family, as WASI's
        distribution defines it.
    """


@hookspec(firstresult=True)
def wrt_register_command(name: str) -> object:
    """Hand over the subcommand of that name.

    Called once, when `wrt NAME` is typed or its help is shown; only the picked plugin is asked.
    Stops at the first result that is not None.

    :param name: the entry-point name that was picked: the word that users type after `wrt`.
    :returns: a click command.
    """


@hookspec(firstresult=True)
def wrt_register_observer(name: str) -> object:
    """Hand over the observer of that name.

    Called once, when observers are switched on (`PluginManager.load_observers`); only the plugin itself is asked.
    Stops at the first result that is not None.

    :param name: the entry-point name.
    :returns: an object with at least one method that is marked `@hookimpl` and named after an event.
    """


# --- Events: told to observers; nothing is asked of them -------------------------------------------------


@hookspec
def wrt_plugin_loaded(entry: PluginEntry) -> None:
    """A plugin was loaded.

    Called after the plugin handed over what it registers, before anyone uses it, in the thread that picked it.
    Nothing stops it: every observer is told, and one that raises is left out from then on.

    :param entry: the plugin's record, now in the state "loaded".
    """


@hookspec
def wrt_plugin_broken(entry: PluginEntry, error: PluginError) -> None:
    """A plugin could not be loaded.

    Called before the error reaches whoever picked the plugin, in the same thread.
    Nothing stops it: every observer is told, and one that raises is left out from then on.

    :param entry: the plugin's record, now in the state "broken" with the reason.
    :param error: the error that the caller is about to get.
    """
