"""Statistics: how often each host function was called, and what was decided."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any, ClassVar

from wrt_capability.decision import Access, Decision, Subject
from wrt_capability.plugins import CapabilityPlugin, Description

__all__ = ["Statistics"]


class Statistics(CapabilityPlugin):
    """Counts what goes on; thread-safe, and the counters may be read at any time.

    `calls` are those of host functions by tenant and import, `decisions` are by kind and verdict, `charges` the amounts
    by tenant and kind.
    """

    name: ClassVar[str] = "statistics"

    def __init__(self) -> None:
        self.calls: Counter[tuple[str, str]] = Counter()
        self.decisions: Counter[tuple[str, bool]] = Counter()
        self.charges: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()

    def describe(self) -> Description:
        """Say what the capability is about."""
        return Description("Counts calls of host functions, decisions and charges.")

    def decide(self, access: Access, decision: Decision) -> Decision | None:
        """Count a decision; have no objection."""
        with self._lock:
            self.decisions[access.kind, decision.allowed] += 1
        return None

    def charge(self, subject: Subject, kind: str, amount: int) -> None:
        """Count a charge."""
        with self._lock:
            self.charges[subject.tenant, kind] += amount

    def intercept(self, access: Access, code: Callable[..., Any]) -> Callable[..., Any] | None:
        """Have each call counted."""
        calls, key, lock = self.calls, (access.subject.tenant, access.object), self._lock

        def counted(*arguments: Any) -> Any:
            with lock:
                calls[key] += 1
            return code(*arguments)

        return counted
