"""Which plugin serves which family of preview 1, and what they serve together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from wrt_foundation.errors import PluginError, WrtError, did_you_mean
from wrt_foundation.plugins import Contract, PluginManager, get_plugin_manager
from wrt_wasi.preview1.family import Family, FamilyFactory, Guest
from wrt_wasi.preview1.signatures import FAMILIES

__all__ = ["Chosen", "Families"]

Chosen = Mapping[str, str | FamilyFactory | None]
"""By family, the name of the plugin that serves it in place of ours, or what makes a `Family`, or None for nobody."""

_CONTRACT: Contract[FamilyFactory] = Contract("a Family subclass or another callable that takes a Guest", callable)


class Families:
    """The families that serve one guest: ours, each a plugin called "wasi-" and its name, but for those `chosen`.

    `functions` are what they serve, by name; `missing` says of each other function why nobody does. One of ours that
    is switched off (`WRT_PLUGINS`) or broken is missing. Raises `WrtError` for a family that there is not,
    `PluginError` for what is chosen and can't be had, and what the families raise.
    """

    def __init__(self, guest: Guest, chosen: Chosen, plugins: PluginManager | None = None) -> None:
        for family in chosen:
            if family not in FAMILIES:
                known = ", ".join(FAMILIES)
                raise WrtError(f"WASI has no family {family!r}{did_you_mean(family, FAMILIES)}; it has {known}")
        self._registry = (plugins or get_plugin_manager()).registry("wrt.wasi_families", _CONTRACT)
        self._made: list[Family] = []
        self.functions: dict[str, Callable[..., None]] = {}
        self.missing: dict[str, str] = {}
        try:
            for family, names in FAMILIES.items():
                self._add(family, names, chosen, guest)
        except BaseException:
            self.close()
            raise

    def _add(self, family: str, names: Mapping[str, object], chosen: Chosen, guest: Guest) -> None:
        factory = chosen.get(family, f"wasi-{family}")
        if factory is None:
            reason = f"the WASI family {family!r} is left out"
        else:
            reason = f"{factory!r} serves the WASI family {family!r} without it"
        if isinstance(factory, str):
            try:
                factory = self._registry.get(factory)
            except PluginError as error:
                if family in chosen:
                    raise
                factory, reason = None, f"the WASI family {family!r} is not there: {error}"
        made: Any = None if factory is None else factory(guest)
        if isinstance(made, Family):
            self._made.append(made)
        elif made is not None:
            raise PluginError(f"who serves the WASI family {family!r} is broken: {made!r} is no Family", plugin=family)
        for name in names:
            function = getattr(made, name, None)
            if function is None:
                self.missing[name] = reason
            else:
                self.functions[name] = function

    def close(self) -> None:
        """Close all of them."""
        for family in self._made:
            family.close()
