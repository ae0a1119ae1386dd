"""`Confinement`: holds one instance to what its tenant's policy and its module's own section say."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any
from weakref import WeakSet, ref

from wrt_capability.allowance import Allowance
from wrt_capability.authority import Authority, Watcher
from wrt_capability.decision import Access, Decision
from wrt_capability.entrance import entrance_of
from wrt_capability.linking import GatedFunction
from wrt_capability.metering import MeteredRunner
from wrt_capability.ownership import claim
from wrt_capability.place import ConfinedPlace
from wrt_capability.policy.policy import Exhausted
from wrt_capability.policy.quantities import Limit, stricter
from wrt_capability.quota import QuotaAccount
from wrt_capability.refusals import Refusals
from wrt_capability.traps import DeniedTrap, QuotaTrap, denied
from wrt_core.execution.activation import Activation, backtrace
from wrt_core.execution.interruption import Reason
from wrt_core.execution.runner import Watch
from wrt_core.runtime.exports import Exports
from wrt_core.runtime.heap import Heap
from wrt_core.runtime.store import Store
from wrt_foundation.errors import BudgetExceeded, QuotaExceeded
from wrt_foundation.traps import Trap
from wrt_foundation.types import RefType

if TYPE_CHECKING:
    from wrt_capability.tenant import Tenant
    from wrt_core.execution import Execution
    from wrt_core.execution.snapshot import Snapshot
    from wrt_core.runtime.function import Func
    from wrt_core.runtime.instance import Instance
    from wrt_foundation.module import Module

__all__ = ["Confinement"]

_TOLD: WeakSet[Trap] = WeakSet()
"""Traps that were recorded: one that passes several guests is one."""


class Confinement(Watcher):
    """One instance's authority, account and limits, from before it is linked until it is gone. Thread-safe.

    It is the instance's `guard`, and stands around its runner and around the ways into its functions. `limits` are by
    quantity, the policy's and the module's own combined. The tenant's `authority` is above this one's.
    """

    def __init__(
        self,
        tenant: Tenant,
        authority: Authority,
        limits: Mapping[str, Limit],
        *,
        depth: int,
        always_interruptible: bool = False,
    ) -> None:
        """`depth` is how deep guests of the engine may recurse where no limit says less."""
        self.tenant = tenant
        self.authority = authority
        self.account: QuotaAccount = authority.account
        self.limits = {name: limit.value for name, limit in limits.items() if limit.value is not None}
        self._terms = limits, depth, always_interruptible
        self.depth = self.limits.get("stack", depth)
        """Calls inside one another, those of before a pause included."""
        self.shallow = self.depth if self.depth < sys.getrecursionlimit() else None
        """The same, where it is less than Python's own limit, which the engine leaves to guests in any case."""
        self.exhausts: Exhausted = authority.policy.exhausted
        self.starting = True
        """Whether the instance is not handed out yet: its start function needs no permission of its own."""
        self.metered = always_interruptible or self.shallow is not None
        self.metered |= any(name in self.limits or self.account.limited(name) for name in ("fuel", "time", "cpu"))
        self.counts_calls = self.account.limited("calls")
        self.rate = _Rate(self.limits["call-rate"]) if "call-rate" in self.limits else None
        self._entries: dict[int, Entry] = {}
        self._running: set[Watch] = set()
        self.refusals = Refusals(authority.record_refusal)
        self._lock = threading.RLock()
        self._instance: Callable[[], Instance | None] = lambda: None
        authority.watch(self)

    # --- before there is an instance ------------------------------------------------------------------------

    def store(self, given: Store) -> Store:
        """Return the store that the engine allocates in: the instance's own, which admits it to the given one."""
        return _ConfinedStore(self, given)

    def heap(self) -> Heap | None:
        """Return what counts the instance's structures and arrays, None if nothing limits them."""
        return Heap(self.account.budget("gc"), self._heap_refused) if self.account.limited("gc") else None

    # --- adopting the instance -------------------------------------------------------------------------------

    def adopt(self, instance: Instance) -> None:
        """Take charge of an instance that has been allocated, before anything of it runs."""
        self._instance = ref(instance)
        instance.guard = self
        claim(instance, self.tenant)
        definition, border = instance.module.module, self.tenant.border
        imported = len(instance.memories) - len(definition.memories)
        for memory in instance.memories[imported:]:
            memory.refused = self._growth_refused("memory")
        imported = len(instance.tables) - len(definition.tables)
        for table in instance.tables[imported:]:
            table.refused = self._growth_refused("table")
            table.pass_through(border.inward, border.outward)
        imported = len(instance.globals) - len(definition.globals)
        for variable in instance.globals[imported:]:
            if isinstance(variable.type.value, RefType):
                variable.pass_through(border.inward, border.outward)
        # A fork has what its host has given in a new form: that is the tenant's, too.
        for extern in (*instance.memories, *instance.tables, *instance.globals[imported:], *instance.tags):
            claim(extern, self.tenant)
        for variable in instance.globals[:imported]:
            if variable.type.mutable:
                claim(variable, self.tenant)
        # What the host gave, it gets again: its own function needs no gate between the host and itself.
        instance.exports = Exports(
            {
                name: each.original if isinstance(each, GatedFunction) else each
                for name, each in instance.exports.items()
            }
        )
        self._bound_growth(definition)
        if instance.runner is not None:
            instance.runner = MeteredRunner(instance.runner, self)
        for func in instance.functions:
            if func.instance is None or func.instance is instance:
                self._enclose(func)

    def _enclose(self, func: Func) -> None:
        type_ = func.function_type
        if any(isinstance(each, RefType) for each in (*type_.params, *type_.results)):
            func.pass_through(self.tenant.border.inward, self.tenant.border.outward)
        func.enter = entrance_of(self, func.enter)

    def _bound_growth(self, definition: Module) -> None:
        """Keep memory from growing by more than its limit of growth, whatever it may hold in all.

        What counts is what the module begins with: one that is resumed or forked after it has grown has grown.
        """
        growth = self.limits.get("memory-growth")
        if growth is not None:
            initial = sum(each.limits.minimum * each.page_size for each in definition.memories)
            self.account.set_limit("memory", stricter(self.account.budget().limit, initial + growth))

    def _growth_refused(self, kind: str) -> Callable[[Exception], None]:
        this = ref(self)

        def refused(error: Exception) -> None:
            confinement = this()
            if confinement is not None and isinstance(error, BudgetExceeded):
                confinement.refusals.note(confinement.account.refusal(kind, error))

        return refused

    def _heap_refused(self, error: BudgetExceeded) -> Exception:
        refusal = self.account.refusal("gc", error)
        self.refusals.note(refusal)
        return QuotaTrap(refusal)

    # --- calls -----------------------------------------------------------------------------------------------

    def admit_call(self, func: Func, args: Sequence[Any]) -> None:
        """Count a call by the host. Raises `CapabilityDenied` if it may not be, `QuotaExceeded` past the rate."""
        if not self.starting:
            self.entry(func).require(args)
        if self.rate is not None:
            self.rate.take(self)

    def entry(self, func: Func) -> Entry:
        """Return what was decided about calls of a function by the host: by each name that it is exported under."""
        found = self._entries.get(id(func))
        if found is None:
            instance = self._instance()
            names = [] if instance is None else [name for name, extern in instance.exports.items() if extern is func]
            found = self._entries[id(func)] = Entry(self, names or [f"<function {func.index}>"])
        return found

    def require_running(self) -> None:
        """Raise `CapabilityDenied` if the instance may do nothing any more."""
        reason = self.authority.revoked
        if reason is not None:
            raise denied(*self._revoked(reason))

    def revocation(self, stack: list[Activation]) -> DeniedTrap:
        """Return the trap of a guest whose authority was revoked while it ran."""
        trap = DeniedTrap(*self._revoked(self.authority.revoked or ""))
        trap.frames = backtrace(stack)
        trap.args = (trap.code, trap.message, trap.frames)
        return trap

    def _revoked(self, reason: str) -> tuple[Access, Decision]:
        subject = self.authority.subject
        return Access("module", subject, subject.module or subject.hash[:12], "run"), Decision(False, "", reason)

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count a call as running within the block. Raises `QuotaExceeded` if there are as many as may be."""
        if not self.counts_calls:
            yield
            return
        self.authority.charge("calls", 1)
        try:
            yield
        finally:
            self.account.release("calls", 1)

    @contextmanager
    def interruptible(self, watch: Watch) -> Iterator[None]:
        """Have `interrupt` reach the call that is watched by `watch` within the block."""
        with self._lock:
            self._running.add(watch)
        try:
            if self.authority.revoked is not None:
                watch.ask(Reason.CANCELLED)
            yield
        finally:
            with self._lock:
                self._running.discard(watch)

    def interrupt(self) -> None:
        """Stop every call that runs and can be stopped, at its next safe point."""
        with self._lock:
            running = list(self._running)
        for watch in running:
            watch.asked = Reason.CANCELLED
            watch.ask(Reason.CANCELLED)

    def end(self) -> None:
        """Take the instance off the books: it is collected, or was never made."""
        self.account.release("instances", 1)
        self.refusals.settle()

    # --- what may be used --------------------------------------------------------------------------------------

    def allowance(self, kind: str) -> Allowance | None:
        """Return a new call's allowance of "fuel", "time" or "cpu"; None if nothing limits it."""
        limit = self.limits.get(kind)
        if limit is None and not self.account.limited(kind):
            return None
        return Allowance(limit, self.account.meter(kind))

    def exhausted(self, kind: str) -> QuotaExceeded:
        """Record that a call has used up a kind, and return the error."""
        meter = self.account.meter(kind)
        account, limit = self.account, self.limits.get(kind)
        for each in self.account.chain():
            line = each.meter(kind)
            if line.limit is not None and line.limit <= line.used:
                account, limit = each, line.limit
                break
        message = f"account {account.path!r} has no {kind} left of {limit}"
        error = QuotaExceeded(message, account=account.path, kind=kind, available=meter.available or 0)
        self.authority.record_refusal(error)
        return error

    def record_trap(self, trap: Trap) -> None:
        """Record that a guest trapped, once."""
        if trap in _TOLD:
            return
        _TOLD.add(trap)
        frames = [str(frame) for frame in trap.frames]
        self.authority.record(
            "trap",
            reason=trap.message,
            operation=trap.code.name.lower(),
            function=frames[0] if frames else "",
            backtrace=frames,
        )

    # --- the guard ---------------------------------------------------------------------------------------------

    def require_snapshot(self, *, live: bool) -> None:
        """Raise `CapabilityDenied` unless a snapshot may be taken; a copy in this process is no less."""
        self.authority.permit("module", self.authority.subject.module, "snapshot")

    def saved(self, snapshot: Snapshot) -> None:
        """Note whose the snapshot is."""
        claim(snapshot, self.tenant)

    def place(self, instance: Instance) -> ConfinedPlace:
        """Return where the instance's part of a fork is made: beside it, on the same terms, paid for like a new one.

        Raises `CapabilityDenied` unless the policy allows `resume`, `QuotaExceeded` past the quota of instances.
        """
        subject, above = self.authority.subject, self.authority.parent
        assert above is not None
        assert instance.engine is not None
        limits, depth, always = self._terms
        own = above.below(subject, self.account.sibling())
        own.permit("module", subject.module, "resume")
        confinement = Confinement(self.tenant, own, limits, depth=depth, always_interruptible=always)
        return ConfinedPlace(confinement, instance.engine, instance.store)

    def require_resumption(self, execution: Execution) -> None:
        """Raise `CapabilityDenied` unless the host may call the function; past the rate of calls, `QuotaExceeded`."""
        if not execution.state.ended:
            self.entry(execution.func).require(())
            if self.rate is not None:
                self.rate.take(self)


class Entry:
    """Which of the names that a function is exported under let the host call it."""

    __slots__ = ("_first", "_leases")

    def __init__(self, confinement: Confinement, names: list[str]) -> None:
        self._leases = [confinement.authority.lease("call", name, "call") for name in names]
        self._first = self._leases[0]

    def require(self, args: Sequence[Any]) -> None:
        """Raise `CapabilityDenied` if none does; record the call if a rule wants that."""
        lease = self._first
        if lease.stopped is not None:
            lease = self._first = next((each for each in self._leases if each.stopped is None), lease)
            if lease.stopped is not None:
                lease.refuse(running=False)
        if lease.log:
            lease.note(tuple(args))


class _ConfinedStore(Store):
    """A store for one instance: its account pays, and it is adopted before it runs."""

    __slots__ = ("_confinement", "_given")

    def __init__(self, confinement: Confinement, given: Store) -> None:
        super().__init__(
            memory_provider=given.memory_provider,
            owner=confinement.account.budget(),
            limits=given.limits,
            tables=confinement.account.budget("table"),
            heap=confinement.heap(),
            start=given.start,
        )
        self._confinement = confinement
        self._given = given

    def admit(self, instance: Instance) -> None:
        instance.store = self._given
        self._given.admit(instance)
        self._confinement.adopt(instance)


class _Rate:
    """So many calls a second: a bucket that fills as time passes and holds a second's worth."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._left = float(limit)
        self._since = monotonic()
        self._lock = threading.Lock()

    def take(self, confinement: Confinement) -> None:
        """Take one call out. Raises `QuotaExceeded` if there is none."""
        with self._lock:
            now = monotonic()
            self._left = min(float(self._limit), self._left + (now - self._since) * self._limit)
            self._since = now
            if self._left >= 1:
                self._left -= 1
                return
        path = confinement.account.path
        message = f"account {path!r} refuses a call: there were {self._limit} in the last second"
        error = QuotaExceeded(message, account=path, kind="call-rate", requested=1)
        confinement.authority.record_refusal(error)
        raise error
