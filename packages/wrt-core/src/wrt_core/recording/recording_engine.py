"""`RecordingEngine`: an engine around any other that keeps a journal of one run."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Any

from wrt_core.engine import Engine
from wrt_core.recording.errors import RecordingError
from wrt_core.recording.journal import Header, JournalWriter
from wrt_core.recording.recorder import Recorder
from wrt_core.recording.values import References
from wrt_core.runtime.function import Func
from wrt_core.runtime.host_namespace import HostNamespace
from wrt_core.runtime.instance import Instance
from wrt_core.runtime.linking import Imports, resolve, waiting
from wrt_core.runtime.store import Store
from wrt_core.validation import ImportType, ValidatedModule
from wrt_core.wrapper import EngineWrapper
from wrt_foundation.types import ExternKind

__all__ = ["RecordingEngine"]


class RecordingEngine(EngineWrapper):
    """Runs one instance on another engine, and writes to a journal what passes between it and its host.

    The journal is a new file at `path`; one that is there is replaced. `close`, or leaving a `with` statement, ends it:
    a journal that was not closed is not whole, and is not replayed. Everything the host does to the guest counts, in
    host functions and between calls: what it reads and writes in its memory, and what it sets in exported tables and
    globals. Wrap the innermost engine, so that what others decide about the guest's calls is recorded as their answer.

    Calls with `start` and `call_async` are recorded, too, one at a time: a call that is paused goes on before another
    begins, or not at all. Refused with `RecordingError` are memories that threads share, references to structures and
    arrays that pass, and a second instance. Other guests must not call functions of this one.
    """

    def __init__(self, engine: Engine, path: str | os.PathLike[str]) -> None:
        super().__init__(engine)
        self.path = path
        self._recorder: Recorder | None = None

    def instantiate(
        self, module: ValidatedModule, imports: Imports | None = None, *, store: Store | None = None
    ) -> Instance:
        """Return a new instance, whose journal begins now; see `Engine.instantiate`.

        Raises `RecordingError` the second time, and for what can't be recorded; `OSError` if there can be no journal.
        """
        if self._recorder is not None:
            raise RecordingError("a journal is of one instance, and this one has its instance")
        if any(memory.shared for memory in module.memories):
            raise RecordingError("the module shares a memory with other threads: what those do can't be recorded")
        externs = [resolve(wanted, imports or {}) for wanted in module.imports]
        references = References()
        header = Header(
            module.hash,
            module.module.names.module,
            self.inner.name or type(self.inner).__name__,
            tuple(
                _described(wanted, extern, references) for wanted, extern in zip(module.imports, externs, strict=True)
            ),
        )
        spaces: dict[ExternKind, list[Any]] = {kind: [] for kind in ExternKind}
        for wanted, extern in zip(module.imports, externs, strict=True):
            spaces[wanted.kind].append(extern)
        functions = spaces[ExternKind.FUNC]
        recorder = self._recorder = Recorder(JournalWriter(self.path, header), references, len(functions))
        recorder.share(*(enumerate(spaces[kind]) for kind in (ExternKind.MEMORY, ExternKind.TABLE, ExternKind.GLOBAL)))
        attached = [namespace.attach for namespace in waiting(module, imports)]

        def attach(instance: Instance) -> None:
            recorder.introduce(instance, attached)

        given = _wrapped(module, externs, recorder, attach)
        recorder.begin()
        try:
            instance = super().instantiate(module, given, store=_RecordedStore(self._store(store), recorder))
        except BaseException as error:
            recorder.failed(error)
            raise
        recorder.begun()
        return instance

    def _store(self, given: Store | None) -> Store:
        return Store(memory_provider=self.memory_provider, limits=self.limits) if given is None else given

    def close(self) -> None:
        """End the journal. The instance goes on unrecorded. A second time nothing happens."""
        if self._recorder is not None:
            self._recorder.close()

    def __enter__(self) -> RecordingEngine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _RecordedStore(Store):
    """A store for one instance, at whose doors the recorder stands before those that others put around them."""

    __slots__ = ("_given", "_recorder")

    def __init__(self, given: Store, recorder: Recorder) -> None:
        super().__init__(
            memory_provider=given.memory_provider,
            owner=given.owner,
            limits=given.limits,
            tables=given.tables,
            heap=given.heap,
            start=given.start,
        )
        self._given = given
        self._recorder = recorder

    def admit(self, instance: Instance) -> None:
        self._recorder.attach(instance)
        instance.store = self._given
        self._given.admit(instance)


def _described(wanted: ImportType, extern: Any, references: References) -> Any:
    match wanted.kind:
        case ExternKind.MEMORY | ExternKind.TABLE:
            return [extern.type.limits.minimum, extern.type.limits.maximum]
        case ExternKind.GLOBAL:
            return references.dump(extern.type.value, extern.raw)
    return None


def _wrapped(module: ValidatedModule, externs: list[Any], recorder: Recorder, attach: Any) -> dict[str, HostNamespace]:
    """Return imports for a module in which each function is recorded."""
    given: dict[str, HostNamespace] = {}
    functions = 0
    for wanted, extern in zip(module.imports, externs, strict=True):
        namespace = given.setdefault(wanted.module, HostNamespace(attach, {}))
        if wanted.kind is not ExternKind.FUNC:
            namespace[wanted.name] = extern
            continue
        before = namespace.get(wanted.name)
        if before is None:
            namespace[wanted.name] = recorder.imported(extern, functions)
        elif isinstance(before, Func) and before.type is not extern.type:
            raise RecordingError(f"{wanted.module}.{wanted.name} is imported as functions of two types")
        functions += 1
    return given
