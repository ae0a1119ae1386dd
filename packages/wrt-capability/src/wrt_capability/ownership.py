"""Ownership: whose an object is. Nothing that belongs to one tenant is usable by another.

What guests have (instances, their functions, memories, tables, variables, tags) belongs to the tenant whose engine made
it. What a host made belongs to nobody until a guest imports it; then it is that guest's tenant's, and no other's. Of
structures, arrays and continuations it is noted whose guest gave them to the host, and only those of its own come back.
"""

from __future__ import annotations

import threading
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakSet

from wrt_core.execution import Execution
from wrt_core.execution.snapshot import Snapshot
from wrt_core.runtime.function import Func
from wrt_core.runtime.globals import Global
from wrt_core.runtime.instance import Instance
from wrt_core.runtime.memory import Memory
from wrt_core.runtime.store import Store
from wrt_core.runtime.table import Table
from wrt_core.runtime.tag import Tag
from wrt_core.runtime.typed_reference import TypedReference
from wrt_foundation.errors import CapabilityDenied
from wrt_foundation.traps import WasmException

if TYPE_CHECKING:
    from wrt_capability.tenant import Tenant

__all__ = ["Border", "claim", "owner_of"]

_OWNED = (TypedReference, WasmException, Memory, Table, Global, Tag, Instance, Execution, Snapshot, Store)
"""Types whose objects can be somebody's; all else, numbers and text above all, is nobody's."""

_OWNERS: WeakKeyDictionary[object, Tenant] = WeakKeyDictionary()
_TENANTS: WeakSet[Tenant] = WeakSet()
"""Those that have snapshots."""
_LOCK = threading.RLock()


def owner_of(value: object) -> Tenant | None:
    """Return whose an object is, None for nobody's; of several whose snapshots are the same, one."""
    if isinstance(value, Snapshot):
        digest = _digest(value)
        return next((each for each in list(_TENANTS) if digest in each.snapshots), None)
    if isinstance(value, Execution):
        return None if value.snapshot is not None else owner_of(value.func)
    if isinstance(value, WasmException):
        return owner_of(value.tag)
    if isinstance(value, Func) and value.instance is not None:
        return owner_of(value.instance)
    with _LOCK:
        return _OWNERS.get(value) if isinstance(value, _OWNED) else None


def claim(value: object, tenant: Tenant) -> bool:
    """Make an object a tenant's if it is nobody's yet; say whether it is his.

    Snapshots are known by what is in them, as they go through files; two tenants may have the same.
    """
    if isinstance(value, Snapshot):
        _TENANTS.add(tenant)
        tenant.snapshots.add(_digest(value))
        return True
    with _LOCK:
        return _OWNERS.setdefault(value, tenant) is tenant


def _digest(snapshot: Snapshot) -> bytes:
    return sha256(snapshot.to_bytes()).digest()


class Border:
    """What passes between a tenant's guests and the host. Thread-safe."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def require(self, value: Any) -> Any:
        """Return a value that is not another's. Raises `CapabilityDenied` for one that is."""
        if isinstance(value, _OWNED):
            if isinstance(value, Snapshot) and _digest(value) in self._tenant.snapshots:
                return value
            owner = owner_of(value)
            if owner is not None and owner is not self._tenant:
                raise self._refusal(value, "it is another tenant's")
        return value

    def inward(self, value: Any) -> Any:
        """Return a value on its way in; structures and the like must have come out before. Raises as `require`."""
        self.require(value)
        if isinstance(value, TypedReference) and not isinstance(value, Func) and owner_of(value) is None:
            raise self._refusal(value, "none of the tenant's guests has given it out")
        return value

    def outward(self, value: Any) -> Any:
        """Return a value on its way out, noted as the tenant's if it can be somebody's."""
        if isinstance(value, TypedReference) and not isinstance(value, Func):
            claim(value, self._tenant)
        return value

    def _refusal(self, value: object, reason: str) -> CapabilityDenied:
        kind = type(value).__name__.lower()
        name = self._tenant.name
        self._tenant.record("decision", kind="object", object=kind, operation="use", allowed=False, reason=reason)
        message = f"tenant {name!r} may not use this {kind}: {reason}"
        return CapabilityDenied(message, tenant=name, kind="object", object=kind, operation="use")
