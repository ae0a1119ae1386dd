"""`ConfinedPlace`: where an instance is made in confinement, paid for from before that."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import finalize

from wrt_capability.linking import behind_the_same_gate
from wrt_core.execution.snapshot.place import Place
from wrt_foundation.errors import BudgetExceeded, QuotaExceeded

if TYPE_CHECKING:
    from wrt_capability.confinement import Confinement
    from wrt_capability.quota import QuotaAccount
    from wrt_core.engines.core import CoreEngine
    from wrt_core.runtime.function import Func
    from wrt_core.runtime.instance import Instance
    from wrt_core.runtime.store import Store

__all__ = ["ConfinedPlace"]


class ConfinedPlace(Place):
    """One instance that is to be: anew, of a snapshot, or as part of a fork. What fails leaves nothing on the books.

    Raises when it is made `QuotaExceeded` where the tenant has as many instances as it may.
    """

    def __init__(self, confinement: Confinement, engine: CoreEngine, store: Store) -> None:
        """`store` is the one that takes the instance in; its memories and tables are the account's."""
        self._confinement = confinement
        account = confinement.account
        confinement.authority.charge("instances", 1)
        try:
            confinement.authority.record("instantiation", account=account.path)
        except BaseException:
            account.release("instances", 1)
            raise
        super().__init__(engine, confinement.store(store))

    def host_function(self, func: Func) -> Func:
        """Return one behind the same gate, with a way in of its own: the other is the original's, and counts for it."""
        return behind_the_same_gate(func, self._confinement.tenant)

    def settle(self, instance: Instance) -> None:
        """Hand the instance out: from now on its calls need permission, and it is paid for until it is collected."""
        self._confinement.starting = False
        finalize(instance, self._confinement.end).atexit = False

    def abandon(self, error: BaseException) -> BaseException:
        """Take the instance off the books; a refusal of memory or tables is recorded, and names the account."""
        refusal = _refusal(self._confinement.account, error) if isinstance(error, BudgetExceeded) else None
        try:
            self._confinement.end()
            if refusal is None:
                return error
            self._confinement.authority.record_refusal(refusal)
        except Exception as failure:  # noqa: BLE001 - a trail that fails is what is told then
            return failure
        return refusal


def _refusal(account: QuotaAccount, error: BudgetExceeded) -> QuotaExceeded | None:
    """Which kind of an account's a budget has refused, by the budget's name; None if it is another account's."""
    for kind in ("table", "gc", "memory"):
        if any(line.name == error.owner for line in account.budget(kind).chain()):
            return account.refusal(kind, error)
    return None
