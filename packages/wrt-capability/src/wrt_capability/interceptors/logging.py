"""Logging: links and calls of host functions, to Python's own logging."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, ClassVar

from wrt_capability.decision import Access, Decision
from wrt_capability.plugins import CapabilityPlugin, Description

__all__ = ["Logging"]


class Logging(CapabilityPlugin):
    """Logs each decision, and each call of a host function by name, to the logger `logger` ("wrt.capability").

    Arguments are not logged: they may be secrets, or addresses that tell nothing. With `calls = false`, calls are not
    logged either, decisions alone.
    """

    name: ClassVar[str] = "logging"

    def __init__(self, *, logger: str = "wrt.capability", calls: bool = True) -> None:
        self.log = logging.getLogger(logger)
        self.calls = calls

    def describe(self) -> Description:
        """Say what the capability is about."""
        return Description("Logs decisions and calls of host functions.")

    def decide(self, access: Access, decision: Decision) -> Decision | None:
        """Log a decision; have no objection."""
        level = logging.INFO if decision else logging.WARNING
        verdict = "allowed" if decision else "denied"
        self.log.log(level, "%s: %s, %s", access, verdict, decision.rule or decision.reason)
        return None

    def intercept(self, access: Access, code: Callable[..., Any]) -> Callable[..., Any] | None:
        """Have each call logged."""
        if not self.calls:
            return None
        log, text = self.log, str(access)

        def logged(*arguments: Any) -> Any:
            log.info("%s", text)
            return code(*arguments)

        return logged
