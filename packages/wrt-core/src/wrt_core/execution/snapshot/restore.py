"""Restoring: plain data becomes an execution, or an error before anything has run.

Nothing in a snapshot is believed: every number is checked to be in its range, every reference to be of the type that
its place declares, every frame to be at a safe point of its function and called by the one below. So a snapshot
from strangers can make the guest wrong, as its input could, but can't make it do what its module could not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from wrt_core.execution.activation import Activation, ActivationKind
from wrt_core.execution.execution import Execution
from wrt_core.execution.runner import Runner, Shape
from wrt_core.execution.snapshot.capture import result_code
from wrt_core.execution.snapshot.checked import at, paired
from wrt_core.execution.snapshot.contents import put_global, put_memory, put_table
from wrt_core.execution.snapshot.model import Saved, SavedFrame, SavedInstance
from wrt_core.execution.snapshot.objects import Objects
from wrt_core.execution.snapshot.place import Place
from wrt_core.execution.snapshot.values import unpack, unpack_many
from wrt_core.execution.state import State
from wrt_core.runtime.function import Func
from wrt_core.runtime.globals import Global
from wrt_core.runtime.instance import Instance
from wrt_core.runtime.linking import resolve
from wrt_core.runtime.memory import Memory
from wrt_core.runtime.store import Store
from wrt_core.runtime.table import Table
from wrt_core.runtime.tag import Tag
from wrt_core.validation import ImportType, ValidatedModule
from wrt_foundation.canonical import close
from wrt_foundation.errors import ExecutionError, LinkError, SnapshotError
from wrt_foundation.subtyping import matches_results
from wrt_foundation.types import EXNREF, ExternKind, RefType, ValueType

__all__ = ["Bind", "Placing", "restored"]

_K = ExternKind

Bind = Callable[[int, int, ImportType], Any]
"""Returns the host's extern for an import, given the numbers of the instance and of the import, and what is wanted."""

Placing = Callable[[int, ValidatedModule], Place]
"""Returns where an instance is to be made, given its number and its module."""


def restored(
    saved: Saved,
    modules: Iterable[ValidatedModule],
    placing: Placing,
    bind: Bind,
    externals: Mapping[str, Any],
) -> tuple[Execution, list[Instance]]:
    """Return an execution and its instances, made anew where `placing` says.

    `bind` finds what is imported from the host: functions and tags, and memories, tables and variables to be given
    the state that is saved, which happens last. Raises `SnapshotError`, `LinkError`, or what allocating memory raises.
    """
    matched = _matched(saved, modules)
    used = [at(matched, each.module, "module") for each in saved.instances]
    places: list[Place] = []
    told: BaseException | None = None
    try:
        for number, module in enumerate(used):
            places.append(placing(number, module))
        execution, instances = _placed(saved, matched, places, bind, externals)
    except BaseException as error:
        told = error
        for place in reversed(places):
            told = place.abandon(told)
        if told is error:
            raise
    if told is not None:  # and not in the handler: what was made so far would be kept alive by the error's context
        raise told
    for place, instance in zip(places, instances, strict=True):
        place.settle(instance)
    return execution, instances


def _placed(
    saved: Saved, matched: list[ValidatedModule], places: list[Place], bind: Bind, externals: Mapping[str, Any]
) -> tuple[Execution, list[Instance]]:
    # Linking comes first and whole, as in instantiation.
    linked = [_linked(number, each, matched[each.module], bind) for number, each in enumerate(saved.instances)]
    _require_distinct(linked)
    instances: list[Instance] = []
    for saved_instance, host, place in zip(saved.instances, linked, places, strict=True):
        instances.append(_instance(saved_instance, matched[saved_instance.module], host, instances, place.store))
        place.engine.revive(instances[-1])
    objects = Objects(saved.objects, instances, matched, saved.live, externals)
    # Nobody knows any more whose code made which structure; whoever counts them first counts them all.
    heap = next((place.store.heap for place in places if place.store.heap is not None), None)
    if heap is not None:
        for each in objects.aggregates:
            heap.adopt(each)
    commits: list[Callable[[], None]] = []
    for instance, saved_instance, host in zip(instances, saved.instances, linked, strict=True):
        commits += _put(instance, saved_instance, host, objects)
        instance.export()
    for instance, place in zip(instances, places, strict=True):
        place.store.admit(instance)
    execution = _execution(saved, instances, objects)
    guard = None if execution.func.instance is None else execution.func.instance.guard
    if guard is not None:
        guard.require_resumption(execution)
    for commit in commits:
        commit()
    return execution, instances


def _matched(saved: Saved, modules: Iterable[ValidatedModule]) -> list[ValidatedModule]:
    """The modules that the snapshot is of, by their hashes."""
    by_hash = {each.hash: each for each in modules}
    for expected in saved.modules:
        if expected.hash not in by_hash:
            name = f" {expected.name!r}" if expected.name else ""
            given = ", ".join(sorted(each[:12] for each in by_hash)) or "none"
            raise SnapshotError(
                f"the snapshot is of the module{name} with the hash {expected.hash}; given were other modules: {given}"
            )
    return [by_hash[each.hash] for each in saved.modules]


def _linked(number: int, saved: SavedInstance, module: ValidatedModule, bind: Bind) -> list[Any]:
    """What an instance imports from the host, by import; None for what comes from another instance."""
    told = [(each.module, each.name, each.kind) for each in saved.imports]
    if told != [(each.module, each.name, each.kind) for each in module.imports]:
        raise SnapshotError(f"the snapshot does not fit {module!r}: its imports are others")
    return [
        bind(number, index, wanted) if each.origin is None else None
        for index, (each, wanted) in enumerate(zip(saved.imports, module.imports, strict=True))
    ]


def _require_distinct(linked: list[list[Any]]) -> None:
    """Things that have state and were several can't become one."""
    given = [each for several in linked for each in several if isinstance(each, (Memory, Table, Global, Tag))]
    given = [each for each in given if not isinstance(each, Global) or each.type.mutable]
    if len(set(map(id, given))) < len(given):
        raise LinkError("one memory, table, variable or tag is given for several that were not the same")


def _instance(
    saved: SavedInstance, module: ValidatedModule, host: list[Any], others: list[Instance], store: Store
) -> Instance:
    """Make an instance that has everything but functions of its own, and nothing in its memories and variables yet."""
    instance = Instance(module, store)
    known = [*others, instance]
    for each, wanted, extern in zip(saved.imports, module.imports, host, strict=True):
        if each.origin is not None:
            owner, index = each.origin
            extern = at(at(known, owner, "instance").space(each.kind), index, f"{each.kind}")
            if each.kind is ExternKind.TABLE and known[owner].module.is_settled(index):
                raise SnapshotError(f"the snapshot does not fit the module: table {index} is no other's to import")
            try:
                resolve(wanted, {wanted.module: {wanted.name: extern}})
            except LinkError as error:
                raise SnapshotError(f"the snapshot does not fit the module: {error}") from None
        instance.space(each.kind).append(extern)
    instance.tags += [Tag(type_) for type_ in module.tags[len(instance.tags) :]]
    instance.memories += [
        Memory(type_, provider=store.memory_provider, owner=store.owner)
        for type_ in module.memories[len(instance.memories) :]
    ]
    instance.tables += [
        Table(type_, limits=store.limits, budget=store.tables) for type_ in module.tables[len(instance.tables) :]
    ]
    instance.globals += [Global.of_raw(type_, None) for type_ in module.globals[len(instance.globals) :]]
    instance.data = [segment.data for segment in module.module.data]
    instance.elements = [()] * len(module.module.elements)
    return instance


def _put(instance: Instance, saved: SavedInstance, host: list[Any], objects: Objects) -> list[Callable[[], None]]:
    """Put into an instance what it had; return what is left to do, to what is the host's."""
    commits: list[Callable[[], None]] = []
    imports = instance.module.imports

    def held(kind: ExternKind) -> list[tuple[Any, bool]]:
        """What of a space the instance has the state of, and whether the host gave it."""
        given = [
            (extern, True)
            for extern, each in zip(host, imports, strict=True)
            if extern is not None and each.kind is kind
        ]
        imported = sum(each.kind is kind for each in imports)
        return [*given, *((each, False) for each in instance.space(kind)[imported:])]

    for (memory, given), content in paired(held(_K.MEMORY), saved.memories, "memories"):
        commits.append(put_memory(memory, content, given))
    for (table, given), content in paired(held(_K.TABLE), saved.tables, "tables"):
        size = len(table)
        commits.append(put_table(table, content, given, objects.referred))
        if len(table) != size and instance.module.is_settled(instance.tables.index(table)):
            raise SnapshotError("the snapshot does not fit the module: a table that never changes has grown")
    for (variable, given), content in paired(held(_K.GLOBAL), saved.globals, "globals"):
        commits.append(put_global(variable, content, given, objects.referred))
    for index, (_, dropped) in enumerate(paired(instance.data, saved.data, "data segments")):
        if dropped:
            instance.data[index] = b""
    for index, (segment, words) in enumerate(paired(instance.module.module.elements, saved.elements, "segments")):
        if words is not None:
            type_ = close(segment.type, instance.module.types)
            instance.elements[index] = unpack_many(type_, words, len(segment), objects.referred)
    return commits


def _execution(saved: Saved, instances: list[Instance], objects: Objects) -> Execution:
    """Make the execution, its frames checked."""
    call = saved.call
    func = _function(instances, *call.function)
    results = func.function_type.results
    assert func.instance is not None
    runner = func.instance.runner
    if runner is None:
        raise ExecutionError("the engine runs calls to their end: no snapshot can go on in it")
    if call.results != tuple(map(result_code, results)):
        raise SnapshotError("the snapshot does not fit the module: the call gives other values")
    state = State(call.state)
    if (state is State.FINISHED) is bool(saved.frames):
        raise SnapshotError("the snapshot is malformed: what has finished has no frames, and all else has some")
    stack: list[Activation] = []
    given: tuple[ValueType, ...] = results if state is State.FINISHED else ()
    awaited = results
    for depth, each in enumerate(saved.frames, 1):
        activation, shape, type_results = _activation(each, instances, runner, objects)
        if not matches_results(type_results, awaited):
            raise SnapshotError(f"the snapshot is malformed: frame {depth} gives what its caller does not take")
        awaited = shape.results
        stack.append(activation)
        if activation.kind is ActivationKind.CALL:
            given = shape.results
        elif depth < len(saved.frames):
            raise SnapshotError(f"the snapshot is malformed: frame {depth} is in no call, and has one above it")
        else:
            given = ()
    values = unpack(given, call.values, objects.referred)
    raw = None if not values else values[0] if len(values) == 1 else values
    return Execution.restored(func, stack, call, raw)


def _function(instances: list[Instance], instance: int, index: int) -> Func:
    func: Func = at(at(instances, instance, "instance").functions, index, "function")
    if func.instance is not instances[instance] or func.index != index:
        raise SnapshotError(f"the snapshot is malformed: function {index} is not one of the guest's own")
    return func


def _activation(
    saved: SavedFrame, instances: list[Instance], runner: Runner, objects: Objects
) -> tuple[Activation, Shape, tuple[ValueType, ...]]:
    """Make an activation; also return its shape and what its function gives."""
    func = _function(instances, saved.instance, saved.function)
    instance, kind = instances[saved.instance], ActivationKind(saved.kind)
    if saved.name != instance.module.function_name(saved.function):
        raise SnapshotError(f"the snapshot does not fit the module: function {saved.function} is not {saved.name!r}")
    try:
        shape = runner.shape(instance, saved.function, kind, saved.offset)
    except ExecutionError as error:
        raise SnapshotError(f"the snapshot does not fit the module: {error}") from None
    parameters, count = len(func.function_type.params), len(shape.locals)
    # A local that is no parameter may not be set yet, whatever its type says.
    types = [*shape.locals[:parameters], *map(_unset, shape.locals[parameters:]), *shape.stack]
    held = [RefType(False, EXNREF.heap)] * shape.held
    values = unpack([*types, *held], saved.values, objects.referred)
    stack_end = count + len(shape.stack)
    activation = Activation(
        *(instance, saved.function, kind, saved.offset), values[:count], values[count:stack_end], values[stack_end:]
    )
    return activation, shape, func.function_type.results


def _unset(type_: ValueType) -> ValueType:
    return RefType(True, type_.heap, type_.exact) if isinstance(type_, RefType) else type_
