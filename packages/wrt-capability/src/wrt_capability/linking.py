"""Linking: which of its imports a guest gets, and what stands between it and the host's functions.

What is not granted does not link, or traps when it is called, as the policy says. A host function that is granted is
linked through a gate, which looks whether the grant still holds and calls it. A function of another guest is linked as
it is: it may only be the same tenant's, and runs under what its own instance may.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any

from wrt_capability.decision import Access, Decision
from wrt_capability.lease import Lease
from wrt_capability.ownership import Border, claim, owner_of
from wrt_capability.policy.policy import DeniedImports
from wrt_capability.traps import DeniedImport
from wrt_core.runtime.function import Func
from wrt_core.runtime.globals import Global
from wrt_core.runtime.host_namespace import HostNamespace
from wrt_core.runtime.instance import Instance
from wrt_core.runtime.linking import Imports, resolve
from wrt_core.runtime.memory import Memory
from wrt_core.runtime.table import Table
from wrt_core.runtime.tag import Tag
from wrt_core.validation import ImportType, ValidatedModule
from wrt_foundation.canonical import DefinedType
from wrt_foundation.traps import WasmException
from wrt_foundation.types import ExternKind, FuncType, RefType

if TYPE_CHECKING:
    from wrt_capability.authority import Authority
    from wrt_capability.tenant import Tenant

__all__ = ["GatedFunction", "behind_the_same_gate", "granted_imports"]


def granted_imports(
    module: ValidatedModule,
    given: Imports,
    authority: Authority,
    tenant: Tenant,
    *,
    bounded: bool,
    inside: Collection[int] = (),
) -> dict[str, Any]:
    """Return what `module` gets of what was `given` for its imports, each decision recorded.

    `bounded` says that memory or tables are limited; then it imports only such as the tenant pays for. `inside` are the
    numbers of imports that come from a guest of the same snapshot: those need the grant, and nothing is given for them.
    Raises `DeniedImport` for what is not granted, `LinkError` for what is missing or does not fit.
    """
    linked: dict[str, Any] = {}
    for number, wanted in enumerate(module.imports):
        names = linked.get(wanted.module)
        if names is None:
            namespace = given.get(wanted.module)
            names = HostNamespace(namespace.attach, {}) if isinstance(namespace, HostNamespace) else {}
            linked[wanted.module] = names
        if number in inside:
            last = _leases(wanted, authority)[-1]
            if last.stopped is not None:
                raise _refused(wanted, last, last.stopped)
        elif wanted.name not in names:  # twice the same is one, which may fit two types
            names[wanted.name] = _extern(wanted, given, authority, tenant, bounded)
    return linked


def _extern(wanted: ImportType, given: Imports, authority: Authority, tenant: Tenant, bounded: bool) -> object:
    leases = _leases(wanted, authority)
    last = leases[-1]
    if last.stopped is not None:
        if wanted.kind is ExternKind.FUNC and authority.policy.denied_imports is DeniedImports.TRAP:
            authority.record_decision(last.access, last.stopped)
            return _trapping(last)
        raise _refused(wanted, last, last.stopped)
    return _let_in(wanted, given, leases, tenant, bounded)


def _leases(wanted: ImportType, authority: Authority) -> list[Lease]:
    """What an import needs to be granted: all that is, up to the first that is not."""
    name = f"{wanted.module}.{wanted.name}"
    leases = [authority.lease("import", name, "link")]
    # What it amounts to is needed, too: to import what tells the time is to know the time.
    for claimed in authority.panel.claims.get(name, ()):
        if leases[-1].stopped is None:
            leases.append(authority.lease(claimed.kind, claimed.object, claimed.operation))
    return leases


def _let_in(wanted: ImportType, given: Imports, leases: list[Lease], tenant: Tenant, bounded: bool) -> object:
    lease = leases[0]
    namespace = given.get(wanted.module)
    if isinstance(namespace, Instance):
        namespace = namespace.exports
    extern = None if namespace is None or wanted.name not in namespace else namespace[wanted.name]
    if isinstance(extern, Func):
        _require_own(wanted, extern, lease, tenant)
        return extern if extern.instance is not None else _gated_function(extern, leases, tenant)
    if isinstance(extern, (Memory, Table, Tag)) or (isinstance(extern, Global) and extern.type.mutable):
        if bounded and isinstance(extern, (Memory, Table)) and owner_of(extern) is not tenant:
            raise _denied(wanted, lease, "such are limited, and this one is not the tenant's; see Tenant.memory")
        resolve(wanted, given)  # what does not fit is not taken
        if not claim(extern, tenant):
            raise _denied(wanted, lease, "it is another tenant's")
        return extern
    if isinstance(extern, Global):
        tenant.border.require(extern.raw)
        return extern
    if wanted.kind is ExternKind.FUNC and callable(extern):
        return _gated_callable(extern, wanted, leases, tenant)
    return resolve(wanted, given)  # which says what is wrong


def _require_own(wanted: ImportType, extern: object, lease: Lease, tenant: Tenant) -> None:
    owner = owner_of(extern)
    if owner is not None and owner is not tenant:
        raise _denied(wanted, lease, "it is another tenant's")


def _denied(wanted: ImportType, lease: Lease, reason: str) -> DeniedImport:
    return _refused(wanted, lease, Decision(False, "", reason))


def _refused(wanted: ImportType, lease: Lease, decision: Decision) -> DeniedImport:
    """Record that an import is not to be had, and return the error."""
    lease.authority.record_decision(lease.access, decision)
    return DeniedImport(lease.access, decision, wanted.module, wanted.name)


# --- gates -------------------------------------------------------------------------------------------------


def _gated_callable(
    function: Callable[..., Any], wanted: ImportType, leases: list[Lease], tenant: Tenant
) -> Callable[..., Any]:
    assert isinstance(wanted.type, DefinedType)
    type_ = wanted.type.composite
    assert isinstance(type_, FuncType)
    return _gate(_intercepted(function, leases[0]), type_, leases, tenant)


class GatedFunction(Func):
    """A host's function with a gate before it; `original` is the host's own."""

    __slots__ = ("original",)

    original: Func


def _gated_function(func: Func, leases: list[Lease], tenant: Tenant) -> Func:
    gate = _gate(_intercepted(func.code, leases[0]), func.function_type, leases, tenant)
    made = GatedFunction.of_guest(func.type, gate, func.enter, None, -1, func.name)
    assert isinstance(made, GatedFunction)
    made.original = func
    claim(made, tenant)
    return made


def behind_the_same_gate(func: Func, tenant: Tenant) -> Func:
    """Return a function that does what one of the host's does that was linked already, for a fork to have."""
    made = type(func).of_guest(func.type, func.code, _enter, None, -1, func.name)
    if isinstance(func, GatedFunction) and isinstance(made, GatedFunction):
        made.original = func.original
    claim(made, tenant)
    return made


def _enter(func: Func, args: Sequence[Any]) -> Any:
    return func.code(*args)


def _intercepted(function: Callable[..., Any], lease: Lease) -> Callable[..., Any]:
    access = Access(lease.access.kind, lease.access.subject, lease.access.object, "call")
    return lease.authority.panel.intercept(access, function)


def _gate(function: Callable[..., Any], type_: FuncType, leases: list[Lease], tenant: Tenant) -> Callable[..., Any]:
    """Return a function to be called in place of another, as long as the leases hold."""
    border = tenant.border
    later = iscoroutinefunction(function) or iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004
    if any(isinstance(each, RefType) for each in (*type_.params, *type_.results)):
        function = _across_later(function, border) if later else _across(function, border)
    for lease in leases:
        make = _later_gate if later else _gate_factory(len(type_.params))
        function = make(function, lease, WasmException, border.require)
    return function


@lru_cache(256)
def _gate_factory(count: int) -> Callable[..., Callable[..., Any]]:
    # The parameters are spelled out, as calls of Python functions with such do not grow the host's stack.
    names = ", ".join(f"a{index}" for index in range(count))
    several = f"({names},)" if count else "()"
    source = f"""
def factory(function, lease, WasmException, require):
    def gate({names}):
        if lease.stopped is not None:
            lease.refuse()
        if lease.log:
            lease.note({several})
        try:
            return function({names})
        except WasmException as error:
            require(error)
            raise
    return gate
"""
    made: dict[str, Any] = {}
    exec(compile(source, "<gate>", "exec", dont_inherit=True), made)
    factory: Callable[..., Callable[..., Any]] = made["factory"]
    return factory


def _later_gate(function: Callable[..., Any], lease: Lease, *_: object) -> Callable[..., Any]:
    async def gate(*arguments: Any) -> Any:
        if lease.stopped is not None:
            lease.refuse()
        if lease.log:
            lease.note(arguments)
        return await function(*arguments)

    return gate


def _across(function: Callable[..., Any], border: Border) -> Callable[..., Any]:
    """Have references pass the border: out to the host's function, and in from it."""

    def crossing(*arguments: Any) -> Any:
        return _inward(function(*[border.outward(each) for each in arguments]), border)

    return crossing


def _across_later(function: Callable[..., Any], border: Border) -> Callable[..., Any]:
    async def crossing(*arguments: Any) -> Any:
        return _inward(await function(*[border.outward(each) for each in arguments]), border)

    return crossing


def _inward(result: Any, border: Border) -> Any:
    for each in result if isinstance(result, (tuple, list)) else (result,):
        border.inward(each)
    return result


def _trapping(lease: Lease) -> Callable[..., Any]:
    """Return a function that is denied whenever it is called, unless a changed policy grants what nobody has given."""

    def denied(*_: Any) -> None:
        if lease.stopped is None:
            lease.set(Decision(False, "", "it was denied when it was linked"))
        lease.refuse()

    return denied
