"""`Graph`: the part of a store that an execution reaches, numbered.

It is walked with a list of what is still to be looked at, as guests make chains of a million structures.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from graphlib import TopologicalSorter
from typing import Any

from wrt_core.execution.snapshot.host_values import host_bytes, is_plain
from wrt_core.execution.snapshot.memory_pages import packed
from wrt_core.execution.snapshot.model import (
    SPACES,
    ObjectKind,
    Origin,
    SavedImport,
    SavedInstance,
    SavedMemory,
    SavedModule,
    SavedObject,
)
from wrt_core.execution.snapshot.values import pack, pack_many, scalar_word
from wrt_core.runtime.aggregates import I31, Array, Struct
from wrt_core.runtime.continuation import Continuation
from wrt_core.runtime.function import Func
from wrt_core.runtime.instance import Instance
from wrt_core.runtime.memory import Memory
from wrt_core.runtime.tag import Tag
from wrt_foundation.canonical import DefinedType, close
from wrt_foundation.errors import SnapshotError
from wrt_foundation.traps import WasmException
from wrt_foundation.types import ArrayType, ExternKind, StorageType, StructType

__all__ = ["Graph"]

_STATEFUL = (ExternKind.TABLE, ExternKind.MEMORY, ExternKind.GLOBAL, ExternKind.TAG)


class Graph:
    """What is reached of a store: begin with `add` and `pack`, then `close`, then ask for what is saved.

    `live` is for copies within a process: memories and the host's objects are kept as they are, in `objects`.
    `externals` are names of the host's objects.
    """

    def __init__(self, *, live: bool = False, externals: dict[int, str] | None = None) -> None:
        self.live = live
        self._externals = externals or {}
        self._where = "the execution"
        self._instances: dict[Instance, None] = {}
        self._unread: list[Instance] = []
        self._values: list[tuple[Any, str]] = []
        """What is referred to, and where it was first seen."""
        self._numbers: dict[int, int] = {}
        self._contents: list[bytes] = []
        self._states: dict[int, tuple[Any, Any]] = {}
        """The state of memories, tables and globals, by identity, with what it is of."""
        self.order: list[Instance] = []
        """The instances as they are numbered: what another one imports from comes before."""
        self._places: dict[Instance, int] = {}
        self._module_numbers: dict[str, int] = {}
        self._slots: dict[int, tuple[int, int]] = {}
        """Where each extern is first: its instance and index."""
        self.host_objects: list[Any] = []

    # --- reaching --------------------------------------------------------------------------------------------

    def add(self, instance: Instance) -> None:
        """Reach an instance."""
        if instance not in self._instances:
            self._instances[instance] = None
            self._unread.append(instance)

    def pack(self, types: Sequence[StorageType], values: Sequence[Any], where: str) -> bytes:
        """Return values as bytes, reaching what they refer to; `where` they are is for messages."""
        self._where = where
        return pack(types, values, self._word)

    def _word(self, value: Any) -> int:
        if value is None:
            return 0
        if type(value) is I31:
            return scalar_word(value)
        number = self._numbers.get(id(value))
        if number is None:
            self._values.append((value, self._where))
            number = self._numbers[id(value)] = len(self._values)
        return number << 1

    def close(self) -> None:
        """Reach all that is reached from what has been."""
        while self._unread or len(self._contents) < len(self._values):
            if self._unread:
                self._read(self._unread.pop())
            else:
                value, self._where = self._values[len(self._contents)]
                self._contents.append(self._content(value))
        self.order = list(TopologicalSorter({each: self._needed(each) for each in self._instances}).static_order())
        self._places = {instance: number for number, instance in enumerate(self.order)}

    def _read(self, instance: Instance) -> None:
        name = repr(instance.module)
        for func in instance.functions:
            if func.instance is not None:
                self.add(func.instance)
        for definer in self._definers(instance):
            self.add(definer)
        for index, memory in enumerate(instance.memories):
            if id(memory) not in self._states:
                self._states[id(memory)] = memory, self._memory(memory, f"memory {index} of {name}")
        for index, table in enumerate(instance.tables):
            if id(table) not in self._states:
                self._where = f"table {index} of {name}"
                self._states[id(table)] = table, pack_many(table.type.element, table.elements, self._word)
        for index, variable in enumerate(instance.globals):
            if id(variable) not in self._states:
                self._where = f"global {index} of {name}"
                self._states[id(variable)] = variable, pack((variable.type.value,), (variable.raw,), self._word)
        for index, segment in enumerate(instance.elements):
            self._where = f"element segment {index} of {name}"
            type_ = close(instance.module.module.elements[index].type, instance.module.types)
            self._states[id(segment)] = segment, pack_many(type_, segment, self._word)

    def _memory(self, memory: Memory, where: str) -> SavedMemory:
        if memory.closed:
            raise SnapshotError(f"{where} is closed")
        return SavedMemory(memory.size, memory if self.live else packed(memory))

    def _content(self, value: Any) -> bytes:
        where = self._where
        match value:
            case Func():
                if value.instance is not None:
                    self.add(value.instance)
                return b""
            case Struct():
                composite = value.type.composite
                assert isinstance(composite, StructType)
                described = () if value.type.descriptor is None else (self._word(value.descriptor),)
                fields = self.pack([each.storage for each in composite.fields], value.fields, where)
                return b"".join([each.to_bytes(4, "little") for each in described]) + fields
            case Array():
                composite = value.type.composite
                assert isinstance(composite, ArrayType)
                return pack_many(composite.field.storage, value.elements, self._word)
            case WasmException() if isinstance(value.tag, Tag):
                return self.pack(value.tag.params, value.values, where)
            case Continuation():
                raise SnapshotError(f"a suspended continuation can't be saved; one is in {where}")
        if self.live or id(value) in self._externals:
            return b""
        if is_plain(value):
            return host_bytes(value)
        raise SnapshotError(
            f"an object of the host's can't be saved unless it is named in externals: {type(value).__name__} in {where}"
        )

    def _needed(self, instance: Instance) -> Iterable[Instance]:
        """The instances that this one imports from."""
        found = {func.instance: None for func in instance.functions if func.instance is not None}
        found.update(dict.fromkeys(self._definers(instance)))
        found.pop(instance, None)
        return [each for each in found if each in self._instances]

    def _definers(self, instance: Instance) -> list[Instance]:
        """The instances of the same store that define what this one imports, functions aside: those say it themselves.

        One that nobody holds any more is gone, and what it defined is then like the host's own.
        """
        imported = {id(each) for kind in _STATEFUL for each in instance.space(kind)[: _imported(instance, kind)]}
        if not imported:
            return []
        return [
            other
            for other in sorted(instance.store.instances, key=id)
            if other is not instance
            and any(id(each) in imported for kind in _STATEFUL for each in other.space(kind)[_imported(other, kind) :])
        ]

    # --- what is saved ---------------------------------------------------------------------------------------

    def saved(self) -> tuple[list[SavedModule], list[SavedInstance], list[SavedObject]]:
        """Return the modules, instances and objects that were reached."""
        modules = {instance.module.hash: instance.module for instance in self.order}
        self._module_numbers = {each: number for number, each in enumerate(modules)}
        instances = [self._instance(number, instance) for number, instance in enumerate(self.order)]
        types: dict[DefinedType, tuple[int, int]] = {}
        for number, module in enumerate(modules.values()):
            for index, type_ in enumerate(module.types):
                types.setdefault(type_, (number, index))
        objects = [
            self._object(value, where, content, types)
            for (value, where), content in zip(self._values, self._contents, strict=True)
        ]
        return [SavedModule(each.hash, each.module.names.module) for each in modules.values()], instances, objects

    def number(self, instance: Instance) -> int:
        """Return the number of an instance."""
        return self._places[instance]

    def _instance(self, number: int, instance: Instance) -> SavedInstance:
        origins: dict[ExternKind, list[Origin]] = {}
        own: dict[ExternKind, list[Any]] = {}
        for kind in SPACES:
            imported, origins[kind], own[kind] = _imported(instance, kind), [], []
            for index, extern in enumerate(instance.space(kind)):
                origin = None
                if kind is ExternKind.FUNC and extern.instance is not None:
                    origin = self.number(extern.instance), extern.index
                elif kind is not ExternKind.FUNC:
                    origin = self._slots.get(id(extern))
                if index < imported:
                    origins[kind].append(origin)
                if index >= imported or origin is None:
                    self._slots.setdefault(id(extern), (number, index))
                    own[kind].append(extern)
        next_ = {kind: iter(each) for kind, each in origins.items()}
        imports = [
            SavedImport(each.module, each.name, each.kind, next(next_[each.kind])) for each in instance.module.imports
        ]
        definition = instance.module.module
        return SavedInstance(
            self._module_numbers[instance.module.hash],
            imports,
            [self._states[id(each)][1] for each in own[ExternKind.MEMORY]],
            [self._states[id(each)][1] for each in own[ExternKind.TABLE]],
            [self._states[id(each)][1] for each in own[ExternKind.GLOBAL]],
            [len(left) < len(each.data) for left, each in zip(instance.data, definition.data, strict=True)],
            [
                None if len(left) < len(each) else self._states[id(left)][1]
                for left, each in zip(instance.elements, definition.elements, strict=True)
            ],
        )

    def _object(self, value: Any, where: str, content: bytes, types: dict[DefinedType, tuple[int, int]]) -> SavedObject:
        match value:
            case Func():
                slot = self._slots.get(id(value))
                if value.instance is not None:
                    return SavedObject(ObjectKind.FUNC, self.number(value.instance), value.index)
                if slot is not None:
                    return SavedObject(ObjectKind.FUNC, *slot)
            case Struct() | Array():
                if value.type not in types:
                    raise SnapshotError(f"the type of a {type(value).__name__} in {where} is of none of the modules")
                count = len(value.elements) if isinstance(value, Array) else 0
                kind = ObjectKind.ARRAY if isinstance(value, Array) else ObjectKind.STRUCT
                return SavedObject(kind, *types[value.type], count, content)
            case WasmException():
                slot = self._slots.get(id(value.tag))
                if slot is not None:
                    return SavedObject(ObjectKind.EXCEPTION, *slot, 0, content)
        name = self._externals.get(id(value))
        if name is not None:
            return SavedObject(ObjectKind.EXTERNAL, content=name.encode())
        if self.live:
            self.host_objects.append(value)
            return SavedObject(ObjectKind.LIVE, len(self.host_objects) - 1)
        if content and is_plain(value):
            return SavedObject(ObjectKind.HOST, content=content)
        raise SnapshotError(
            f"nobody imports {value!r}, which is in {where}: it can't be saved unless named in externals"
        )


def _imported(instance: Instance, kind: ExternKind) -> int:
    """How many of a space an instance imports."""
    module = instance.module.module
    defined: dict[ExternKind, Sequence[object]] = {
        ExternKind.FUNC: module.functions,
        ExternKind.TABLE: module.tables,
        ExternKind.MEMORY: module.memories,
        ExternKind.GLOBAL: module.globals,
        ExternKind.TAG: module.tags,
    }
    return len(instance.space(kind)) - len(defined[kind])
