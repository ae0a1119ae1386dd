"""Registry: the plugins of one kind, by the name that users type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar, cast

from wrt_foundation.errors import PluginError, UnknownPlugin, did_you_mean
from wrt_foundation.plugins.contract import ANYTHING, Contract
from wrt_foundation.plugins.loading import load
from wrt_foundation.plugins.shelf import PluginEntry, Record, State

if TYPE_CHECKING:
    from wrt_foundation.plugins.kinds import Kind
    from wrt_foundation.plugins.manager import PluginManager

__all__ = ["Registry"]

T = TypeVar("T")


class Registry(Generic[T]):
    """The plugins of one kind: installed ones, found by entry point, and ones registered in this process.

    Listing imports nothing; `get` imports the one plugin that is asked for. `contract` says what plugins
    must hand over, and so what `get` returns. A registry made without a manager builds its own; two
    registries of one manager and kind share what they have loaded. Thread-safe.

    Two distributions that offer the same name: a built-in one wins and the other is shadowed; between
    strangers the bare name is refused. "distribution:name" reaches any of them, and where a plugin's bare name looks
    like another's full name, it means that other.
    """

    def __init__(self, group: str, manager: PluginManager | None = None, contract: Contract[T] | None = None) -> None:
        if manager is None:
            from wrt_foundation.plugins.manager import get_plugin_manager

            manager = get_plugin_manager()
        self.manager = manager
        self.kind: Kind = manager.kind(group)
        self._contract: Contract[T] = contract or ANYTHING
        self._shelf = manager.shelf(self.kind)

    def names(self) -> tuple[str, ...]:
        """Return every name that `get` knows, sorted; a shadowed plugin appears as "distribution:name"."""
        with self.manager.lock:
            names = set(self._shelf.in_process)
            for record in self._shelf.records:
                if not record.disabled:
                    shadowed = record.shadowed or record.offer.name in self._shelf.in_process
                    names.add(record.offer.qualified if shadowed else record.offer.name)
            return tuple(sorted(names))

    def entries(self) -> tuple[PluginEntry, ...]:
        """Return one record for every plugin of this kind, by name, then distribution; nothing is imported."""
        with self.manager.lock:
            entries = [record.entry(record.offer.name in self._shelf.in_process) for record in self._shelf.records]
            entries += [
                PluginEntry(self.kind.group, name, None, None, State.LOADED, _where(thing))
                for name, thing in self._shelf.in_process.items()
            ]
        return tuple(sorted(entries, key=lambda entry: (entry.name, entry.distribution or "")))

    def get(self, name: str, *, full_names: bool = True) -> T:
        """Return what the plugin `name` hands over, loading that one alone on first use.

        With `full_names` false, a name is never taken for "distribution:name": for names that are not the user's.
        Raises `UnknownPlugin` with the known names for a name that nobody offers, and `PluginError` for a plugin
        that is switched off, shares its name with another, cannot be loaded, or breaks its contract. One that
        could not be loaded is tried again the next time: what it lacked may have been installed by then.
        """
        with self.manager.lock:
            if name in self._shelf.in_process:
                thing = self._shelf.in_process[name]
                self._check(name, thing)
                return cast("T", thing)
            return cast("T", self._load(self._find(name, full_names)))

    def register(self, name: str, thing: T, *, replace: bool = False) -> None:
        """Add a plugin of this process: `get(name)` returns `thing`. It is never switched off by `WRT_PLUGINS`.

        An earlier one of that name that was registered so is replaced, so that a notebook's cell can run twice.
        Raises `PluginError` if `thing` breaks the contract, or if an installed plugin has that name and `replace`
        is false.
        """
        self._check(name, thing)
        with self.manager.lock:
            installed = [record.offer.distribution for record in self._shelf.records if record.offer.name == name]
            if installed and not replace:
                message = f"{' and '.join(installed)} already offers the {self.kind.noun} {name!r}; pass replace=True"
                raise PluginError(message, plugin=name, distribution=installed[0])
            self._shelf.in_process[name] = thing

    def unregister(self, name: str) -> None:
        """Take away what `register` added. Raises `UnknownPlugin` if `register` never added that name."""
        with self.manager.lock:
            if name not in self._shelf.in_process:
                suggestion = did_you_mean(name, self._shelf.in_process)
                raise UnknownPlugin(
                    f"no {self.kind.noun} {name!r} was registered in this process{suggestion}", plugin=name
                )
            del self._shelf.in_process[name]

    def _find(self, name: str, full_names: bool) -> Record:
        # Full names first: what somebody else calls his plugin must not change what they mean.
        spelt = [record for record in self._shelf.records if full_names and record.offer.is_spelt(name)]
        records = spelt or [record for record in self._shelf.records if record.offer.name == name]
        # Nobody shadows the winner. Where nobody won, the claimants shadow one another.
        records.sort(key=lambda record: (bool(record.disabled), bool(record.shadowed)))
        if not records:
            known = self.names()
            listed = f"; known: {', '.join(known)}" if known else "; none is installed"
            message = f"no {self.kind.noun} is called {name!r}{did_you_mean(name, known)}{listed}"
            raise UnknownPlugin(message, plugin=name)
        record = records[0]
        if record.disabled:
            message = f"the {self.kind.noun} {name!r} is {record.disabled}"
            raise PluginError(message, plugin=name, distribution=record.offer.distribution)
        if record.shadowed and not spelt:
            raise PluginError(f"the {self.kind.noun} {name!r} is {record.shadowed}", plugin=name)
        return record

    def _load(self, record: Record) -> object:
        offer = record.offer
        try:
            if record.thing is None:
                if record.loading:
                    message = f"the {self.kind.noun} {offer.name!r} asks for itself while it is being loaded"
                    raise PluginError(message, plugin=offer.name, distribution=offer.distribution)
                record.loading = True
                try:
                    record.thing = load(self.manager, self.kind, offer, self._contract)
                finally:
                    record.loading = False
                record.broken = ""
                self._tell("wrt_plugin_loaded", entry=record.entry())
            else:
                # Another registry loaded it, perhaps one that asks for less.
                self._check(offer.name, record.thing, offer.distribution)
        except PluginError as error:
            record.broken = error.message
            self._tell("wrt_plugin_broken", entry=record.entry(), error=error)
            raise
        return record.thing

    def _check(self, name: str, thing: object, distribution: str | None = None) -> None:
        complaint = self._contract.complaint(thing)
        if complaint is not None:
            message = f"the {self.kind.noun} {name!r} of {distribution or 'this process'} is broken: {complaint}"
            raise PluginError(message, plugin=name, distribution=distribution)

    def _tell(self, event: str, **facts: object) -> None:
        tell = self.manager.event(event)
        if tell is not None:
            tell(**facts)


def _where(thing: object) -> str:
    cls = thing if isinstance(thing, type) else type(thing)
    return f"{cls.__module__}:{cls.__qualname__}"
