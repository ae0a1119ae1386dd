"""Explanations: whether somebody may do something, which rule says so, and which rules it overrides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from wrt_capability.decision import Access, Decision
from wrt_capability.policy.policy import Policy, Ruling

if TYPE_CHECKING:
    from wrt_capability.panel import Panel

__all__ = ["Explanation", "explain"]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is decided of an access and why.

    `rulings` are the entries that are about it, the one that decides first. `amounts_to` are the accesses that an
    import comes to besides, all of which must be allowed too.
    """

    access: Access
    decision: Decision
    rulings: tuple[Ruling, ...] = ()
    amounts_to: tuple[Explanation, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether it is, all taken together."""
        return self.decision.allowed and all(each.allowed for each in self.amounts_to)

    def plain(self) -> dict[str, Any]:
        """Return it as plain values, for JSON."""
        return {
            "allowed": self.allowed,
            "tenant": self.access.subject.tenant,
            "module": self.access.subject.module,
            "hash": self.access.subject.hash,
            "kind": self.access.kind,
            "object": self.access.object,
            "operation": self.access.operation,
            "rule": self.decision.rule,
            "reason": self.decision.reason,
            "overrides": [str(each) for each in self.rulings[1:]],
            "amounts_to": [each.plain() for each in self.amounts_to],
        }


def explain(policy: Policy, access: Access, panel: Panel | None = None) -> Explanation:
    """Explain what becomes of an access by a policy, and by the capability plugins of `panel`.

    Raises `ValueError` for an object that is none of its kind, and for a kind that the policy does not know.
    """
    rulings = tuple(policy.rulings(access))
    kind = policy.kinds[access.kind]
    access = replace(access, object=kind.resolve(access.object))
    decision = policy.decide(access)
    claims: Mapping[str, Any] = {}
    if panel is not None:
        decision = panel.decide(access, decision)
        claims = panel.claims if access.kind == "import" else {}
    further = tuple(
        explain(policy, Access(claim.kind, access.subject, claim.object, claim.operation), panel)
        for claim in claims.get(access.object, ())
    )
    return Explanation(access, decision, rulings, further)
