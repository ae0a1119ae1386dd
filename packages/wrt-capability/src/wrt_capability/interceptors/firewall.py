"""A firewall: imports by a list of rules, of which the first that fits decides, whatever the policy allows besides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from wrt_capability.decision import Access, Decision
from wrt_capability.plugins import CapabilityPlugin, Description
from wrt_capability.policy.patterns import NamePattern

__all__ = ["Firewall"]


class Firewall(CapabilityPlugin):
    """Takes away imports: `rules` are texts such as "allow env.log" and "deny env.*", and the first that fits decides.

    An import that none fits passes, unless `default` is "deny". Like every plugin, it can give nothing that the policy
    does not allow; it is for a list that stands above what many policies say.
    """

    name: ClassVar[str] = "firewall"

    def __init__(self, *, rules: Sequence[str] = (), default: str = "allow") -> None:
        if default not in ("allow", "deny"):
            raise ValueError(f"default is 'allow' or 'deny', not {default!r}")
        self._allows = default == "allow"
        self._rules = [_rule(text) for text in rules]

    def describe(self) -> Description:
        """Say what the capability is about."""
        return Description("Takes away imports by a list of rules, of which the first that fits decides.")

    def decide(self, access: Access, decision: Decision) -> Decision | None:
        """Deny an import that the list denies."""
        if access.kind != "import":
            return None
        for text, allows, pattern in self._rules:
            if pattern.matches(access.object):
                return None if allows else Decision(False, f"firewall: {text}")
        return None if self._allows else Decision(False, "firewall: default")


def _rule(text: str) -> tuple[str, bool, NamePattern]:
    verdict, _, pattern = text.partition(" ")
    if verdict not in ("allow", "deny") or not pattern.strip():
        raise ValueError(f"a rule is 'allow PATTERN' or 'deny PATTERN', not {text!r}")
    return text, verdict == "allow", NamePattern(pattern.strip())
