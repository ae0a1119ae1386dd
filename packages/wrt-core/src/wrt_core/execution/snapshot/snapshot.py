"""`Snapshot`: a paused execution with all that it reaches, as bytes that go anywhere."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from wrt_core.engines.core import LOADED, CoreEngine
from wrt_core.execution.snapshot.capture import REFERENCE, captured
from wrt_core.execution.snapshot.format import decode, encode
from wrt_core.execution.snapshot.graph import Graph
from wrt_core.execution.snapshot.model import Saved, SavedModule
from wrt_core.execution.snapshot.place import Place
from wrt_core.execution.snapshot.values import unpack
from wrt_core.execution.state import State
from wrt_core.factory import EngineFactory, EngineType
from wrt_core.lazy import LazyEngine
from wrt_core.runtime.aggregates import I31
from wrt_core.runtime.linking import Imports, resolve, waiting
from wrt_core.runtime.store import Store
from wrt_core.validation import ImportType, ValidatedModule
from wrt_foundation.errors import ExecutionError, SnapshotError
from wrt_foundation.types import EXTERNREF, ExternKind, NumType, ValueType

if TYPE_CHECKING:
    from wrt_core.engine import Engine
    from wrt_core.execution.execution import Execution
    from wrt_core.execution.snapshot.restore import Bind, Placing
    from wrt_core.runtime.instance import Instance

__all__ = ["SavedPlace", "Snapshot"]


@dataclass(frozen=True, slots=True)
class SavedPlace:
    """A frame of a snapshot: its module, its function's index and name, the offset in the module's binary."""

    module: SavedModule
    function: int
    name: str | None
    offset: int

    def __str__(self) -> str:
        return f"{self.name if self.name is not None else f'<function {self.function}>'} @ 0x{self.offset:x}"


class Snapshot:
    """An execution that is ready, paused or finished, with the part of the store that it reaches.

    Not in it: the modules, which it names by their hashes, and what is the host's: functions, by their names, and what
    those work on, such as open files. Immutable. `save` and `load` use a format of their own, without anything
    that could run; a snapshot is checked against the modules before anything does.
    """

    def __init__(self, saved: Saved) -> None:
        self._saved = saved

    # --- taking ----------------------------------------------------------------------------------------------

    @classmethod
    def of(cls, execution: Execution, *, externals: Mapping[str, Any] | None = None) -> Snapshot:
        """Take a snapshot; the execution can be run on, and the snapshot does not change.

        Objects of the host's that the guest has references to must be numbers, text, bytes, or in `externals`, by names
        to find them again. Raises `SnapshotError` for another, saying where it is, and for suspended continuations;
        `ExecutionError` if the execution runs, waits for a host function, or has ended with an error.
        """
        names = {id(value): name for name, value in (externals or {}).items()}
        with execution.held():
            if execution.snapshot is not None:
                return execution.snapshot
            graph = Graph(externals=names)
            snapshot = cls(captured(execution, graph))
        for instance in graph.order:
            if instance.guard is not None:
                instance.guard.saved(snapshot)
        return snapshot

    @classmethod
    def from_bytes(cls, data: bytes | bytearray | memoryview) -> Snapshot:
        """Return the snapshot that bytes are. Raises `SnapshotError` if they are none, or damaged."""
        return cls(decode(bytes(data)))

    @classmethod
    def load(cls, source: str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes]) -> Snapshot:
        """Return the snapshot in a file, open or by its path, or in bytes. Raises as `from_bytes`, and `OSError`."""
        if isinstance(source, (str, os.PathLike)):
            return cls.from_bytes(Path(source).read_bytes())
        if isinstance(source, (bytes, bytearray, memoryview)):
            return cls.from_bytes(source)
        return cls.from_bytes(source.read())

    def to_bytes(self) -> bytes:
        """Return it as bytes."""
        return encode(self._saved)

    def save(self, target: str | os.PathLike[str] | IO[bytes]) -> None:
        """Write it to a file, open or by its path."""
        data = self.to_bytes()
        if isinstance(target, (str, os.PathLike)):
            Path(target).write_bytes(data)
        else:
            target.write(data)

    # --- looking at it ---------------------------------------------------------------------------------------

    @property
    def modules(self) -> tuple[SavedModule, ...]:
        """The modules that it needs to be resumed, by their hashes."""
        return tuple(self._saved.modules)

    @property
    def frames(self) -> tuple[SavedPlace, ...]:
        """The functions that it is in, innermost first."""
        saved = self._saved
        return tuple(
            SavedPlace(saved.modules[saved.instances[each.instance].module], each.function, each.name, each.offset)
            for each in reversed(saved.frames)
        )

    @property
    def memories(self) -> tuple[int, ...]:
        """The sizes of its memories, in pages."""
        return tuple(each.pages for instance in self._saved.instances for each in instance.memories)

    @property
    def imports(self) -> tuple[str, ...]:
        """What the host must give for it to be resumed, as "module.name"."""
        found = (each for instance in self._saved.instances for each in instance.imports if each.origin is None)
        return tuple(dict.fromkeys(f"{each.module}.{each.name}" for each in found))

    @property
    def state(self) -> State:
        """What it was doing: ready, paused or finished."""
        return State(self._saved.call.state)

    @property
    def reason(self) -> str | None:
        """Why it was paused."""
        return self._saved.call.reason

    @property
    def fuel(self) -> int | None:
        """What was left of its fuel; None if it was not metered."""
        return self._saved.call.fuel

    @property
    def saved(self) -> Saved:
        """What it holds, as plain data."""
        return self._saved

    def results(self) -> tuple[list[ValueType], tuple[Any, ...]]:
        """Return the types and values of what it has given, without any module: numbers, and references to nothing.

        Raises `ExecutionError` if others are among them.
        """
        codes = self._saved.call.results
        try:
            types: list[ValueType] = [EXTERNREF if code == REFERENCE else NumType(code) for code in codes]
        except ValueError:
            raise SnapshotError("the snapshot is malformed: a result is of no type") from None
        return types, unpack(types, self._saved.call.values, _unbound)

    # --- resuming --------------------------------------------------------------------------------------------

    def resume(
        self,
        engine: Engine,
        modules: ValidatedModule | Iterable[ValidatedModule],
        imports: Imports | None = None,
        *,
        externals: Mapping[str, Any] | None = None,
        store: Store | None = None,
    ) -> Execution:
        """Return an execution that goes on from here, in a store of its own unless one is given.

        `modules` are matched by their hashes, `imports` are as for `instantiate`. What the host gives that has state, a
        memory say, gets that of the snapshot. Raises `SnapshotError` if the snapshot is of other modules or does not
        fit them, `LinkError` naming an import that is missing or does not fit, `ExecutionError` for an engine that
        can't go on with it.
        """
        core = engine.engine if isinstance(engine, LazyEngine) else engine
        resume = getattr(core, "resume", None)
        if resume is not None:  # an engine around another says under which conditions that one goes on
            resumed: Execution = resume(self, modules, imports, externals=externals, store=store)
            return resumed
        if not isinstance(core, CoreEngine):
            raise ExecutionError(f"the engine {engine.name!r} can't resume executions")
        several = [modules] if isinstance(modules, ValidatedModule) else list(modules)
        given = {} if imports is None else imports
        known: dict[tuple[str, str, ExternKind, int], Any] = {}

        def bind(_: int, __: int, wanted: ImportType) -> Any:
            key = wanted.module, wanted.name, wanted.kind, id(wanted.type)
            if key not in known:
                known[key] = resolve(wanted, given)
            return known[key]

        if store is None:
            store = Store(memory_provider=core.memory_provider, limits=core.limits)
        place = Place(core, store)
        execution, instances = self.restore(several, lambda *_: place, bind, externals=externals)
        for instance in instances:
            for namespace in waiting(instance.module, imports):
                namespace.attach(instance)
        return execution

    def restore(
        self,
        modules: Iterable[ValidatedModule],
        placing: Placing,
        bind: Bind,
        *,
        externals: Mapping[str, Any] | None = None,
    ) -> tuple[Execution, list[Instance]]:
        """Return an execution that goes on from here, and its instances: `resume`, for engines around others.

        `placing` says where each instance is made, `bind` what the host gives for each of its imports.
        """
        from wrt_core.execution.snapshot.restore import restored

        return restored(self._saved, modules, placing, bind, externals or {})

    def resume_here(self) -> Execution:
        """Return an execution that goes on from here with modules that were loaded in this process.

        Raises `ExecutionError` that says what is missing, if one was not, or if the host must give something.
        """
        if needed := self.imports:
            raise ExecutionError(f"bind the execution first: it needs the host's {', '.join(needed)}")
        modules = [module for each in LOADED.keyrefs() if (module := each()) is not None]
        loaded = {module.hash: (module, LOADED[module]) for module in modules}
        if missing := [each for each in self.modules if each.hash not in loaded]:
            names = ", ".join(f"{each.name or 'the one'} with the hash {each.hash}" for each in missing)
            raise ExecutionError(f"bind the execution first: modules that it needs were not loaded here: {names}")
        found = [loaded[each.hash] for each in self.modules]
        engine = found[0][1]() or EngineFactory.create(EngineType.STACKLESS)
        return self.resume(engine, [module for module, _ in found])

    def __eq__(self, other: object) -> bool:
        return self.to_bytes() == other.to_bytes() if isinstance(other, Snapshot) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.to_bytes())

    def __reduce__(self) -> tuple[Any, ...]:
        return Snapshot.from_bytes, (self.to_bytes(),)

    def __repr__(self) -> str:
        where = f" in {self.frames[0]}" if self._saved.frames else ""
        return f"<Snapshot, {self.state}{where}>"


def _unbound(word: int) -> Any:
    if word & 1:
        return I31(word >> 1)
    if word:
        raise ExecutionError("bind the execution first: it has given a reference to what is in its store")
    return None
