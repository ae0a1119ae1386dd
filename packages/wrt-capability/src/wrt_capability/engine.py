"""`CapabilityAwareEngine`: an engine around any other, for code that is not to be trusted."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import WeakKeyDictionary, ref

from wrt_capability.authority import Authority
from wrt_capability.confinement import Confinement
from wrt_capability.decision import ANONYMOUS, Subject
from wrt_capability.linking import granted_imports
from wrt_capability.ownership import claim
from wrt_capability.panel import joined
from wrt_capability.place import ConfinedPlace
from wrt_capability.policy.errors import Unenforceable
from wrt_capability.policy.quantities import QUANTITIES, Limit
from wrt_capability.policy.section import combine, limits_of
from wrt_capability.quota import QuotaAccount
from wrt_capability.tenant import Audit, Tenant
from wrt_core.engine import Engine, Source
from wrt_core.engines.core import LOADED
from wrt_core.factory import EngineFactory
from wrt_core.host_modules import Grants
from wrt_core.lazy import LazyEngine
from wrt_core.runtime.instance import Instance
from wrt_core.runtime.linking import Imports, resolve, waiting
from wrt_core.runtime.store import Store
from wrt_core.validation import ImportType, ValidatedModule
from wrt_foundation.binary import encode
from wrt_foundation.errors import QuotaExceeded
from wrt_foundation.features import Features
from wrt_foundation.limits import DEFAULT_LIMITS
from wrt_foundation.memory import MemoryProviderFactory, MemoryProviderType
from wrt_foundation.plugins import PluginManager, get_plugin_manager
from wrt_foundation.types import ExternKind

if TYPE_CHECKING:
    from wrt_core.execution.execution import Execution
    from wrt_core.execution.snapshot import Snapshot

__all__ = ["CapabilityAwareEngine"]

_METERED = {"fuel": "fuel", "time": "time", "cpu": "time", "stack": "stack", "gc": "gc"}
"""What an engine must be able to bound, by the quantity that asks for it."""


class CapabilityAwareEngine(Engine):
    """Loads and runs modules on another engine as far as a policy allows it, and records what it was asked for.

        engine = EngineFactory.create("capability-aware", inner="stackless", policy="policy.toml", tenant="acme")

    * `inner`: the engine that runs everything, by name, or one; other options are given to the one that is named;
    * `policy`: a `Policy`, a preset's name, a file's path or a mapping; None allows nothing;
    * `tenant`: for whom, a `Tenant`, or a name for one of the engine's own;
    * `audit`: a `Recorder` such as an `AuditLog`, or audit sinks;
    * `capabilities`: capability plugins besides those that the policy names;
    * `interruptible`: whether guests that nothing limits can be interrupted, at the price that their engine asks;
      unless said, those can whose authority somebody else may take back: a given `Tenant`'s, or delegated.

    A `Tenant` has a policy, an audit trail and plugins already: they are not given with one. Thread-safe as its inner
    engine is. Who makes an engine with a tenant of its own closes it; else the tenant's owner does.
    """

    name: ClassVar[str] = "capability-aware"

    def __init__(
        self,
        *,
        inner: str | Engine = "stackless",
        policy: Any = None,
        tenant: Tenant | str = ANONYMOUS,
        audit: Audit | None = None,
        capabilities: Iterable[object] = (),
        interruptible: bool | None = None,
        plugins: PluginManager | None = None,
        **options: Any,
    ) -> None:
        """Raises what `Policy.of` and `EngineFactory.create` raise, and `Unenforceable` as `instantiate` does."""
        self.plugins = get_plugin_manager() if plugins is None else plugins
        if options and not isinstance(inner, str):
            raise TypeError(f"options are for an inner engine by name, and one was given: {', '.join(options)}")
        self._owns_tenant = not isinstance(tenant, Tenant)
        if isinstance(tenant, Tenant):
            if policy is not None or audit is not None or capabilities:
                raise TypeError("a Tenant has its policy, audit and capabilities already")
            self.tenant = tenant
        else:
            self.tenant = Tenant(tenant, policy=policy, audit=audit, manager=self.plugins, capabilities=capabilities)
        self.account = self.tenant.account.child(inner if isinstance(inner, str) else inner.name or "engine")
        self._make = inner if isinstance(inner, str) else None
        self._options = options
        if options.get("memory_provider") == MemoryProviderType.CAPABILITY_AWARE:  # whose memory it is, is known here
            options["memory_provider"] = MemoryProviderFactory.create(
                MemoryProviderType.CAPABILITY_AWARE,
                manager=self.plugins,
                limit=None,
                parent=self.account.budget(),
            )
        self.inner = EngineFactory.create(inner, manager=self.plugins, **options) if isinstance(inner, str) else inner
        self.interruptible = not self._owns_tenant if interruptible is None else interruptible
        self._reaches_delegates = interruptible is not False
        self._by_depth: dict[int, Engine] = {}
        self._sections: WeakKeyDictionary[ValidatedModule, Mapping[str, int]] = WeakKeyDictionary()
        self._require_enforceable({name: Limit(0) for name in self.tenant.policy.limited()})

    # --- what it is around -----------------------------------------------------------------------------------

    @property
    def core(self) -> Engine:
        """The inner engine itself, made now if it is a lazy one."""
        return self.inner.engine if isinstance(self.inner, LazyEngine) else self.inner

    @property
    def features(self) -> Features:
        """What the inner engine runs."""
        return self.inner.features

    # --- loading ---------------------------------------------------------------------------------------------

    def load(self, source: Source) -> ValidatedModule:
        """Return the module that `source` is, validated; see `Engine.load`.

        Raises `QuotaExceeded` for one that is larger than any of the tenant's may be, before it is read, and for one
        larger than it may be itself; `DecodeError` if its section `wrt.resource_limits` is malformed.
        """
        most = self.tenant.policy.largest("module-size", self.tenant.name)
        if most is not None:
            self._require_size(_size_of_source(source), Limit(most), Subject(self.tenant.name))
        module = self.inner.load(source)
        LOADED[module] = ref(self)  # what is unpickled goes on in confinement, too
        subject = self._subject(module)
        limits = self._limits(module, subject)
        self._require_size(_size_of(module), limits.get("module-size"), subject)
        return module

    def _require_size(self, size: int, limit: Limit | None, subject: Subject) -> None:
        if limit is None or limit.value is None or size <= limit.value:
            return
        account = self.tenant.account.path
        message = f"account {account!r} refuses a module of {size} bytes: it may have {limit.value}"
        error = QuotaExceeded(message, account=account, kind="module-size", requested=size, available=limit.value)
        self.tenant.authority.record_refusal(error)
        raise error

    def _subject(self, module: ValidatedModule) -> Subject:
        return Subject(self.tenant.name, module.module.names.module or "", module.hash)

    def _limits(self, module: ValidatedModule, subject: Subject) -> dict[str, Limit]:
        """The limits of a module by the policy and its own section, the stricter of each."""
        own = self._sections.get(module)
        if own is None:
            own = self._sections[module] = limits_of(module.module)
        return combine(self.tenant.policy.limits(subject), own)

    def permitted(self, module: ValidatedModule, grants: Grants) -> Grants:
        """Return what of an embedder's grants the module's instance may have; each decision is recorded.

        Variables and streams that the policy does not allow are left out. What is written is charged first: to the
        engine's account, and to one below it that is bounded by the module's own limit of output.
        """
        subject = self._subject(module)
        output = self._limits(module, subject).get("output")
        bound = {} if output is None else {"output": output.value}
        account = self.account.child(subject.module or subject.hash[:12], bound)
        return self.tenant.authority.below(subject, account).only(grants)

    # --- instantiating ---------------------------------------------------------------------------------------

    def instantiate(
        self,
        module: ValidatedModule,
        imports: Imports | None = None,
        *,
        store: Store | None = None,
        authority: Authority | None = None,
    ) -> Instance:
        """Return a new instance; see `Engine.instantiate`. `authority` is one that was delegated, to run it under.

        Raises besides `DeniedImport`, a `LinkError`, for an import that is not granted (or links it to a function that
        traps, if the policy says so), `CapabilityDenied` for all else that is not, `QuotaExceeded` that names the
        account, and `Unenforceable` for a limit that the inner engine can't keep.
        """
        if not isinstance(module, ValidatedModule):
            raise TypeError(f"instantiate takes what load returned, not {type(module).__name__}")
        confinement = self._confine(module, "instantiate", store, authority)
        linked = self._linked(module, imports, confinement)
        place = self._place(confinement, store)
        told: BaseException | None = None
        try:
            instance = place.engine.instantiate(module, linked, store=place.store)
            if instance.guard is not confinement:
                raise Unenforceable(f"the engine {self.core.name!r} runs guests before they can be confined")
        except BaseException as error:
            told = place.abandon(error)
            if told is error:
                raise
        if told is not None:  # and not in the handler: what was made so far would be kept alive by the error's context
            raise told
        place.settle(instance)
        return instance

    def resume(
        self,
        snapshot: Snapshot,
        modules: ValidatedModule | Iterable[ValidatedModule],
        imports: Imports | None = None,
        *,
        externals: Mapping[str, Any] | None = None,
        store: Store | None = None,
    ) -> Execution:
        """Return an execution that goes on from a snapshot, see `Snapshot.resume`; its guests are confined as new ones.

        The policy must allow `resume` of each module, what it imports, from the host or another module of the snapshot,
        and that the host calls the function that the execution is of. Raises besides what `instantiate` raises.
        """
        self.tenant.border.require(snapshot)
        several = [modules] if isinstance(modules, ValidatedModule) else list(modules)
        linked: list[dict[str, Any]] = []
        known: dict[tuple[int, str, str, ExternKind, int], Any] = {}

        def place(number: int, module: ValidatedModule) -> ConfinedPlace:
            confinement = self._confine(module, "resume", store, None)
            saved = snapshot.saved.instances[number].imports
            inside = {index for index, each in enumerate(saved) if each.origin is not None}
            linked.append(self._linked(module, imports, confinement, inside))
            return self._place(confinement, store)

        def bind(number: int, _: int, wanted: ImportType) -> Any:
            key = number, wanted.module, wanted.name, wanted.kind, id(wanted.type)
            if key not in known:
                known[key] = resolve(wanted, linked[number])
            return known[key]

        execution, instances = snapshot.restore(several, place, bind, externals=externals)
        for instance, names in zip(instances, linked, strict=True):
            for namespace in waiting(instance.module, names):
                namespace.attach(instance)
        return execution

    def _linked(
        self,
        module: ValidatedModule,
        imports: Imports | None,
        confinement: Confinement,
        inside: Collection[int] = (),
    ) -> dict[str, Any]:
        account, authority = confinement.account, confinement.authority
        bounded = account.limited("memory") or account.limited("table")
        offered = self._offered(authority, imports)
        return granted_imports(module, offered, authority, self.tenant, bounded=bounded, inside=inside)

    def _place(self, confinement: Confinement, store: Store | None) -> ConfinedPlace:
        engine: Any = self._engine_for(confinement)  # any engine: what it has made is looked at before it runs
        return ConfinedPlace(confinement, engine, self._store(store))

    def _confine(
        self, module: ValidatedModule, operation: str, store: Store | None, authority: Authority | None
    ) -> Confinement:
        """Decide about a module as a whole, and make what holds an instance of it."""
        tenant, subject = self.tenant, self._subject(module)
        above = tenant.authority if authority is None else authority
        if store is not None:
            tenant.border.require(store)
        limits = self._limits(module, subject)
        self._require_size(_size_of(module), limits.get("module-size"), subject)
        self._require_enforceable(limits)
        parent = self.account if authority is None else authority.account
        account = QuotaAccount(
            subject.module or subject.hash[:12],
            _account_limits(limits),
            parent,
            memory=self._memory_below(store, parent),
        )
        own = above.below(subject, account)
        own.permit("module", subject.module, operation)
        initial = limits.get("memory-initial")
        if initial is not None and initial.value is not None:
            self._require_initial(module, initial.value, own)
        depth: int = getattr(self.core, "max_call_depth", sys.maxsize)
        reached = self.interruptible or (self._reaches_delegates and authority is not None)
        if reached and "time" not in getattr(self.core, "meters", ()):
            reached = False  # an engine that can't pause is reached when its guests next call the host
        return Confinement(tenant, own, limits, depth=depth, always_interruptible=reached)

    def _require_initial(self, module: ValidatedModule, limit: int, authority: Authority) -> None:
        imported = sum(each.kind is ExternKind.MEMORY for each in module.imports)
        size = sum(each.limits.minimum * each.page_size for each in module.memories[imported:])
        if size > limit:
            path = authority.account.path
            message = f"account {path!r} refuses a module that starts with {size} bytes of memory: it may have {limit}"
            error = QuotaExceeded(message, account=path, kind="memory-initial", requested=size, available=limit)
            authority.record_refusal(error)
            raise error

    def _offered(self, authority: Authority, imports: Imports | None) -> Mapping[str, Any]:
        """What the caller gives, and below that what capability plugins offer."""
        given = {} if imports is None else imports
        provided = authority.panel.provide(authority)
        if not provided:
            return given
        offered: dict[str, Any] = dict(given)
        for name, functions in provided.items():
            before = offered.get(name)
            before = before.exports if isinstance(before, Instance) else before
            offered[name] = functions if before is None else joined(before, functions)
        return offered

    def _store(self, store: Store | None) -> Store:
        if store is not None:
            return store
        core = self.core
        made = Store(
            memory_provider=getattr(core, "memory_provider", None), limits=getattr(core, "limits", DEFAULT_LIMITS)
        )
        claim(made, self.tenant)
        return made

    def _memory_below(self, store: Store | None, account: QuotaAccount) -> Any:
        """The budget that an instance's memory must be charged to as well: its provider's, or its store's."""
        chosen = self._store(store)
        if not isinstance(chosen.owner, str) and chosen.owner is not account.budget():
            if chosen.owner is self.tenant.account.budget():
                return None
            return chosen.owner
        return chosen.memory_provider.budget

    # --- the inner engine ------------------------------------------------------------------------------------

    def _engine_for(self, confinement: Confinement) -> Engine:
        """The inner engine, or one like it that lets guests recurse as deep as this one may."""
        depth = confinement.limits.get("stack")
        if depth is None:
            return self.core
        found = self._by_depth.get(depth)
        if found is None:
            if self._make is None:
                raise Unenforceable("calls are bounded in depth by engines that are named, not by one that is made")
            options = {**self._options, "max_call_depth": max(1, depth)}
            found = self._by_depth[depth] = EngineFactory.create(self._make, manager=self.plugins, **options)
        return found

    def _require_enforceable(self, limits: Mapping[str, Limit]) -> None:
        meters: frozenset[str] = getattr(self.core, "meters", frozenset())
        for name, limit in limits.items():
            needed = _METERED.get(name)
            if limit.value is not None and needed is not None and needed not in meters:
                rule = f" ({limit.rule})" if limit.rule else ""
                raise Unenforceable(f"the engine {self.core.name!r} can't limit {name}{rule}")

    def close(self) -> None:
        """Close the engine's account, which ends its guests' memories, and its tenant if that is the engine's own."""
        self.account.close()
        if self._owns_tenant:
            self.tenant.close()

    def __enter__(self) -> CapabilityAwareEngine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<CapabilityAwareEngine around {self.inner!r} for {self.tenant!r}>"


def _account_limits(limits: Mapping[str, Limit]) -> dict[str, int | None]:
    """What an instance's account is bounded by; fuel and time are bounded for each call, not for the instance."""
    found = {}
    for name, limit in limits.items():
        kind = QUANTITIES[name].account
        if kind is not None and name not in ("fuel", "time", "cpu"):
            found[kind] = limit.value
    return found


def _size_of_source(source: Source) -> int:
    """The size of what is to be loaded, as far as it can be known before it is read."""
    if isinstance(source, (bytes, bytearray)):
        return len(source)
    if isinstance(source, memoryview):
        return source.nbytes
    if isinstance(source, str) and source.lstrip()[:1] in ("(", ";"):
        return len(source.encode())
    if isinstance(source, (str, os.PathLike)):
        return os.stat(source).st_size  # noqa: PTH116 - it may be anything that is a path
    try:
        return memoryview(source).nbytes
    except TypeError:
        return 0  # a Module, which is measured once it is validated


def _size_of(module: ValidatedModule) -> int:
    binary = module.module.binary
    return len(binary) if binary else len(encode(module.module))
