"""Forking: a copy of an execution in the same process, with a store of its own and the same host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wrt_core.execution.snapshot.capture import captured
from wrt_core.execution.snapshot.graph import Graph
from wrt_core.execution.snapshot.place import Place
from wrt_core.execution.snapshot.restore import restored
from wrt_core.runtime.globals import Global
from wrt_core.runtime.memory import Memory
from wrt_core.runtime.store import Store
from wrt_core.runtime.table import Table
from wrt_core.validation import ImportType, ValidatedModule
from wrt_foundation.errors import ExecutionError
from wrt_foundation.types import ExternKind

if TYPE_CHECKING:
    from wrt_core.execution.execution import Execution

__all__ = ["forked"]


def forked(execution: Execution) -> Execution:
    """Return a copy. The turn to run the execution is the caller's. Raises as `captured` does.

    Whoever guards an instance says where its copy is made, and pays for it; the others share a store of the copy's.
    """
    graph = Graph(live=True)
    saved = captured(execution, graph)
    assert execution.func.instance is not None
    engine, original = execution.func.instance.engine, execution.func.instance.store
    if engine is None:
        raise ExecutionError("the execution can't be forked: nobody knows the engine that made its instance")
    store = Store(
        memory_provider=original.memory_provider,
        owner=original.owner,
        limits=original.limits,
        tables=original.tables,
        heap=original.heap,
    )
    places: list[Place] = []

    def placing(number: int, _: ValidatedModule) -> Place:
        guard = graph.order[number].guard
        places.append(Place(engine, store) if guard is None else guard.place(graph.order[number]))
        return places[-1]

    def bind(instance: int, index: int, wanted: ImportType) -> Any:
        """What the host gave: functions, tags and constants as they are, and what has state in a new form."""
        source, place = graph.order[instance], places[instance]
        own = place.store
        before = sum(each.kind is wanted.kind for each in source.module.imports[:index])
        extern = source.space(wanted.kind)[before]
        match wanted.kind:
            case ExternKind.FUNC:
                return place.host_function(extern)
            case ExternKind.MEMORY:
                return Memory(extern.type, provider=own.memory_provider, owner=own.owner)
            case ExternKind.TABLE:
                return Table(extern.type, limits=own.limits, budget=own.tables)
            case ExternKind.GLOBAL if extern.type.mutable:
                return Global.of_raw(extern.type, None)
        return extern

    modules = {each.module.hash: each.module for each in graph.order}.values()
    copy, instances = restored(saved, modules, placing, bind, {})
    copy._watch.meter = execution._watch.meter  # what the call has used, it has used in either
    for instance, source in zip(instances, graph.order, strict=True):
        for func, like in zip(instance.functions, source.functions, strict=True):
            if func.instance is instance and instance.guard is None:
                func.enter = like.enter  # with what somebody put around calls from the host
    return copy
