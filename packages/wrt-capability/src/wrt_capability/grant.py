"""`Grant`: one thing that is handed on when authority is delegated."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from wrt_capability.decision import Access
from wrt_capability.policy.kinds import Kinds

__all__ = ["Grant"]


@dataclass(frozen=True)
class Grant:
    """Access of a kind to the objects of a pattern, written as in a policy; `operations` None for all of the kind.

    A grant gives nothing by itself: who delegates it must have it, and keeps being asked.
    """

    kind: str
    pattern: str
    operations: Collection[str] | None = None

    def covers(self, access: Access, kinds: Kinds) -> bool:
        """Say whether an access is one of those."""
        known = kinds.get(self.kind)
        if known is None or access.kind != self.kind:
            return False
        if self.operations is not None and access.operation not in self.operations:
            return False
        try:
            return known.pattern(self.pattern).matches(known.resolve(access.object))
        except ValueError:
            return False

    def __str__(self) -> str:
        operations = "" if self.operations is None else f" {'/'.join(sorted(self.operations))}"
        return f"{self.kind} {self.pattern!r}{operations}"
