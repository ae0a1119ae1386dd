"""Budgets: how many bytes each owner may hold, cumulatively and hierarchically.

A budget is charged for every byte that is held under it, by itself or by any budget below, so that
process > tenant > engine > instance each see the sum of what they answer for. A charge goes to the
whole chain or, if one budget of the chain refuses, to none.

Why one lock for all budgets: a charge touches a chain of them, and charges come back from finalizers,
which run in whatever thread and at whatever point the garbage collector picks. With a lock a budget, two
threads that collect garbage in the middle of a charge could wait for one another. A charge takes less
than a microsecond, so nobody waits long.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from types import TracebackType
from weakref import WeakSet

from wrt_foundation.errors import BudgetExceeded
from wrt_foundation.memory.callbacks import hold_callback
from wrt_foundation.memory.errors import BudgetMisuse

__all__ = ["Budget", "Charge", "process_budget"]

# Re-entrant, because a finalizer may run, and give bytes back, while its own thread is in here. That is
# safe: it only ever makes more room than a check that has already passed has seen.
_LOCK = threading.RLock()

if hasattr(os, "register_at_fork"):
    # A child must not inherit the lock from a thread that it does not have.
    os.register_at_fork(before=_LOCK.acquire, after_in_parent=_LOCK.release, after_in_child=_LOCK.release)

_SCOPES: ContextVar[tuple[tuple[Budget, Budget], ...]] = ContextVar("wrt_budget_scopes", default=())


class Budget:
    """A number of bytes that may be held at one time by an owner and all below it. Thread-safe.

    `limit` is in bytes, None for no limit of its own; the limits above hold all the same. The one who
    makes a budget owns it, and closes it or drops it: either returns what it still holds to its parents.
    It is a context manager that closes itself.
    """

    __slots__ = (
        "__weakref__",
        "_charges",
        "_children",
        "_closed",
        "_limit",
        "_loose",
        "_named",
        "_own",
        "_peak",
        "_used",
        "name",
        "parent",
    )

    def __init__(self, name: str, limit: int | None = None, parent: Budget | None = None) -> None:
        """Make a budget; below `parent` (or its innermost `scope` here) if one is given, else on its own.

        Raises `ValueError` for a negative limit and `BudgetMisuse` under a closed parent.
        """
        self._own = 0  # What this budget itself was charged, and of it, what no `Charge` answers for.
        self._loose = 0
        self._closed = False
        self.name = name
        self.parent = None if parent is None else parent._scoped()
        self._limit = _checked_limit(limit)
        self._used = 0
        self._peak = 0
        self._children: WeakSet[Budget] = WeakSet()
        self._named: dict[str, Budget] = {}
        self._charges: WeakSet[Charge] = WeakSet()
        if self.parent is not None:
            with _LOCK:
                self.parent._require_open()
                self.parent._children.add(self)

    def child(self, name: str, limit: int | None = None) -> Budget:
        """Make a budget below this one that is found by its name and kept, limit and all, until it is closed.

        (`Budget(name, limit, parent)` makes one that nobody but its maker keeps.) Raises `BudgetMisuse` if
        this budget is closed or has an open child of that name.
        """
        parent = self._scoped()
        with _LOCK:
            if name in parent._named:
                raise BudgetMisuse(f"memory budget {parent.path!r} already has a child called {name!r}")
            child = Budget(name, limit, parent)
            parent._named[name] = child
            return child

    def find(self, name: str) -> Budget | None:
        """Return the open child that `child` made under that name, or None."""
        with _LOCK:
            return self._scoped()._named.get(name) or self._named.get(name)

    # --- reading -------------------------------------------------------------------------------------------

    @property
    def limit(self) -> int | None:
        """The most bytes that may be held at one time, None for no limit.

        It may be set at any time; set below what is held, it takes nothing away and refuses more.
        """
        return self._limit

    @limit.setter
    def limit(self, limit: int | None) -> None:
        self._limit = _checked_limit(limit)

    @property
    def used(self) -> int:
        """Bytes held now, by this budget and all below it."""
        return self._used

    @property
    def own(self) -> int:
        """Bytes held now by this budget itself, without those below it."""
        return self._own

    @property
    def peak(self) -> int:
        """The most bytes that were ever held at one time."""
        return self._peak

    @property
    def available(self) -> int | None:
        """Bytes that a charge could take now: the least that this budget and those above it have left.

        None if none of them has a limit.
        """
        with _LOCK:
            left = [budget._left() for budget in self.chain()]
            return min((bytes_left for bytes_left in left if bytes_left is not None), default=None)

    @property
    def closed(self) -> bool:
        """True once closed; a closed budget is never charged again."""
        return self._closed

    @property
    def children(self) -> tuple[Budget, ...]:
        """The open budgets right below this one, by name."""
        with _LOCK:
            return tuple(sorted((child for child in self._children if not child._closed), key=lambda c: c.name))

    @property
    def path(self) -> str:
        """The names from the root to here: "process/tenant/engine"."""
        return "/".join(reversed([budget.name for budget in self.chain()]))

    def chain(self) -> Iterator[Budget]:
        """Iterate over this budget and those above it, root last: all that a charge is charged to."""
        budget: Budget | None = self
        while budget is not None:
            yield budget
            budget = budget.parent

    def is_within(self, other: Budget) -> bool:
        """Return True if `other` is this budget or above it."""
        return any(budget is other for budget in self.chain())

    # --- charging ------------------------------------------------------------------------------------------

    def charge(self, size: int) -> None:
        """Take `size` bytes from this budget and from all above it, or, raising, from none.

        Raises `BudgetExceeded`, which names the first budget of the chain that refuses, from here upwards;
        `BudgetMisuse` if closed; `ValueError` for a negative size. Inside of `scope()`, the scope is charged.
        """
        _check_size(size)
        with _LOCK:
            target = self._scoped()
            target._take(size)
            target._loose += size

    def release(self, size: int) -> None:
        """Give back `size` bytes that `charge` took.

        Raises `BudgetMisuse`, and changes nothing, if more is released than was charged to this budget itself
        (what a `hold` or a budget below took is theirs to release). Inside of `scope()`, what the scope was
        charged goes back first, then what was charged before it.
        """
        _check_size(size)
        with _LOCK:
            self._require_open()
            layers = self._layers()
            out = sum(layer._loose for layer in layers)
            if size > out:
                raise BudgetMisuse(f"memory budget {self.path!r} is asked to take back {size} bytes, and {out} are out")
            for layer in reversed(layers):
                part = min(size, layer._loose)
                layer._loose -= part
                layer._give_back(part)
                size -= part

    def hold(self, size: int) -> Charge:
        """Charge `size` bytes and return the handle that can resize and release them. Raises as `charge` does."""
        _check_size(size)
        with _LOCK:
            return Charge(self._scoped(), size)

    @contextmanager
    def scope(self, name: str = "scope", limit: int | None = None) -> Iterator[Budget]:
        """Within the `with` block, what is charged to this budget goes to a budget below it that is closed at the end.

        So everything charged inside is released on exit, exception or not, and what was allocated with it is
        freed. Yields that budget. "Inside" means in the same context: another thread or task that charges this
        budget meanwhile is not in the scope.
        """
        scope = Budget(name, limit, self)
        _SCOPES.set((*_SCOPES.get(), (scope.parent or self, scope)))
        try:
            yield scope
        finally:
            _SCOPES.set(tuple(entry for entry in _SCOPES.get() if entry[1] is not scope))
            scope.close()

    # --- the end -------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Refuse further charges, close all below, let holders let go, and return what is still held.

        Closing twice does nothing. An error that a holder raises while it lets go is raised when all is done.
        """
        with _LOCK:
            if self._closed:
                return
            self._closed = True
            if self.parent is not None and self.parent._named.get(self.name) is self:
                del self.parent._named[self.name]
            children, charges = list(self._children), list(self._charges)
        # Without the lock: holders do as they like. The stack calls each of them, whatever the others raise.
        with ExitStack() as stack:
            stack.callback(self._settle)
            for child in children:
                stack.callback(child.close)
            for charge in charges:
                stack.callback(charge._let_go)

    def __enter__(self) -> Budget:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        # Dropped without being closed. Its charges may be dropped with it, in any order: they see that it is closed.
        if self._own and not self._closed:
            self._closed = True
            self._settle()

    def __repr__(self) -> str:
        limit = "no limit" if self._limit is None else f"limit {self._limit}"
        return f"<Budget {self.path!r}: {self._used} bytes used, {limit}{', closed' if self._closed else ''}>"

    # --- with the lock held --------------------------------------------------------------------------------

    def _layers(self) -> list[Budget]:
        """This budget and the scopes that this context has open on it, innermost last."""
        layers = [self]
        for scoped, scope in _SCOPES.get():
            if scoped is layers[-1]:
                layers.append(scope)
        return layers

    def _scoped(self) -> Budget:
        return self._layers()[-1]

    def _require_open(self) -> None:
        if self._closed:
            raise BudgetMisuse(f"memory budget {self.path!r} is closed")

    def _left(self) -> int | None:
        return None if self._limit is None else max(0, self._limit - self._used)

    def _take(self, size: int) -> None:
        self._require_open()
        for budget in self.chain():
            left = budget._left()
            # Nothing is always granted, even under a limit that was set below what is held.
            if left is not None and left < size:
                message = f"memory budget {budget.path!r} refuses {size} bytes: {left} of {budget._limit} are left"
                raise BudgetExceeded(message, owner=budget.name, requested=size, available=left)
        self._own += size
        for budget in self.chain():
            budget._used += size
            budget._peak = max(budget._peak, budget._used)

    def _give_back(self, size: int) -> None:
        self._own -= size
        for budget in self.chain():
            budget._used -= size

    def _settle(self) -> None:
        with _LOCK:
            self._loose = 0
            self._give_back(self._own)


class Charge:
    """Bytes of one budget that are held by one holder: a handle made by `Budget.hold`. Thread-safe.

    A charge that is dropped is returned, so an exception on the way to `release` leaks nothing. When its
    budget is closed it comes to nothing, and the one release that is still to come is in order.
    """

    __slots__ = ("__weakref__", "_released", "_size", "_watcher", "budget")

    def __init__(self, budget: Budget, size: int) -> None:
        self._size = 0  # What __del__ finds if the budget refuses.
        self._released = False
        self.budget = budget
        self._watcher: Callable[[], Callable[[], object] | None] | None = None
        with _LOCK:
            budget._take(size)
            self._size = size
            budget._charges.add(self)

    @property
    def size(self) -> int:
        """Bytes held; nothing once the budget is closed."""
        return 0 if self.budget._closed else self._size

    def watch(self, callback: Callable[[], object]) -> None:
        """Have `callback` called if the budget is closed while these bytes are held, so that they are let go of.

        A bound method is held weakly. One callback a charge. Raises `BudgetMisuse` if the budget is closed already.
        """
        with _LOCK:
            self.budget._require_open()
            self._watcher = hold_callback(callback)

    def resize(self, size: int) -> None:
        """Hold `size` bytes from now on; raises as `Budget.charge` does, and then holds what it held."""
        _check_size(size)
        with _LOCK:
            self._require_held()
            self.budget._require_open()
            if size >= self._size:
                self.budget._take(size - self._size)
            else:
                self.budget._give_back(self._size - size)
            self._size = size

    def release(self) -> None:
        """Give the bytes back. Raises `BudgetMisuse` the second time."""
        with _LOCK:
            self._require_held()
            self._released = True
            self._return()

    def _require_held(self) -> None:
        if self._released:
            raise BudgetMisuse(f"a charge to memory budget {self.budget.path!r} was released already")

    def _return(self) -> None:
        # The size first: whoever comes here in between, from a finalizer, finds nothing left to return.
        size, self._size = self._size, 0
        if not self.budget._closed:  # A budget that closes gives back all of its own, this too.
            self.budget._give_back(size)

    def _let_go(self) -> None:
        callback = None if self._watcher is None else self._watcher()
        if callback is not None and not self._released:
            callback()

    def __del__(self) -> None:
        if self._size:
            with _LOCK:
                self._return()

    def __repr__(self) -> str:
        return f"<Charge of {self.size} bytes to {self.budget.path!r}>"


def process_budget() -> Budget:
    """Return the budget at the root: all that WRT holds in this process. Without a limit until one is set."""
    return _PROCESS


def _check_size(size: int) -> None:
    if size < 0:
        raise ValueError(f"a size in bytes is not negative: {size}")


def _checked_limit(limit: int | None) -> int | None:
    if limit is not None:
        _check_size(limit)
    return limit


_PROCESS = Budget("process")
