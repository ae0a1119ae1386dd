"""Manager: pluggy's, with the kinds, the selection and the tracing of WRT. There is no global one."""

from __future__ import annotations

import os
import sys
import threading
import warnings
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, overload

import pluggy

from wrt_foundation.errors import PluginError, UnknownPlugin, did_you_mean
from wrt_foundation.plugins import hookspecs
from wrt_foundation.plugins.contract import Contract
from wrt_foundation.plugins.discovery import Offer, offers
from wrt_foundation.plugins.events import Event, Listener, PluginWarning
from wrt_foundation.plugins.kinds import KINDS, Kind
from wrt_foundation.plugins.loading import attach
from wrt_foundation.plugins.registry import Registry
from wrt_foundation.plugins.selection import Selection
from wrt_foundation.plugins.shelf import PluginEntry, Shelf

__all__ = ["PluginManager", "get_plugin_manager", "list_plugins"]

T = TypeVar("T")


class PluginManager(pluggy.PluginManager):
    """A pluggy manager that knows WRT's kinds of plugin and loads one only when it is picked.

    The environment is read once, when the manager is made; what is installed is read once, when a registry
    is first made. Registries and `event` are thread-safe; adding kinds and hookspecs belongs to set-up.
    """

    def __init__(self, selection: Selection) -> None:
        super().__init__(hookspecs.PROJECT)
        self.selection = selection
        self.kinds: dict[str, Kind] = dict(KINDS)
        # Reentrant: a plugin may pick another one while it is loaded (an engine that wraps an engine).
        self.lock = threading.RLock()
        self._shelves: dict[str, Shelf] = {}
        self._offers: dict[str, list[Offer]] | None = None
        self._event_trace: Callable[..., object] | None = None
        self.add_hookspecs(hookspecs)

    def add_kind(self, kind: Kind) -> None:
        """Add a kind of plugin; its hook comes with `add_hookspecs`. Adding the same kind again does nothing.

        Raises `PluginError` if another kind has that group.
        """
        with self.lock:
            if self.kinds.setdefault(kind.group, kind) != kind:
                raise PluginError(f"the group {kind.group!r} is already one of another kind of plugin")
            if kind.group not in (self._offers or {kind.group: []}):
                # The installed plugins were read before this kind was known.
                self._offers = None

    def trace_to(self, write: Callable[[str], object]) -> None:
        """Tell `write` in text what is found, every hook call and every event from now on."""
        self.trace.root.setwriter(lambda text: write(text) and None)
        self.enable_tracing()
        self._event_trace = self.trace.root.get("event")

    def kind(self, group: str) -> Kind:
        """Return the kind whose plugins are in the entry-point group `group`, or raise `UnknownPlugin`."""
        kind = self.kinds.get(group)
        if kind is None:
            known = ", ".join(self.kinds)
            message = (
                f"there is no kind of plugin in the group {group!r}{did_you_mean(group, self.kinds)}; known: {known}"
            )
            raise UnknownPlugin(message)
        return kind

    @overload
    def registry(self, group: str) -> Registry[Any]: ...

    @overload
    def registry(self, group: str, contract: Contract[T]) -> Registry[T]: ...

    def registry(self, group: str, contract: Contract[Any] | None = None) -> Registry[Any]:
        """Return a registry of the plugins of one kind; see `Registry`."""
        return Registry(group, self, contract)

    def shelf(self, kind: Kind) -> Shelf:
        """Return what is known about the plugins of one kind; for `Registry`."""
        with self.lock:
            if kind.group not in self._shelves:
                found = self._installed()[kind.group]
                switched_off = self.selection.switched_off(kind, found)
                self._shelves[kind.group] = Shelf(kind, found, switched_off, str(self.selection))
            return self._shelves[kind.group]

    def _installed(self) -> dict[str, list[Offer]]:
        if self._offers is None:
            found = offers(self.kinds)
            self.selection.warn_of_unknown(found)
            self._offers = {group: [offer for offer in found if offer.group == group] for group in self.kinds}
            trace = self.trace.root.get("wrt")
            for offer in found:
                trace("found", offer.group, offer.qualified, "->", offer.entry_point.value)
        return self._offers

    def event(self, name: str) -> Event | None:
        """Return the event to call when `name` happens, or None when nobody listens; ask once, at set-up.

        Raises `PluginError` if no hookspec has that name.
        """
        with self.lock:
            caller = getattr(self.hook, name, None)
            if caller is None or not caller.has_spec():
                known = [hook for hook, other in vars(self.hook).items() if other.has_spec()]
                raise PluginError(f"there is no event named {name}{did_you_mean(name, known)}")
            # pluggy lists them in the order of calling, backwards.
            listeners = [
                Listener(impl.plugin_name, impl.function, tuple(impl.argnames))
                for impl in reversed(caller.get_hookimpls())
            ]
        return Event(name, listeners, self._event_trace) if listeners else None

    def observe(self, observer: object, name: str | None = None) -> None:
        """Add an observer: an object whose methods marked `@hookimpl` are named after events.

        It hears what is set up from now on (see `events`). Raises `PluginError` if it listens to nothing, to an
        event that does not exist, or asks for a fact that the event does not have. `unregister` takes it away.
        """
        name = name or f"{type(observer).__qualname__}@{id(observer):x}"
        with self.lock:
            attach(self, observer, name)
            implementations = [
                impl
                for caller in self.get_hookcallers(observer) or ()
                for impl in caller.get_hookimpls()
                if impl.plugin is observer
            ]
            complaint = "" if implementations else "listens to nothing: no method is marked @hookimpl"
            if any(impl.wrapper or impl.hookwrapper for impl in implementations):
                complaint = "wraps hooks: observers are told, they have nothing to wrap"
            if complaint:
                self.unregister(observer)
                raise PluginError(f"the observer {name!r} {complaint}", plugin=name)

    def load_observers(self) -> None:
        """Load and add every installed observer that is switched on; a second call adds none twice.

        Call it after the hookspecs of all layers were added. A broken one is named in a `PluginWarning`.
        """
        registry = self.registry("wrt.observers")
        for name in registry.names():
            with self.lock:
                try:
                    observer = registry.get(name)
                    if not self.is_registered(observer):
                        self.observe(observer, f"observer {name}")
                except PluginError as error:
                    warnings.warn(PluginWarning(f"{name} does not observe: {error.message}"), stacklevel=2)


def get_plugin_manager(environment: Mapping[str, str] | None = None) -> PluginManager:
    """Build a plugin manager with the foundation's hookspecs. It has found and loaded nothing yet.

    `WRT_PLUGINS=a,b` in `environment` (by default the process's) restricts it to these plugins, as `selection`
    describes; `WRT_TRACE_PLUGINS=1` writes what is found, every hook call and every event to stderr.
    """
    if environment is None:
        environment = os.environ
    manager = PluginManager(Selection.from_environment(environment))
    if environment.get("WRT_TRACE_PLUGINS", "0") not in ("", "0"):
        # Looked up at each write: whoever replaces sys.stderr later means it.
        manager.trace_to(lambda text: sys.stderr.write(text))
    return manager


def list_plugins(manager: PluginManager | None = None, *, load: bool = False) -> list[PluginEntry]:
    """Return a record for every plugin of every kind, in the order of `KINDS`.

    Nothing is imported unless `load` asks to try each one that is switched on; one that fails is then
    listed as broken, with the reason. What fails only in a layer that is not asked here stays unseen.
    """
    manager = manager or get_plugin_manager()
    entries: list[PluginEntry] = []
    for group in manager.kinds:
        registry = manager.registry(group)
        if load:
            for name in registry.names():
                try:
                    registry.get(name)
                except PluginError:
                    continue  # its record says why
        entries += registry.entries()
    return entries
