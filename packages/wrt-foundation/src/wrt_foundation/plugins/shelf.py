"""Shelf: what one manager knows about the plugins of one kind, and how it is reported."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from wrt_foundation.plugins.discovery import Offer, is_missing
from wrt_foundation.plugins.kinds import Kind

__all__ = ["PluginEntry", "Record", "Shelf", "State"]


class State(Enum):
    """What is known about a plugin; the value is the word that reports show."""

    AVAILABLE = "available"
    """Installed and not imported."""
    LOADED = "loaded"
    BROKEN = "broken"
    DISABLED = "disabled"
    """Switched off by `WRT_PLUGINS`."""
    SHADOWED = "shadowed"
    """Its name means another plugin, or is claimed by several; "distribution:name" still reaches it."""


@dataclass(frozen=True)
class PluginEntry:
    """One plugin as reports show it: plain data, made without importing anything."""

    kind: str
    """The entry-point group."""
    name: str
    distribution: str | None
    """None for a plugin that was registered in this process."""
    version: str | None
    state: State
    value: str
    """Where it leads: "module" or "module:object"."""
    reason: str = ""
    """Why it is broken, disabled or shadowed; empty otherwise."""


class Record:
    """One offer and what became of it."""

    def __init__(self, offer: Offer, *, disabled: str = "", shadowed: str = "") -> None:
        self.offer = offer
        self.disabled = disabled
        self.shadowed = shadowed
        self.broken = ""
        self.loading = False
        self.thing: object = None

    def entry(self, replaced: bool = False) -> PluginEntry:
        """Report it; `replaced` says that one of this process has its name."""
        state, reason = self._state()
        if replaced and state in (State.AVAILABLE, State.LOADED):
            state, reason = State.SHADOWED, "replaced in this process"
        offer = self.offer
        return PluginEntry(
            offer.group, offer.name, offer.distribution, offer.version, state, offer.entry_point.value, reason
        )

    def _state(self) -> tuple[State, str]:
        if self.disabled:
            return State.DISABLED, self.disabled
        if self.broken:
            return State.BROKEN, self.broken
        if self.thing is not None:
            return State.LOADED, ""
        module = self.offer.entry_point.value.partition(":")[0].partition("[")[0].strip()
        missing = is_missing(module)
        if missing is not None:
            return State.BROKEN, f"there is no module named {missing!r}"
        return (State.SHADOWED, self.shadowed) if self.shadowed else (State.AVAILABLE, "")


class Shelf:
    """What one manager knows about the plugins of one kind; its registries share it, guarded by the manager's lock."""

    def __init__(self, kind: Kind, offers: list[Offer], switched_off: set[Offer], why: str) -> None:
        self.in_process: dict[str, object] = {}
        self.records: list[Record] = []
        for offer in offers:
            if offer in switched_off:
                self.records.append(Record(offer, disabled=f"switched off by {why}; add it there"))
            else:
                rivals = [rival for rival in offers if rival.name == offer.name and rival not in switched_off]
                self.records.append(Record(offer, shadowed=_shadow(kind, offer, rivals)))


def _shadow(kind: Kind, offer: Offer, rivals: list[Offer]) -> str:
    """Say why `offer` does not answer to its bare name, or return an empty string; `rivals` includes it."""
    winners = [rival for rival in rivals if rival.built_in] or rivals
    if offer is winners[0] and len({rival.distribution for rival in winners}) == 1:
        return ""
    if len(winners) > 1:
        choices = ", ".join(repr(rival.qualified) for rival in winners)
        return f"offered by {len(winners)} distributions; say which: {choices}"
    return f"shadowed by the {kind.noun} of {winners[0].distribution}; say {offer.qualified!r} for this one"
