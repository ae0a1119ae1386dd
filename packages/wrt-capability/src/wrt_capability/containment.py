"""Containment: what becomes of a guest, and of its tenant, when the guest fails."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, Protocol

from wrt_core.execution import Execution
from wrt_core.runtime.function import Func
from wrt_core.runtime.instance import Instance
from wrt_foundation.errors import CapabilityDenied, QuotaExceeded
from wrt_foundation.traps import Trap, WasmException

__all__ = ["FAULTS", "Contained", "Containment"]

FAULTS = (Trap, WasmException, QuotaExceeded, CapabilityDenied)
"""What a guest is to blame for. What a host function raises is not among it, nor that a guest exits."""


class Containment(StrEnum):
    """What is done when a guest fails."""

    TERMINATE = "terminate"
    """The guest has ended for good; its tenant may begin others."""
    RECOVER = "recover"
    """The next call has a fresh instance: nothing of what the failed one left is seen."""
    QUARANTINE = "quarantine"
    """The tenant is refused, with all of its guests, until somebody clears it with `Tenant.resume`."""


class _Tenant(Protocol):
    """What is needed of a `Tenant`."""

    name: str

    def suspend(self, reason: str) -> None: ...

    def record(self, event: str, **details: str | int | bool | list[str] | None) -> None: ...


class Contained:
    """One guest of a tenant, with what is to be done when it fails.

        guest = Contained(tenant, lambda: engine.instantiate(module, imports), Containment.RECOVER)
        guest.call("main")                                                 # raises what the guest raises
        scheduler.add(guest.start("main"), tenant.name, on_failure=guest.failed)

    `instantiate` makes a fresh instance, on the first call and after each recovery, of which there are at most
    `recoveries`; after those it is terminated. One thread uses it at a time.
    """

    def __init__(
        self,
        tenant: _Tenant,
        instantiate: Callable[[], Instance],
        containment: Containment | str = Containment.TERMINATE,
        *,
        recoveries: int | None = None,
    ) -> None:
        self.tenant = tenant
        self.containment = Containment(containment)
        self.faults = 0
        """How often it has failed."""
        self.terminated: str | None = None
        """Why it may not be called any more; None while it may."""
        self._instantiate = instantiate
        self._recoveries = recoveries
        self._instance: Instance | None = None
        self._begun: tuple[str, tuple[Any, ...]] | None = None

    @property
    def instance(self) -> Instance:
        """The instance that the next call is made on. Raises `CapabilityDenied` if the guest has ended for good."""
        if self.terminated is not None:
            raise CapabilityDenied(f"the guest has ended: {self.terminated}", tenant=self.tenant.name, kind="module")
        if self._instance is None:
            try:
                self._instance = self._instantiate()
            except FAULTS as error:
                self.contain(error)
                raise
        return self._instance

    def call(self, name: str, *args: Any) -> Any:
        """Call an exported function, and contain what goes wrong; that is raised all the same."""
        func: Func = self.instance.exports[name]
        try:
            return func(*args)
        except FAULTS as error:
            self.contain(error)
            raise

    def start(self, name: str, *args: Any) -> Execution:
        """Return an execution of an exported function; give `failed` to whoever runs it."""
        self._begun = name, args
        func: Func = self.instance.exports[name]
        return func.start(*args)

    def failed(self, error: BaseException) -> Execution | None:
        """Contain what an execution that was started ended with; if that is to recover, return it begun anew."""
        if not isinstance(error, FAULTS):
            return None
        self.contain(error)
        if self._begun is None or self.containment is not Containment.RECOVER or self.terminated is not None:
            return None
        name, args = self._begun
        return self.start(name, *args)

    def contain(self, error: BaseException) -> None:
        """Do what is to be done about a failure. It is recorded first, as every event is."""
        self.faults += 1
        reason = f"{type(error).__name__}: {error}"
        spent = self._recoveries is not None and self.faults > self._recoveries
        recovers = self.containment is Containment.RECOVER and not spent
        operation = Containment.TERMINATE if spent and self.containment is Containment.RECOVER else self.containment
        # Whatever recording raises, the instance that failed is not used again.
        self._instance = None
        if not recovers:
            self.terminated = reason
        self.tenant.record("containment", operation=operation.value, reason=reason)
        if self.containment is Containment.QUARANTINE:
            self.tenant.suspend(f"the tenant is in quarantine: {reason}")

    def clear(self) -> None:
        """Let a guest that has ended be called again, on a fresh instance; its tenant is cleared by itself."""
        self.terminated = None
        self.faults = 0
