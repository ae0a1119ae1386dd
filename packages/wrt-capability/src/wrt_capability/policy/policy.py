"""`Policy`: rules, and what they come to for one access, one subject, one tenant."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from wrt_capability.decision import Access, Decision, Subject
from wrt_capability.policy.kinds import CORE_KINDS, Kinds
from wrt_capability.policy.quantities import QUANTITIES, Limit, show_quantity, stricter
from wrt_capability.policy.rule import Entry, Rule

__all__ = ["DeniedImports", "Exhausted", "Policy", "Ruling"]

NO_RULE = "nothing allows it"


class DeniedImports(StrEnum):
    """What becomes of functions that a module imports and may not."""

    REFUSE = "refuse"
    """The module does not link."""
    TRAP = "trap"
    """They are linked to a function that traps, for programs that never call them."""


class Exhausted(StrEnum):
    """What becomes of a call that has used up its fuel or its time."""

    TRAP = "trap"
    PAUSE = "pause"


@dataclass(frozen=True, slots=True)
class Ruling:
    """One entry that is about an access, of one rule."""

    rule: Rule
    entry: Entry

    def __str__(self) -> str:
        return self.rule.describe(self.entry)


@dataclass(frozen=True)
class Policy:
    """What tenants' modules may do: nothing but what a rule allows.

    Immutable, and shared by threads and engines. `kinds` are the kinds of access that it may speak of, `settings` what
    it says to capability plugins by their names, and thereby which it needs. Make one by `load`, `parse` or `of`.
    """

    rules: tuple[Rule, ...] = ()
    name: str = ""
    description: str = ""
    denied_imports: DeniedImports = DeniedImports.REFUSE
    exhausted: Exhausted = Exhausted.TRAP
    kinds: Kinds = field(default_factory=lambda: CORE_KINDS)
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def load(cls, path: str | os.PathLike[str], **options: Any) -> Policy:
        """Read a policy file; see `parse`. Raises `OSError` for a file that can't be read."""
        from wrt_capability.policy.reading import load_policy

        return load_policy(path, **options)

    @classmethod
    def parse(cls, text: str, filename: str = "<policy>", **options: Any) -> Policy:
        """Read a policy from its text, in TOML. Raises `PolicyError` with line and key for one that makes no sense.

        `manager` knows the capability plugins that it may speak of, one made for the occasion unless given.
        """
        from wrt_capability.policy.reading import parse_policy

        return parse_policy(text, filename, **options)

    @classmethod
    def preset(cls, name: str, **options: Any) -> Policy:
        """Return one of the policies that come with the package: qm, asil-a … asil-d, sandbox, trusted."""
        from wrt_capability.policy.reading import load_preset

        return load_preset(name, **options)

    @classmethod
    def of(cls, source: Policy | Mapping[str, Any] | str | os.PathLike[str] | None, **options: Any) -> Policy:
        """Return the policy that `source` is: one already, its TOML as a mapping, a preset's name or a file's path.

        None is the policy that allows nothing.
        """
        from wrt_capability.policy.reading import policy_of

        return policy_of(source, **options)

    # --- asking ------------------------------------------------------------------------------------------

    def rulings(self, access: Access) -> list[Ruling]:
        """Return every entry that is about an access, the one that decides first, then the next in rank.

        Raises `ValueError` for an object that is none of its kind, and for a kind that nobody knows.
        """
        kind = self.kinds.get(access.kind)
        if kind is None:
            raise ValueError(f"there is no kind of access {access.kind!r}")
        wanted = kind.resolve(access.object)
        found = [
            Ruling(rule, entry)
            for rule in self.rules
            if rule.about(access.subject)
            for entry in rule.entries
            if entry.kind == access.kind
            and entry.operation in (None, access.operation)
            and entry.pattern.matches(wanted)
        ]
        return sorted(found, key=lambda each: each.rule.rank(each.entry), reverse=True)

    def decide(self, access: Access) -> Decision:
        """Say whether an access is allowed, and by which rule. What no rule allows is denied."""
        try:
            rulings = self.rulings(access)
        except ValueError as error:
            return Decision(False, "", str(error))
        if not rulings:
            return Decision(False, "", NO_RULE)
        first = rulings[0]
        # Of rules that say the same with the same right, one that wants it recorded is enough.
        rank = first.rule.rank(first.entry)
        log = any(each.rule.log for each in rulings if each.rule.rank(each.entry) == rank)
        return Decision(first.entry.allow, str(first), log=log)

    def limits(self, subject: Subject) -> dict[str, Limit]:
        """Return what holds for each instance and call of a subject, by quantity.

        Of several rules the more specific counts, by tenant, then module, then layer; among equals the stricter.
        """
        return _strictest((rule, rule.limits) for rule in self.rules if rule.about(subject))

    def quota(self, tenant: str) -> dict[str, Limit]:
        """Return what holds for all of a tenant together, by quantity. Rules about single modules have none."""
        return _strictest((rule, rule.quota) for rule in self.rules if rule.tenant.matches(tenant))

    def largest(self, name: str, tenant: str) -> int | None:
        """Return the most that a limit comes to for any module of a tenant, None if some module has none.

        What may be asked before a module is known well enough to tell whose rules are about it.
        """
        rules = [rule for rule in self.rules if rule.tenant.matches(tenant)]
        modules = {rule.module.text: rule.module for rule in rules}.values()
        subjects = [Subject(tenant, "" if each.hash else each.text, each.hash) for each in modules]
        most = 0
        for subject in [*subjects, Subject(tenant)]:
            limit = self.limits(subject).get(name)
            if limit is None or limit.value is None:
                return None
            most = max(most, limit.value)
        return most

    def limited(self) -> set[str]:
        """Return the quantities that some rule bounds, in limits or quotas."""
        both = (each for rule in self.rules for each in (rule.limits, rule.quota))
        return {quantity.name for each in both for quantity, value in each.items() if value is not None}


def _strictest(found: Iterable[tuple[Rule, Mapping[Any, int | None]]]) -> dict[str, Limit]:
    best: dict[str, tuple[Any, Limit]] = {}
    for rule, values in found:
        rank = rule.tenant.specificity, rule.module.specificity, rule.layer
        for quantity, value in values.items():
            limit = Limit(value, rule.describe(f"{quantity.name} = {show_quantity(quantity, value)}"))
            known = best.get(quantity.name)
            if known is None or rank > known[0]:
                best[quantity.name] = rank, limit
            elif rank == known[0] and stricter(value, known[1].value) != known[1].value:
                best[quantity.name] = rank, limit
    return {name: best[name][1] for name in QUANTITIES if name in best}
