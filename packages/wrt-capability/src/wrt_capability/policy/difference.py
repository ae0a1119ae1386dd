"""Differences: what one policy allows, denies or limits otherwise than another.

There is no end of names that could be asked about, so patterns are. For each pattern that either policy names, and each
overlap of two, it is found out which entry decides about a name that only the patterns around it match; and so for
tenants and modules. What three patterns come to where no two of them meet so is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from wrt_capability.decision import Subject
from wrt_capability.policy.overlap import overlap
from wrt_capability.policy.patterns import ANY, ModulePattern, NamePattern, Pattern
from wrt_capability.policy.policy import Policy
from wrt_capability.policy.quantities import QUANTITIES, Limit
from wrt_capability.policy.rule import ALL_MODULES, Entry, Rank, Rule

__all__ = ["AccessChange", "LimitChange", "SettingChange", "access_changes", "limit_changes", "setting_changes"]


@dataclass(frozen=True, slots=True)
class AccessChange:
    """What is newly allowed, or newly denied; `before` and `after` are the entries that decide, or ""."""

    allowed: bool
    kind: str
    operations: tuple[str, ...]
    pattern: str
    tenant: str
    module: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class LimitChange:
    """A limit, or a quota, that is another one: `looser` if more may be used than before."""

    table: str
    quantity: str
    tenant: str
    module: str
    before: Limit | None
    after: Limit | None

    @property
    def looser(self) -> bool:
        """Whether it lets more be used."""
        before, after = (None if each is None else each.value for each in (self.before, self.after))
        return after is None or (before is not None and after > before)


@dataclass(frozen=True, slots=True)
class SettingChange:
    """Something that holds for a policy as a whole."""

    setting: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class _Question:
    tenant: NamePattern
    module: ModulePattern
    pattern: Pattern
    kind: str
    operation: str

    def covers(self, other: _Question) -> bool:
        return (
            self.tenant.covers(other.tenant)
            and _module_covers(self.module, other.module)
            and self.pattern.covers(other.pattern)
        )


def access_changes(before: Policy, after: Policy) -> list[AccessChange]:
    """Return what the second policy allows and denies otherwise than the first; of what implies another, that alone."""
    changed: dict[tuple[bool, str, str], list[tuple[_Question, str, str]]] = {}
    for question in _questions(before, after):
        old, new = _decided(before, question), _decided(after, question)
        if _allows(old) != _allows(new):
            key = _allows(new), question.kind, question.operation
            changed.setdefault(key, []).append((question, _shown(old), _shown(new)))
    # Only what is said by no wider one with the same entries: `env.log` says nothing new where `env.*` changed alike.
    merged: dict[tuple[Any, ...], list[str]] = {}
    for (allowed, kind, operation), rows in changed.items():
        for question, old_text, new_text in rows:
            alike = (row for row in rows if row[0] != question and (row[1:] == (old_text, new_text)))
            if not any(row[0].covers(question) for row in alike):
                whom = question.pattern.text, question.tenant.text, question.module.text
                merged.setdefault((allowed, kind, *whom, old_text, new_text), []).append(operation)
    return [
        AccessChange(allowed, kind, tuple(operations), *rest) for (allowed, kind, *rest), operations in merged.items()
    ]


def limit_changes(before: Policy, after: Policy) -> list[LimitChange]:
    """Return the limits and quotas that are other ones."""
    tenants, modules = _whom(before, after)
    found: dict[tuple[str, str], list[LimitChange]] = {}
    for tenant in tenants:
        for module in modules:
            subject = Subject(tenant.text, "" if module.hash else module.text, module.hash)
            tables = {"limits": (before.limits(subject), after.limits(subject))}
            if module == ALL_MODULES:
                tables["quota"] = before.quota(tenant.text), after.quota(tenant.text)
            for table, (old, new) in tables.items():
                for quantity in QUANTITIES:
                    pair = old.get(quantity), new.get(quantity)
                    known = found.setdefault((table, quantity), [])
                    change = LimitChange(table, quantity, tenant.text, module.text, *pair)
                    if _value(pair[0]) != _value(pair[1]) and not any(_implies(each, change) for each in known):
                        known.append(change)
    return [change for changes in found.values() for change in changes]


def setting_changes(before: Policy, after: Policy) -> list[SettingChange]:
    """Return what else is not the same: what becomes of imports that are denied, and what plugins are told."""
    pairs: list[tuple[str, Any, Any]] = [
        ("denied-imports", before.denied_imports.value, after.denied_imports.value),
        ("exhausted", before.exhausted.value, after.exhausted.value),
    ]
    names = sorted({*before.settings, *after.settings})
    pairs += [(f"capabilities.{name}", before.settings.get(name), after.settings.get(name)) for name in names]
    return [SettingChange(*each) for each in pairs if each[1] != each[2]]


def _questions(*policies: Policy) -> Iterator[_Question]:
    tenants, modules = _whom(*policies)
    kinds = {name: kind for policy in policies for name, kind in policy.kinds.items()}
    patterns: dict[str, dict[Pattern, None]] = {}
    for policy in policies:
        for rule in policy.rules:
            for entry in rule.entries:
                patterns.setdefault(entry.kind, {})[entry.pattern] = None
    for kind, named in patterns.items():
        for pattern in _with_overlaps(named):
            for tenant in tenants:
                for module in modules:
                    for operation in kinds[kind].operations:
                        yield _Question(tenant, module, pattern, kind, operation)


def _with_overlaps(patterns: Iterable[Pattern]) -> Iterable[Pattern]:
    named = sorted(patterns, key=lambda each: each.specificity)
    found = dict.fromkeys(named)
    for one, other in combinations(named, 2):
        both = overlap(one, other)
        if both is not None:
            found[both] = None
    return found


def _whom(*policies: Policy) -> tuple[list[NamePattern], list[ModulePattern]]:
    """The patterns of tenants and modules that they name, the widest first."""
    rules = [rule for policy in policies for rule in policy.rules]
    tenants = {ANY, *(rule.tenant for rule in rules)}
    modules = {ALL_MODULES, *(rule.module for rule in rules)}
    return (
        sorted(tenants, key=lambda each: (each.specificity, each.text)),
        sorted(modules, key=lambda each: (each.specificity, each.text)),
    )


def _decided(policy: Policy, question: _Question) -> tuple[Rule, Entry] | None:
    """The entry that decides about what nothing more specific matches."""
    best: tuple[Rank, Rule, Entry] | None = None
    for rule in policy.rules:
        if not (rule.tenant.covers(question.tenant) and _module_covers(rule.module, question.module)):
            continue
        for entry in rule.entries:
            if entry.kind == question.kind and entry.operation in (None, question.operation):
                rank = rule.rank(entry)
                if (best is None or rank > best[0]) and entry.pattern.covers(question.pattern):
                    best = rank, rule, entry
    return None if best is None else best[1:]


def _module_covers(wide: ModulePattern, narrow: ModulePattern) -> bool:
    # Of a module known by its hash nobody knows the name.
    if narrow.hash or wide.hash:
        return wide.hash == narrow.hash or wide.covers(ANY)
    return wide.covers(narrow)


def _allows(decided: tuple[Rule, Entry] | None) -> bool:
    return decided is not None and decided[1].allow


def _shown(decided: tuple[Rule, Entry] | None) -> str:
    return "" if decided is None else decided[0].describe(decided[1])


def _value(limit: Limit | None) -> int | None:
    return None if limit is None else limit.value


def _implies(wider: LimitChange, change: LimitChange) -> bool:
    return (_value(wider.before), _value(wider.after)) == (_value(change.before), _value(change.after))
