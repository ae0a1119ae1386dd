"""Instantiation: an instance is allocated and initialised, in the specification's order (section 4.7.2).

Linking comes first and whole: if an import does not fit, nothing has been allocated. After that, what
segments write before one of them traps stays written, in imported memories and tables too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from wrt_core.runtime.constant import evaluate
from wrt_core.runtime.globals import Global
from wrt_core.runtime.host_namespace import HostNamespace
from wrt_core.runtime.instance import Instance
from wrt_core.runtime.memory import Memory
from wrt_core.runtime.store import Store
from wrt_core.runtime.table import Table
from wrt_core.runtime.tag import Tag
from wrt_core.validation import ValidatedModule
from wrt_foundation.module import Mode

__all__ = ["instantiate"]


def instantiate(
    module: ValidatedModule,
    externs: list[Any],
    store: Store,
    compile_functions: Callable[[Instance], None],
    attached: Iterable[HostNamespace] = (),
) -> Instance:
    """Return a new instance of `module`, its start function not yet called.

    `externs` are what `link` found. `compile_functions(instance)`, the engine's part, appends to
    `instance.functions` a function for each one the module defines, once memories, tables and tags are there. The
    namespaces `attached` are told of the instance before its segments are copied.
    Raises `Trap` if an active segment does not fit, `MemoryError` or a budget's error if memory can't be had.
    """
    instance = Instance(module, store)
    for wanted, extern in zip(module.imports, externs, strict=True):
        instance.space(wanted.kind).append(extern)
    definition = module.module
    instance.tags += [Tag(type_) for type_ in module.tags[len(instance.tags) :]]
    instance.memories += [
        Memory(type_, provider=store.memory_provider, owner=store.owner)
        for type_ in module.memories[len(instance.memories) :]
    ]
    # Tables start out null: their initial elements may be functions, which need the instance.
    imported_tables = len(instance.tables)
    instance.tables += [
        Table(type_, limits=store.limits, budget=store.tables) for type_ in module.tables[imported_tables:]
    ]
    instance.data = [segment.data for segment in definition.data]
    instance.elements = [()] * len(definition.elements)
    imported_globals = len(instance.globals)
    placeholders = [Global.of_raw(type_, None) for type_ in module.globals[imported_globals:]]
    instance.globals += placeholders
    compile_functions(instance)
    for variable, global_ in zip(placeholders, definition.globals, strict=True):
        variable.raw = evaluate(global_.init, instance)
    for table, defined in zip(instance.tables[imported_tables:], definition.tables, strict=True):
        if defined.init is not None:
            table.fill(0, evaluate(defined.init, instance), len(table))
    _fill_elements(instance)
    instance.export()
    store.admit(instance)
    for namespace in attached:
        namespace.attach(instance)
    _initialise(instance)
    return instance


def _fill_elements(instance: Instance) -> None:
    for index, segment in enumerate(instance.module.module.elements):
        if segment.expressions:
            instance.elements[index] = [evaluate(each, instance) for each in segment.expressions]
        else:
            functions = instance.functions
            instance.elements[index] = [functions[each] for each in segment.functions]


def _initialise(instance: Instance) -> None:
    """Run the active segments, as the instructions they stand for: elements first, then data."""
    definition = instance.module.module
    for index, element in enumerate(definition.elements):
        if element.mode is Mode.ACTIVE:
            assert element.offset is not None
            values = instance.elements[index]
            instance.tables[element.table].init(values, evaluate(element.offset, instance), 0, len(values))
        if element.mode is not Mode.PASSIVE:
            instance.elements[index] = ()
    for index, data in enumerate(definition.data):
        if data.mode is Mode.ACTIVE:
            assert data.offset is not None
            address = evaluate(data.offset, instance)
            instance.memories[data.memory].init(address, 0, len(data.data), data.data)
            instance.data[index] = b""
