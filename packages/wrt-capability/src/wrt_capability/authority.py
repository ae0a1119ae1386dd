"""`Authority`: what one subject may do. Whoever hands out something of the host's asks it."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from weakref import WeakSet

from wrt_capability.audit import Digester
from wrt_capability.decision import Access, Decision, Subject
from wrt_capability.grant import Grant
from wrt_capability.lease import Lease
from wrt_capability.panel import Panel
from wrt_capability.policy.policy import Policy
from wrt_capability.quota import QuotaAccount, process_account
from wrt_capability.recorder import NOBODY, Recorder
from wrt_capability.traps import DeniedTrap, denied
from wrt_core.host_modules import Grants
from wrt_foundation.errors import QuotaExceeded

__all__ = ["Authority", "Watcher"]

_DIGESTER = Digester()
"""For recorders that have none: its key is this process's."""


class Authority:
    """What a subject may do by a policy, what its account has left, and the record of both. Thread-safe.

    Host modules and capability plugins get one for each instance, and ask before they give::

        path = authority.require("filesystem", path, "read")  # the resolved path: the one to open
        authority.charge("output", len(data))  # before it is written

    Nothing is granted but what the policy allows. What a plugin of `panel` objects to is denied as well, and what an
    authority above denies: one that was delegated never allows more than the one that it is from.
    """

    def __init__(
        self,
        subject: Subject,
        policy: Policy,
        *,
        account: QuotaAccount | None = None,
        recorder: Recorder = NOBODY,
        panel: Panel | None = None,
        parent: Authority | None = None,
        grants: Iterable[Grant] | None = None,
    ) -> None:
        """`grants` are all that is left of what `parent` may, None for all of it."""
        self.subject = subject
        self.policy = policy
        self.account = process_account().child(subject.tenant) if account is None else account
        self.recorder = recorder
        self.panel = Panel() if panel is None else panel
        self.parent = parent
        self.grants = None if grants is None else tuple(grants)
        self.revoked: str | None = None
        """Why it is good for nothing any more; None while it is good for something."""
        self._revoker: Authority | None = None
        self._leases: WeakSet[Lease] = WeakSet()
        self._children: WeakSet[Authority] = WeakSet()
        self._watchers: WeakSet[Watcher] = WeakSet()
        self._lock = threading.RLock()
        if parent is not None:
            with parent._lock:
                parent._children.add(self)
                self.revoked, self._revoker = parent.revoked, parent._revoker

    # --- asking --------------------------------------------------------------------------------------------

    def decide(self, kind: str, object: str, operation: str) -> Decision:  # noqa: A002 - the word for it in policies
        """Say whether the subject may do `operation` on `object`. Nothing is recorded: nothing is done yet."""
        access = Access(kind, self.subject, object, operation)
        return self.panel.decide(access, self._ruling(access))

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

    def permit(self, kind: str, object: str, operation: str) -> None:  # noqa: A002
        """Record that the host does `operation` on `object` for the subject, of which nothing runs.

        Raises `CapabilityDenied`, which is no trap, if it is not allowed; and what the recorder raises.
        """
        access = Access(kind, self.subject, object, operation)
        decision = self.decide(kind, object, operation)
        self.record_decision(access, decision)
        if not decision:
            raise denied(access, decision)

    def lease(self, kind: str, object: str, operation: str, *, record: bool = True) -> Lease:  # noqa: A002
        """Decide once for many uses, and record that if it is allowed; see `Lease`. A denied one is a lease too."""
        access = Access(kind, self.subject, object, operation)
        with self._lock:
            decision = self.decide(kind, object, operation)
            lease = Lease(self, access, decision)
            self._leases.add(lease)
        if decision and record:
            self.record_decision(access, decision)
        return lease

    def only(self, grants: Grants) -> Grants:
        """Return what of an embedder's grants to host modules the subject may have.

        Variables and streams that are not allowed are left out; what is written to the streams is charged first.
        """
        from wrt_capability.streams import only_allowed

        return only_allowed(self, grants)

    def _ruling(self, access: Access) -> Decision:
        if self.revoked is not None:
            return Decision(False, "", self.revoked)
        if self.grants is not None and not any(each.covers(access, self.policy.kinds) for each in self.grants):
            return Decision(False, "", "it was not delegated")
        if self.parent is not None:
            above = self.parent._ruling(access)
            if not above or self.policy is self.parent.policy:
                return above
        return self.policy.decide(access)

    # --- quotas --------------------------------------------------------------------------------------------

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

    # --- handing on, and taking back -----------------------------------------------------------------------

    def delegate(
        self,
        grants: Iterable[Grant],
        *,
        name: str = "delegate",
        quota: Mapping[str, int | None] | None = None,
    ) -> Authority:
        """Return an authority for somebody else that allows `grants` at most, and of those what this one allows.

        `quota` bounds its account, which lies below this one's: both pay for what is used, so that nothing is spent
        twice however often it is handed on. Raises `CapabilityDenied` unless the subject may delegate every kind of
        access that is granted (`allow.delegate` in a policy); recorded.
        """
        several = tuple(grants)
        for kind in dict.fromkeys(each.kind for each in several):
            self.permit("delegate", kind, "delegate")
        self.record("delegation", to=name, grants=[str(each) for each in several])
        return Authority(
            self.subject,
            self.policy,
            account=self.account.child(name, quota),
            recorder=self.recorder,
            panel=self.panel,
            parent=self,
            grants=several,
        )

    def below(self, subject: Subject, account: QuotaAccount) -> Authority:
        """Return an authority for an instance that runs under this one, with all that this one allows."""
        return Authority(subject, self.policy, account=account, recorder=self.recorder, panel=self.panel, parent=self)

    def revoke(self, reason: str = "the authority was revoked") -> None:
        """Take back everything, at once: from here, from all that it was delegated to, and from guests that run.

        What has been linked is refused from the next call on; guests that can be interrupted are, at their next safe
        point. Recorded; if that fails, it is revoked all the same. Revoking twice does nothing.
        """
        with self._lock:
            if self.revoked is not None:
                return
        try:
            self.record("revocation", reason=reason)
        finally:
            self._revoke(reason, self)  # a trail that fails keeps nobody in his rights

    def _revoke(self, reason: str, revoker: Authority) -> None:
        with self._lock:
            if self.revoked is None:  # what was revoked before stays so when this is undone
                self.revoked, self._revoker = reason, revoker
            children, watchers = list(self._children), list(self._watchers)
        self.review()
        for child in children:
            child._revoke(reason, revoker)
        for watcher in watchers:
            watcher.interrupt()

    def restore(self) -> None:
        """Undo `revoke` here, and below as far as that revoked it; recorded. What one above revoked stays so."""
        if self._revoker is self and self.revoked is not None:
            self.record("revocation", operation="undone", reason=self.revoked)
            self._restore(self)

    def _restore(self, revoker: Authority) -> None:
        with self._lock:
            if self._revoker is revoker:
                self.revoked = self._revoker = None
            children = list(self._children)
        self.review()
        for child in children:
            child._restore(revoker)

    def adopt_policy(self, policy: Policy) -> None:
        """Decide by another policy from now on: leases are decided anew, here and below. Limits stay what they are."""
        with self._lock:
            before, self.policy = self.policy, policy
            children = list(self._children)
        for child in children:
            if child.policy is before:
                child.adopt_policy(policy)
        self.review()

    def review(self) -> None:
        """Decide anew about what was leased."""
        with self._lock:
            for lease in list(self._leases):
                access = lease.access
                lease.set(self.decide(access.kind, access.object, access.operation))

    def watch(self, watcher: Watcher) -> None:
        """Have `watcher.interrupt()` called when the authority is revoked; it is held weakly."""
        with self._lock:
            self._watchers.add(watcher)

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

    def record_call(self, access: Access, arguments: Iterable[object]) -> None:
        """Record a call; what it was given is replaced by a digest before anybody sees it."""
        digest = getattr(self.recorder, "digester", _DIGESTER).digest(arguments)
        self.record("call", kind=access.kind, object=access.object, operation="call", allowed=True, arguments=digest)

    def record_refusal(self, error: QuotaExceeded, count: int = 1) -> None:
        """Record that a quota is used up; `count` is for how many such refusals the record stands."""
        self.record(
            "quota",
            kind=error.kind,
            allowed=False,
            account=error.account,
            requested=error.requested,
            available=error.available,
            count=count,
            reason=error.message,
        )

    def __repr__(self) -> str:
        state = "" if self.revoked is None else ", revoked"
        return f"<Authority of {self.subject} by {self.policy.name or 'a policy'}{state}>"


class Watcher:
    """Who is told that an authority is revoked."""

    def interrupt(self) -> None:
        """End what runs under it, as soon as that can be."""
        raise NotImplementedError
