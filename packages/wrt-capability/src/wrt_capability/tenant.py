"""`Tenant`: for whom guests run: a policy, an account, an audit trail, and everything that guests of theirs have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from wrt_capability.audit import AuditLog, AuditSink
from wrt_capability.authority import Authority
from wrt_capability.decision import ANONYMOUS, Subject
from wrt_capability.ownership import Border, claim
from wrt_capability.panel import Panel, plugins_for
from wrt_capability.policy.policy import Policy
from wrt_capability.policy.quantities import QUANTITIES
from wrt_capability.quota import QuotaAccount, process_account
from wrt_capability.recorder import NOBODY, Recorder
from wrt_core.runtime.memory import Memory
from wrt_core.runtime.store import Store
from wrt_core.runtime.table import Table
from wrt_foundation.memory import MemoryProvider
from wrt_foundation.types import MemoryType, TableType

if TYPE_CHECKING:
    from wrt_foundation.plugins import PluginManager

__all__ = ["Audit", "Tenant"]

Audit = Recorder | AuditSink | Iterable[AuditSink]
"""Where events are recorded: a recorder such as an `AuditLog`, or sinks to make one of."""


class Tenant:
    """Somebody whose guests share a policy, quotas and an audit trail, and nothing with anybody else's. Thread-safe.

    `policy` is what `Policy.of` takes, None for the one that allows nothing. Its quotas bound `account`, which lies
    below the process's. Engines take tenants: `EngineFactory.create("capability-aware", tenant=tenant)`, as many as
    there are to be for one. Who makes a tenant closes it, which ends its guests and gives back what they hold.
    """

    def __init__(
        self,
        name: str = ANONYMOUS,
        *,
        policy: Any = None,
        audit: Audit | None = None,
        account: QuotaAccount | None = None,
        manager: PluginManager | None = None,
        capabilities: Iterable[object] = (),
    ) -> None:
        """`account` is what this one's is below, the process's unless given.

        `capabilities` are capability plugins besides those that the policy names; `manager` is where these are found.
        Raises what `Policy.of` and `create_capability` raise.
        """
        self.name = name
        self.manager = manager
        chosen = Policy.of(policy, manager=manager)
        limits = {
            QUANTITIES[quantity].account or quantity: limit.value for quantity, limit in chosen.quota(name).items()
        }
        self.account = (process_account() if account is None else account).child(name, limits)
        panel = Panel([*plugins_for(chosen, manager), *capabilities])
        self._recorder = _recorder(audit, panel)
        self.authority = Authority(Subject(name), chosen, account=self.account, recorder=self._recorder, panel=panel)
        """What all of the tenant's guests may at most; the authorities of instances are below it."""
        self.border = Border(self)
        self.snapshots: set[bytes] = set()
        """Digests of the snapshots that were taken of the tenant's guests."""
        self.record("policy", operation="loaded", rule=chosen.name)

    @property
    def policy(self) -> Policy:
        """What decides. Setting it is recorded, and is about guests that run already, too.

        Grants hold at once; limits and quotas stay what they were: see `QuotaAccount.set_limit` for these.
        """
        return self.authority.policy

    @policy.setter
    def policy(self, policy: Any) -> None:
        chosen = Policy.of(policy, manager=self.manager)
        self.record("policy", operation="changed", rule=chosen.name)
        self.authority.adopt_policy(chosen)

    @property
    def suspended(self) -> str | None:
        """Why the tenant's guests may do nothing, None if they may."""
        return self.authority.revoked

    def suspend(self, reason: str) -> None:
        """Have all of the tenant's guests refused whatever they ask for, and interrupt those that run; recorded."""
        self.authority.revoke(reason)

    def resume(self) -> None:
        """Undo `suspend`; recorded."""
        self.authority.restore()

    def store(self, *, memory_provider: MemoryProvider | None = None) -> Store:
        """Return a store of the tenant's, whose memories and tables its account pays for."""
        store = Store(memory_provider=memory_provider, owner=self.account.budget(), tables=self.account.budget("table"))
        claim(store, self)
        return store

    def memory(self, type_: MemoryType, *, provider: MemoryProvider | None = None) -> Memory:
        """Return a memory for the tenant's guests to import, that its account pays for."""
        memory = Memory(type_, provider=provider, owner=self.account.budget())
        claim(memory, self)
        return memory

    def table(self, type_: TableType) -> Table:
        """Return a table for the tenant's guests to import, that its account pays for."""
        table = Table(type_, budget=self.account.budget("table"))
        claim(table, self)
        return table

    def record(self, event: str, **details: str | int | bool | list[str] | None) -> None:
        """Record an event that is the tenant's and no single module's."""
        self.authority.record(event, **details)

    def close(self) -> None:
        """End the tenant's guests, give back what they hold, memories included, and close its plugins."""
        self.authority.revoke("the tenant is closed")
        self.account.close()
        self.authority.panel.close()

    def __enter__(self) -> Tenant:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Tenant {self.name!r} with {self.policy.name or 'a policy'}>"


def _recorder(audit: Audit | None, panel: Panel) -> Recorder:
    given: list[Recorder] = []
    if isinstance(audit, AuditSink):
        given.append(AuditLog(audit))
    elif isinstance(audit, Recorder):
        given.append(audit)
    elif audit is not None:
        sinks = list(audit)
        if not all(isinstance(each, AuditSink) for each in sinks):
            raise TypeError("audit takes a recorder, such as an AuditLog, or sinks")
        given.append(AuditLog(*sinks))
    several = [*given, *panel.sinks()]
    return NOBODY if not several else several[0] if len(several) == 1 else _Several(several)


class _Several:
    """Recorders one after the other: one that fails keeps what it was told of from happening."""

    def __init__(self, recorders: list[Recorder]) -> None:
        self._recorders = recorders

    def record(self, event: Mapping[str, Any], /) -> None:
        for each in self._recorders:
            each.record(event)
