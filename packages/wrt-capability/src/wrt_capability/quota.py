"""Quotas: the books on what is used up, made of accounts that stand below one another.

What is held and given back (memory, tables, instances, running calls) is counted by budgets of the memory manager, so
that memory is charged once, by whoever allocates it, and comes off the books when it is collected. What is consumed
(fuel, time, output) is counted by meters, which nobody's end sets back.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping

from wrt_foundation.errors import BudgetExceeded, QuotaExceeded
from wrt_foundation.memory import Budget, BudgetMisuse, process_budget

__all__ = ["CONSUMED", "Meter", "QuotaAccount", "process_account"]

CONSUMED = frozenset({"fuel", "time", "cpu", "output"})
"""Kinds that are used up and do not come back when the account that used them is closed."""

_LOCK = threading.Lock()
"""Held while a chain of meters is charged; nothing that is called with it calls anybody else."""


class Meter:
    """How much of one kind was consumed by an account and all below it. Thread-safe."""

    __slots__ = ("closed", "limit", "name", "own", "parent", "used")

    def __init__(self, name: str, limit: int | None = None, parent: Meter | None = None) -> None:
        self.name = name
        self.limit = limit
        self.parent = parent
        self.used = 0
        self.own = 0
        self.closed = False

    def chain(self) -> Iterator[Meter]:
        """Iterate over this meter and those above it, root last."""
        meter: Meter | None = self
        while meter is not None:
            yield meter
            meter = meter.parent

    @property
    def available(self) -> int | None:
        """What a charge could take now, None if there is no limit here and above."""
        left = [max(0, each.limit - each.used) for each in self.chain() if each.limit is not None]
        return min(left, default=None)

    def charge(self, amount: int) -> None:
        """Take `amount` here and above, or, raising `BudgetExceeded`, nowhere."""
        with _LOCK:
            for each in self.chain():
                left = None if each.limit is None else max(0, each.limit - each.used)
                if left is not None and left < amount:
                    raise BudgetExceeded("", owner=each.name, requested=amount, available=left)
            self._add(amount)

    def release(self, amount: int) -> None:
        """Give back what was charged and not used after all. Raises `BudgetMisuse` for more than was charged."""
        with _LOCK:
            if amount > self.own:
                raise BudgetMisuse(f"{amount} are given back, and {self.own} were charged")
            self._add(-amount)

    def add(self, amount: int) -> None:
        """Take what has been used already, even past the limit: time can't be refused afterwards."""
        with _LOCK:
            self._add(amount)

    def close(self) -> None:
        """Refuse further charges; what was consumed stays consumed."""
        self.closed = True

    def _add(self, amount: int) -> None:
        self.own += amount
        for each in self.chain():
            each.used += amount


Line = Budget | Meter


class QuotaAccount:
    """An `Account`: one line of the books for each kind that it is asked for. Thread-safe.

    `limits` are by kind, as `ACCOUNT_KINDS` calls them; a capability plugin's own kinds are held and given back. Who
    makes an account closes it; one that is dropped gives back what it held, once nobody holds that any more.
    """

    __slots__ = ("__weakref__", "_closed", "_limits", "_lines", "_lock", "_memory", "name", "parent")

    def __init__(
        self,
        name: str,
        limits: Mapping[str, int | None] | None = None,
        parent: QuotaAccount | None = None,
        *,
        memory: Budget | None = None,
    ) -> None:
        """`memory` is the budget that this one's memory is below, where that is not the parent's own.

        Raises `ValueError` for a negative limit, and for a budget that is not within the parent's.
        """
        if memory is not None and parent is not None and not memory.is_within(parent.budget()):
            raise ValueError(f"memory budget {memory.path!r} is not within that of the account {parent.path!r}")
        self.name = name
        self.parent = parent
        self._memory = memory
        self._limits = {} if limits is None else dict(limits)
        for kind, limit in self._limits.items():
            if limit is not None and limit < 0:
                raise ValueError(f"a limit is not negative: {limit} of {kind}")
        self._lines: dict[str, Line] = {}
        self._lock = threading.RLock()
        self._closed = False

    def child(self, name: str, limits: Mapping[str, int | None] | None = None) -> QuotaAccount:
        """Make an account below this one. Raises `QuotaExceeded` if this one is closed."""
        self._require_open("accounts", 1)
        return QuotaAccount(name, limits, self)

    def sibling(self) -> QuotaAccount:
        """Make an account like this one beside it: of the same name and limits, with nothing on its books.

        Raises `QuotaExceeded` if this one is closed.
        """
        self._require_open("accounts", 1)
        return QuotaAccount(self.name, self._limits, self.parent, memory=self._memory)

    # --- reading -------------------------------------------------------------------------------------------

    @property
    def path(self) -> str:
        """The names from the root to here: "process/tenant/engine"."""
        return "/".join(reversed([each.name for each in self.chain()]))

    @property
    def closed(self) -> bool:
        """Whether it, or one above it, is closed."""
        return any(each._closed for each in self.chain())

    def chain(self) -> Iterator[QuotaAccount]:
        """Iterate over this account and those above it, root last."""
        account: QuotaAccount | None = self
        while account is not None:
            yield account
            account = account.parent

    def used(self, kind: str) -> int:
        """Return what this account and all below it hold, or have consumed, of a kind."""
        line = self._lines.get(kind)
        return 0 if line is None else line.used

    def available(self, kind: str) -> int | None:
        """Return what a charge could take now, None if nothing above or here limits it."""
        return 0 if self.closed else self.line(kind).available

    def limit(self, kind: str) -> int | None:
        """Return this account's own limit of a kind."""
        line = self._lines.get(kind)
        return self._limits.get(kind) if line is None else line.limit

    def limited(self, kind: str) -> bool:
        """Say whether this account or one above has a limit of a kind."""
        return any(each._limits.get(kind) is not None or each._line_limit(kind) is not None for each in self.chain())

    # --- charging ------------------------------------------------------------------------------------------

    def charge(self, kind: str, amount: int) -> None:
        """Take `amount` of `kind` from here and all above; see `Account.charge`."""
        if amount < 0:
            raise ValueError(f"an amount is not negative: {amount} of {kind}")
        self._require_open(kind, amount)
        try:
            self.line(kind).charge(amount)
        except BudgetExceeded as error:
            raise self.refusal(kind, error) from None
        except BudgetMisuse as error:
            raise QuotaExceeded(error.message, account=self.path, kind=kind, requested=amount) from None

    def release(self, kind: str, amount: int) -> None:
        """Give back `amount` of what was charged here; see `Account.release`. After `close`, nothing is left to."""
        if amount < 0:
            raise ValueError(f"an amount is not negative: {amount} of {kind}")
        if self.closed:
            return
        try:
            self.line(kind).release(amount)
        except BudgetMisuse as error:
            raise ValueError(f"account {self.path!r}: {error.message}") from None

    def top_up(self, kind: str, amount: int) -> None:
        """Raise this account's own limit of a kind by `amount`: what is paused for want of it can go on."""
        if amount < 0:
            raise ValueError(f"an amount is not negative: {amount} of {kind}")
        with self._lock:
            line = self.line(kind)
            if line.limit is not None:
                line.limit += amount
                self._limits[kind] = line.limit

    def set_limit(self, kind: str, limit: int | None) -> None:
        """Set this account's own limit of a kind. Below what is held, it takes nothing away and refuses more."""
        with self._lock:
            self.line(kind).limit = limit
            self._limits[kind] = limit

    def close(self) -> None:
        """Give back all that is still held here and below, memories included; charges are refused from then on."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            lines = list(self._lines.values())
        for line in lines:
            line.close()

    def __enter__(self) -> QuotaAccount:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- the books -----------------------------------------------------------------------------------------

    def line(self, kind: str) -> Line:
        """Return the budget, or the meter, that counts a kind here."""
        found = self._lines.get(kind)
        if found is None:
            above: Line | None = None if self.parent is None else self.parent.line(kind)
            if kind == "memory" and self._memory is not None:
                above = self._memory
            with self._lock:
                found = self._lines.get(kind)
                if found is None:
                    found = self._lines[kind] = self._made(kind, above)
        return found

    def budget(self, kind: str = "memory") -> Budget:
        """Return the budget that counts a kind which is held: what stores and memory providers charge."""
        line = self.line(kind)
        assert isinstance(line, Budget)
        return line

    def meter(self, kind: str) -> Meter:
        """Return the meter that counts a kind which is consumed."""
        line = self.line(kind)
        assert isinstance(line, Meter)
        return line

    def _made(self, kind: str, above: Line | None) -> Line:
        limit = self._limits.get(kind)
        if kind in CONSUMED:
            assert above is None or isinstance(above, Meter)
            return Meter(self.name, limit, above)
        assert above is None or isinstance(above, Budget)
        # A budget's refusal tells its name alone: by that, the kind is known again.
        return Budget(self.name if kind == "memory" else f"{kind} of {self.name}", limit, above)

    def _line_limit(self, kind: str) -> int | None:
        line = self._lines.get(kind)
        return None if line is None else line.limit

    def _require_open(self, kind: str, amount: int) -> None:
        if self.closed:
            message = f"account {self.path!r} is closed"
            raise QuotaExceeded(message, account=self.path, kind=kind, requested=amount)

    def refusal(self, kind: str, error: BudgetExceeded) -> QuotaExceeded:
        """Return what a budget's or a meter's refusal means, with the path of the account that refused."""
        lines: list[Line] = list(self.line(kind).chain())
        accounts = list(self.chain())
        at = next((n for n, line in enumerate(lines) if line.name == error.owner and line.limit is not None), 0)
        path = accounts[min(at, len(accounts) - 1)].path
        message = (
            f"account {path!r} refuses {error.requested} of {kind}: {error.available} of {lines[at].limit} are left"
        )
        return QuotaExceeded(message, account=path, kind=kind, requested=error.requested, available=error.available)

    def __repr__(self) -> str:
        return f"<QuotaAccount {self.path!r}{', closed' if self.closed else ''}>"


class _ProcessAccount(QuotaAccount):
    __slots__ = ()

    def _made(self, kind: str, above: Line | None) -> Line:
        # Memory is counted by the budget that everybody's memory is below, metered or not.
        return process_budget() if kind == "memory" else super()._made(kind, above)


_PROCESS = _ProcessAccount("process")


def process_account() -> QuotaAccount:
    """Return the account at the root: all that is metered in this process. Without limits until some are set."""
    return _PROCESS
