"""Rules: what a policy says about some tenants and some modules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from wrt_capability.decision import Subject
from wrt_capability.policy.patterns import ANY, ModulePattern, NamePattern, Pattern
from wrt_capability.policy.quantities import Quantity

__all__ = ["ALL_MODULES", "Entry", "Place", "Rank", "Rule"]

ALL_MODULES = ModulePattern("*")
"""Matches every module, named or not."""

Rank = tuple[tuple[int, int], tuple[int, int], tuple[int, int], int, bool]
"""How an entry compares with others: tenant, module, object, layer, and whether it denies. The greatest decides."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in a policy: the file, and the line from 1 or None where it is not known."""

    filename: str
    line: int | None = None

    def __str__(self) -> str:
        return self.filename if self.line is None else f"{self.filename}:{self.line}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One pattern that is allowed or denied. `operation` None stands for all operations of the kind."""

    allow: bool
    kind: str
    operation: str | None
    pattern: Pattern
    place: Place

    def __str__(self) -> str:
        operation = "" if self.operation is None else f".{self.operation}"
        return f'{"allow" if self.allow else "deny"}.{self.kind}{operation} "{self.pattern.text}"'


@dataclass(frozen=True, slots=True)
class Rule:
    """What holds for the tenants and modules of two patterns.

    `limits` and `quota` are by quantity, None for unlimited. `log` asks for every use of what is allowed here to be
    recorded. `layer` counts the policies that this one extends, and those that these extend: what stands further up
    in the pile overrides what is equally specific below.
    """

    place: Place
    tenant: NamePattern = ANY
    module: ModulePattern = ALL_MODULES
    entries: tuple[Entry, ...] = ()
    limits: Mapping[Quantity, int | None] = field(default_factory=dict)
    quota: Mapping[Quantity, int | None] = field(default_factory=dict)
    log: bool = False
    layer: int = 0

    def about(self, subject: Subject) -> bool:
        """Say whether the subject's tenant and module are among those."""
        return self.tenant.matches(subject.tenant) and self.module.admits(subject.module, subject.hash)

    def rank(self, entry: Entry) -> Rank:
        """How one of its entries compares with those of other rules."""
        return self.tenant.specificity, self.module.specificity, entry.pattern.specificity, self.layer, not entry.allow

    def describe(self, entry: object) -> str:
        """An entry, or a limit's text, with its place and whom it is about."""
        whom = []
        if self.tenant.text != "*":
            whom.append(f"tenant {self.tenant.text!r}")
        if self.module.text != "*":
            whom.append(f"module {self.module.text!r}")
        place = entry.place if isinstance(entry, Entry) else self.place
        return f"{place}: {entry}{' for ' + ', '.join(whom) if whom else ''}"
