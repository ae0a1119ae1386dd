"""How a running guest learns that it may not: traps that are denials, or refusals of a quota, at the same time."""

from __future__ import annotations

from wrt_capability.decision import Access, Decision
from wrt_foundation.errors import CapabilityDenied, LinkError, QuotaExceeded
from wrt_foundation.traps import Exhaustion, Trap, TrapCode

__all__ = ["DeniedImport", "DeniedTrap", "QuotaTrap", "denied"]


class DeniedTrap(Trap, CapabilityDenied):
    """A guest that was running asked for what is not granted: it traps, and no guest can catch that.

    Its fields are those of `CapabilityDenied`; its frames say where the guest was.
    """

    def __init__(self, access: Access, decision: Decision) -> None:
        Trap.__init__(self, TrapCode.CAPABILITY_DENIED, _sentence(access, decision))
        _describe(self, access, decision)


class DeniedImport(CapabilityDenied, LinkError):
    """An import that is not granted: the module does not link."""

    def __init__(self, access: Access, decision: Decision, module: str, name: str) -> None:
        CapabilityDenied.__init__(self, _sentence(access, decision))
        _describe(self, access, decision)
        self.module, self.name = module, name


class QuotaTrap(Exhaustion, QuotaExceeded):
    """A guest that was running used up a quota: it traps."""

    def __init__(self, error: QuotaExceeded) -> None:
        Exhaustion.__init__(self, TrapCode.QUOTA_EXCEEDED, error.message)
        self.account, self.kind = error.account, error.kind
        self.requested, self.available = error.requested, error.available


def denied(access: Access, decision: Decision) -> CapabilityDenied:
    """Return the error for something that was refused while no guest was running."""
    error = CapabilityDenied(_sentence(access, decision))
    _describe(error, access, decision)
    return error


def _sentence(access: Access, decision: Decision) -> str:
    by = f" by {decision.rule}" if decision.rule else ""
    why = f": {decision.reason}" if decision.reason else ""
    named = access.object
    if access.kind == "module" and not named:  # it has no name of its own: say what a policy may call it
        named = f"sha256:{access.subject.hash}"
    return f"tenant {access.subject.tenant!r} may not {access.operation} {access.kind} {named!r}{by}{why}"


def _describe(error: CapabilityDenied, access: Access, decision: Decision) -> None:
    error.tenant, error.rule = access.subject.tenant, decision.rule
    error.kind, error.object, error.operation = access.kind, access.object, access.operation
