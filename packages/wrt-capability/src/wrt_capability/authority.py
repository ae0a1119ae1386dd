"""`Authority`: what one subject may do. Whoever hands out something of the host's asks it."""

from __future__ import annotations

from wrt_capability.account import Account
from wrt_capability.decision import Access, Decision, Subject
from wrt_capability.panel import Panel
from wrt_capability.policy.policy import Policy
from wrt_capability.quota import process_account
from wrt_capability.recorder import NOBODY, Recorder
from wrt_capability.traps import DeniedTrap
from wrt_foundation.errors import QuotaExceeded

__all__ = ["Authority"]


class Authority:
    """What a subject may do by a policy, what its account has left, and the record of both. Thread-safe.

    Host modules and capability plugins get one for each instance, and ask before they give::

        path = authority.require("filesystem", path, "read")  # the resolved path: the one to open
        authority.charge("output", len(data))  # before it is written

    Nothing is granted but what the policy allows. What a plugin of `panel` objects to is denied as well.
    """

    def __init__(
        self,
        subject: Subject,
        policy: Policy,
        *,
        account: Account | None = None,
        recorder: Recorder = NOBODY,
        panel: Panel | None = None,
    ) -> None:
        self.subject = subject
        self.policy = policy
        self.account = process_account().child(subject.tenant) if account is None else account
        self.recorder = recorder
        self.panel = Panel() if panel is None else panel

    def decide(self, kind: str, object: str, operation: str) -> Decision:  # noqa: A002 - the word for it in policies
        """Say whether the subject may do `operation` on `object`. Nothing is recorded: nothing is done yet."""
        access = Access(kind, self.subject, object, operation)
        return self.panel.decide(access, self.policy.decide(access))

    def require(self, kind: str, object: str, operation: str) -> str:  # noqa: A002
        """Record that `operation` on `object` is done, and return the object as it was compared.

        Of a path, that is the resolved one: whoever opens another opens what was not asked about. Raises `DeniedTrap`,
        a `CapabilityDenied`, if it is not allowed, which ends the guest that called; and what the recorder raises, and
        then it must not be done either.
        """
        known = self.policy.kinds.get(kind)
        try:
            resolved = object if known is None else known.resolve(object)
        except ValueError:
            resolved = object  # the policy says what is wrong with it
        # What was resolved is compared, and given back: a link that is changed meanwhile changes neither.
        decision = self.decide(kind, resolved, operation)
        access = Access(kind, self.subject, resolved, operation)
        self.record_decision(access, decision)
        if not decision:
            raise DeniedTrap(access, decision)
        return resolved

    def charge(self, kind: str, amount: int) -> None:
        """Charge the account with `amount` of `kind` before it is used.

        Raises `QuotaExceeded`, which names the account that refuses and is recorded, and then nothing is charged.
        """
        try:
            self.panel.charge(self.subject, kind, amount)
            self.account.charge(kind, amount)
        except QuotaExceeded as error:
            self.record_refusal(error)
            raise

    def release(self, kind: str, amount: int) -> None:
        """Give back what was charged and is not held any more."""
        self.account.release(kind, amount)

    # --- the record ----------------------------------------------------------------------------------------

    def record(self, event: str, **details: str | int | bool | list[str] | None) -> None:
        """Record an event of the subject; see `wrt_capability.recorder` for what events have."""
        subject = self.subject
        whose = {"tenant": subject.tenant, "module": subject.module, "hash": subject.hash}
        self.recorder.record({"event": event, **whose, **details})

    def record_decision(self, access: Access, decision: Decision) -> None:
        """Record what was decided."""
        self.record(
            "decision",
            kind=access.kind,
            object=access.object,
            operation=access.operation,
            allowed=decision.allowed,
            rule=decision.rule,
            reason=decision.reason,
        )

    def record_refusal(self, error: QuotaExceeded) -> None:
        """Record that a quota is used up."""
        self.record(
            "quota",
            kind=error.kind,
            allowed=False,
            account=error.account,
            requested=error.requested,
            available=error.available,
            reason=error.message,
        )

    def __repr__(self) -> str:
        return f"<Authority of {self.subject} by {self.policy.name or 'a policy'}>"
