"""Instances: a module's runtime form, with everything it imported and defined (specification, section 4.2.5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from wrt_core.runtime.exports import Exports, Extern
from wrt_foundation.types import ExternKind

if TYPE_CHECKING:
    from wrt_core.engines.core import CoreEngine
    from wrt_core.execution.execution import Execution
    from wrt_core.execution.runner import Runner
    from wrt_core.execution.snapshot import Snapshot
    from wrt_core.execution.snapshot.place import Place
    from wrt_core.runtime.function import Func
    from wrt_core.runtime.globals import Global
    from wrt_core.runtime.heap import Heap
    from wrt_core.runtime.memory import Memory
    from wrt_core.runtime.store import Store
    from wrt_core.runtime.table import Table
    from wrt_core.runtime.tag import Tag
    from wrt_core.validation import ValidatedModule

__all__ = ["Guard", "Instance"]


class Guard(Protocol):
    """Stands before an instance, for whoever runs guests that are not to be trusted."""

    def require_snapshot(self, *, live: bool) -> None:
        """Raise if it must not be saved or, with `live`, copied within this process."""

    def saved(self, snapshot: Snapshot) -> None:
        """Hear of a snapshot that has the instance in it."""

    def place(self, instance: Instance) -> Place:
        """Return where a copy of the instance, which it stands before, is to be made. Raises if there is to be none."""

    def require_resumption(self, execution: Execution) -> None:
        """Raise if an execution, of a function of the instance's, must not go on in this one."""


class Instance:
    """A module instance; `exports` is what users need of it.

    `functions`, `tables`, `memories`, `globals` and `tags` are its index spaces, imports first; `data` and
    `elements` what is left of its passive segments, which `data.drop` and `elem.drop` empty. `exports` is
    complete once instantiation has succeeded.
    """

    __slots__ = (
        "__weakref__",
        "data",
        "elements",
        "engine",
        "exports",
        "functions",
        "globals",
        "guard",
        "heap",
        "memories",
        "module",
        "namespace",
        "runner",
        "store",
        "tables",
        "tags",
    )

    def __init__(self, module: ValidatedModule, store: Store) -> None:
        self.module = module
        self.store = store
        self.functions: list[Func] = []
        self.tables: list[Table] = []
        self.memories: list[Memory] = []
        self.globals: list[Global] = []
        self.tags: list[Tag] = []
        self.data: list[bytes] = []
        self.elements: list[Sequence[Any]] = []
        self.exports = Exports({})
        self.namespace: Any = None
        """What the engine keeps for this instance: its own business."""
        self.engine: CoreEngine | None = None
        """The engine that made its functions, for copies of it to be made."""
        self.runner: Runner | None = None
        """What runs its functions so that they can be paused; None if the engine can't."""
        self.heap: Heap | None = store.heap
        """What its structures and arrays are charged to; None if nobody counts them."""
        self.guard: Guard | None = None
        """Who is asked before it is copied or saved as a whole; None if nobody is."""

    def space(self, kind: ExternKind) -> list[Any]:
        """The index space of a kind."""
        match kind:
            case ExternKind.FUNC:
                return self.functions
            case ExternKind.TABLE:
                return self.tables
            case ExternKind.MEMORY:
                return self.memories
            case ExternKind.GLOBAL:
                return self.globals
            case ExternKind.TAG:
                return self.tags

    def export(self) -> None:
        """Make `exports` of what the module says."""
        externs: dict[str, Extern] = {
            export.name: self.space(export.kind)[export.index] for export in self.module.module.exports
        }
        self.exports = Exports(externs)

    def __repr__(self) -> str:
        return f"<Instance of {self.module!r}>"
