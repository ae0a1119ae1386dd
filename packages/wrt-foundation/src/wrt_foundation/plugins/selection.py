"""Selection: which of the installed plugins are switched on.

`WRT_PLUGINS=a,b` restricts them, by the names that users type or by "distribution:name":

* a stranger's plugin is on only if it is named;
* a built-in one is on if it is named, or if nothing of its kind is: naming an engine does not take away
  the memory it runs in. Built-in commands always stay.

So `WRT_PLUGINS=` alone, empty, leaves WRT as it comes. Not set at all, everything installed is on.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from wrt_foundation.errors import did_you_mean
from wrt_foundation.plugins.discovery import Offer
from wrt_foundation.plugins.events import PluginWarning
from wrt_foundation.plugins.kinds import Kind

__all__ = ["VARIABLE", "Selection"]

VARIABLE = "WRT_PLUGINS"


@dataclass(frozen=True)
class Selection:
    """The names that are let in; None lets everything in."""

    names: frozenset[str] | None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Selection:
        """Read `WRT_PLUGINS` from `environment`."""
        text = environment.get(VARIABLE)
        return cls(None) if text is None else cls.of(text.split(","))

    @classmethod
    def of(cls, names: Iterable[str]) -> Selection:
        """Let in these names only; blanks around them and empty ones do not count."""
        return cls(frozenset(name.strip() for name in names if name.strip()))

    def switched_off(self, kind: Kind, offers: Collection[Offer]) -> set[Offer]:
        """Return those of one kind's `offers` that are not let in."""
        if self.names is None:
            return set()
        named = {offer for offer in offers if self._names(offer)}
        built_ins_stay = kind.built_ins_stay or not named
        return {offer for offer in offers if offer not in named and not (offer.built_in and built_ins_stay)}

    def warn_of_unknown(self, offers: Collection[Offer]) -> None:
        """Warn of names that no installed plugin has: a misspelt one would silently switch everything else off."""
        if self.names is None:
            return
        known = {offer.name for offer in offers} | {offer.qualified for offer in offers}
        for name in sorted(self.names - known):
            if any(offer.is_spelt(name) for offer in offers):
                continue
            message = f"{VARIABLE} names {name!r}, and no installed plugin is called that{did_you_mean(name, known)}"
            warnings.warn(PluginWarning(message), stacklevel=2)

    def _names(self, offer: Offer) -> bool:
        return self.names is not None and any(name == offer.name or offer.is_spelt(name) for name in self.names)

    def __str__(self) -> str:
        return f"{VARIABLE}={','.join(sorted(self.names or ()))}"
