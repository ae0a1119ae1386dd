"""`EnginePool`: engines that are made ahead, and instances that go from user to user without telling tales."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from time import monotonic
from types import MethodType, TracebackType
from typing import Any

from wrt_core.engine import Engine
from wrt_core.factory import EngineFactory
from wrt_core.runtime.initial_state import InitialState, restorable
from wrt_core.runtime.instance import Instance
from wrt_core.runtime.linking import Imports
from wrt_core.validation import ValidatedModule
from wrt_foundation.errors import WrtError
from wrt_foundation.plugins import PluginManager, get_plugin_manager

__all__ = ["EnginePool", "PoolClosed", "PoolExhausted", "PoolStatistics"]


class PoolExhausted(WrtError, TimeoutError):
    """Every engine of a pool is in use, and none was given back in time."""


class PoolClosed(WrtError):
    """A pool was asked for something after it was closed."""


@dataclass(frozen=True, slots=True)
class PoolStatistics:
    """What a pool has done so far, and how it stands."""

    size: int
    in_use: int
    """Engines lent now, alone or with an instance."""
    idle_instances: int
    """Instances kept for the next user."""
    lent: int
    """How often an engine, alone or with an instance, was lent."""
    instantiated: int
    reused: int
    """How often an instance was lent that somebody had before."""
    discarded: int
    """Instances that were not kept: they could not be restored, or there was no room."""
    refused: int
    """How often `PoolExhausted` was raised."""


@dataclass(eq=False)
class _Kept:
    """An instance, what it was linked with, and what it was at first."""

    instance: Instance
    given: tuple[object, ...]
    state: InitialState | None


class _Slot:
    """An engine and the instances made by it that nobody has now, the one used last at the end."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.kept: list[_Kept] = []

    def find(self, module: ValidatedModule, given: tuple[object, ...]) -> _Kept | None:
        """Return an instance that was made of the very same."""
        for kept in reversed(self.kept):
            if kept.instance.module is module and _same(kept.given, given):
                return kept
        return None


class EnginePool:
    """A number of engines of one name, made at once, each lent to one user at a time::

        with EnginePool("stackless", 4) as pool:
            with pool.instance(module, imports) as instance:
                instance.exports.run()

    An instance that was given back goes to the next who asks for the same module with the same imports (the very same
    functions), after all that it can change has been put back: memories, tables, globals and dropped segments. Where
    that is impossible (see `InitialState`) it is discarded, its memories are closed, and the next user gets a new one.
    So no user finds what another one left; what a host function keeps, or what is imported besides functions, is the
    giver's own business. Who keeps references to a lent instance past the `with` must not use them.

    At most `kept` idle instances are held by each engine. Asking when all engines are in use blocks for `timeout`
    seconds, by default for ever; so whoever holds one and asks for another may wait for himself. `options` are the
    engine's own. Thread-safe. Raises what `EngineFactory.create` raises.
    """

    def __init__(
        self,
        name: str = "stackless",
        size: int = 4,
        *,
        kept: int = 4,
        timeout: float | None = None,
        manager: PluginManager | None = None,
        **options: Any,
    ) -> None:
        if size < 1 or kept < 0:
            raise ValueError(f"a pool has at least one engine, and keeps no fewer than no instances: {size}, {kept}")
        manager = get_plugin_manager() if manager is None else manager
        self.engine_name = str(name)
        self.timeout = timeout
        self._most_kept = kept
        self._slots = [_Slot(EngineFactory.create(name, manager=manager, **options)) for _ in range(size)]
        # The slot given back last is lent first: it is the one whose engine has translated most.
        self._free = list(self._slots)
        self._changed = threading.Condition()
        self._preparing = threading.Lock()
        self._closed = False
        self._counts = dict.fromkeys(("lent", "instantiated", "reused", "discarded", "refused"), 0)

    @contextmanager
    def engine(self, *, timeout: float | None = None) -> Iterator[Engine]:
        """Lend an engine, for the time of a `with`.

        `timeout` is in seconds, the pool's unless given. Raises `PoolExhausted`, `PoolClosed`.
        """
        slot, _ = self._take(timeout, None, ())
        try:
            yield slot.engine
        finally:
            self._give_back(slot)

    @contextmanager
    def instance(
        self, module: ValidatedModule, imports: Imports | None = None, *, timeout: float | None = None
    ) -> Iterator[Instance]:
        """Lend an instance of `module` linked with `imports`, as good as new, for the time of a `with`.

        `module` may come from any engine of this name. Raises `PoolExhausted`, `PoolClosed`, and what
        `Engine.instantiate` raises.
        """
        given = _given(module, imports)
        slot, kept = self._take(timeout, module, given)
        try:
            if kept is None:
                kept = self._instantiate(slot.engine, module, imports, given)
            usable = False
            try:
                yield kept.instance
                usable = True
            except Exception:
                usable = True
                raise
            finally:
                # What is no Exception may have come at any point, in the middle of the engine's own work.
                self._retire(slot, kept, usable=usable)
        finally:
            self._give_back(slot)

    def prepare(
        self,
        module: ValidatedModule,
        imports: Imports | None = None,
        *,
        count: int | None = None,
        timeout: float | None = None,
    ) -> None:
        """Instantiate `module` in `count` engines, all of them unless given, ahead of those who will ask for it.

        Waits until so many engines are free at once, each for up to `timeout` seconds. Raises as `instance` does.
        """
        count = len(self._slots) if count is None else count
        if not 0 <= count <= len(self._slots):
            raise ValueError(f"a pool of {len(self._slots)} does not prepare {count} instances")
        # One at a time: two that each hold half of the engines would wait for one another.
        with self._preparing, ExitStack() as stack:
            for _ in range(count):
                stack.enter_context(self.instance(module, imports, timeout=timeout))

    @property
    def statistics(self) -> PoolStatistics:
        """How the pool stands."""
        with self._changed:
            return PoolStatistics(
                size=len(self._slots),
                in_use=len(self._slots) - len(self._free),
                idle_instances=sum(len(slot.kept) for slot in self._slots),
                **self._counts,
            )

    @property
    def closed(self) -> bool:
        """True after `close`."""
        return self._closed

    def close(self) -> None:
        """Lend nothing any more: those who wait get `PoolClosed`. What is lent ends when it is given back.

        Idle instances are discarded. Closing twice does nothing.
        """
        with self._changed:
            self._closed = True
            idle = [kept for slot in self._slots for kept in slot.kept]
            for slot in self._slots:
                slot.kept.clear()
            self._counts["discarded"] += len(idle)
            self._changed.notify_all()
        for kept in idle:
            _end(kept.instance)

    def __enter__(self) -> EnginePool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self._closed else f"{len(self._free)} free"
        return f"<EnginePool of {len(self._slots)} {self.engine_name!r}, {state}>"

    # --- within --------------------------------------------------------------------------------------------

    def _take(
        self, timeout: float | None, module: ValidatedModule | None, given: tuple[object, ...]
    ) -> tuple[_Slot, _Kept | None]:
        """Take a slot, one with an idle instance of the module if there is one, and that instance."""
        timeout = self.timeout if timeout is None else timeout
        deadline = None if timeout is None else monotonic() + timeout
        with self._changed:
            while not self._closed and not self._free:
                left = None if deadline is None else deadline - monotonic()
                if left is not None and left <= 0:
                    self._counts["refused"] += 1
                    raise PoolExhausted(f"all {len(self._slots)} engines of the pool are in use, for {timeout:g} s now")
                self._changed.wait(left)
            if self._closed:
                raise PoolClosed("the pool is closed")
            self._counts["lent"] += 1
            if module is not None:
                for slot in reversed(self._free):
                    kept = slot.find(module, given)
                    if kept is not None:
                        slot.kept.remove(kept)
                        self._free.remove(slot)
                        self._counts["reused"] += 1
                        return slot, kept
            return self._free.pop(), None

    def _give_back(self, slot: _Slot) -> None:
        with self._changed:
            self._free.append(slot)
            self._changed.notify()

    def _instantiate(
        self, engine: Engine, module: ValidatedModule, imports: Imports | None, given: tuple[object, ...]
    ) -> _Kept:
        instance = engine.instantiate(module, imports)
        with self._changed:
            self._counts["instantiated"] += 1
        return _Kept(instance, given, InitialState(instance) if restorable(instance) else None)

    def _retire(self, slot: _Slot, kept: _Kept, *, usable: bool) -> None:
        """Keep an instance, restored, if it can be and there is room; end it if not."""
        if usable and self._most_kept and kept.state is not None and not self._closed and kept.state.restore():
            with self._changed:
                if not self._closed:
                    slot.kept.append(kept)
                    if len(slot.kept) <= self._most_kept:
                        return
                    kept = slot.kept.pop(0)
        with self._changed:
            self._counts["discarded"] += 1
        _end(kept.instance)


def _given(module: ValidatedModule, imports: Imports | None) -> tuple[object, ...]:
    """Return what is given for each import, None where nothing is."""
    given = []
    for wanted in module.imports:
        namespace = (imports or {}).get(wanted.module)
        if isinstance(namespace, Instance):
            namespace = namespace.exports
        given.append(namespace.get(wanted.name) if namespace is not None else None)
    return tuple(given)


def _same(one: tuple[object, ...], other: tuple[object, ...]) -> bool:
    """Say whether the same things are given. Equal ones are not the same, but a method is another object each time."""
    return len(one) == len(other) and all(
        a is b or (isinstance(a, MethodType) and isinstance(b, MethodType) and a == b)
        for a, b in zip(one, other, strict=True)
    )


def _end(instance: Instance) -> None:
    """Close what memories are the instance's own, so that nobody who kept one finds anything in it."""
    own = len(instance.module.module.memories)
    for memory in instance.memories[len(instance.memories) - own :]:
        memory.close()
