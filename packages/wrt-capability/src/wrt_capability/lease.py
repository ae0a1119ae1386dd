"""`Lease`: a decision that is used again and again, until it is taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from wrt_capability.decision import Access, Decision
from wrt_capability.traps import DeniedTrap, denied

if TYPE_CHECKING:
    from wrt_capability.authority import Authority

__all__ = ["Lease"]


class Lease:
    """What was decided of an access, for those who are asked too often to decide each time.

    `stopped` is None while the access is allowed, and else the decision that denies it. It is set when a policy changes
    or an authority is revoked, in whatever thread that happens, so whoever looks at it before each use sees that at
    once::

        if lease.stopped is not None:
            lease.refuse()
    """

    __slots__ = ("__weakref__", "access", "authority", "log", "stopped")

    def __init__(self, authority: Authority, access: Access, decision: Decision) -> None:
        self.authority = authority
        self.access = access
        self.stopped: Decision | None = None
        self.log = False
        """Whether each use is to be recorded."""
        self.set(decision)

    def set(self, decision: Decision) -> None:
        """Have it be as decided."""
        self.log = decision.log
        self.stopped = None if decision else decision

    def refuse(self, *, running: bool = True) -> NoReturn:
        """Record and raise that it is denied: a trap for the guest that is `running`, else `CapabilityDenied`."""
        decision = self.stopped if self.stopped is not None else Decision(False)
        self.authority.record_decision(self.access, decision)
        raise DeniedTrap(self.access, decision) if running else denied(self.access, decision)

    def note(self, arguments: tuple[Any, ...]) -> None:
        """Record a use that a rule wants recorded; of the arguments, a digest."""
        self.authority.record_call(self.access, arguments)

    def __repr__(self) -> str:
        return f"<Lease of {self.access}: {'allowed' if self.stopped is None else 'denied'}>"
