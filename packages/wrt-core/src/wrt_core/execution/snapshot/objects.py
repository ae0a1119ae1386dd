"""`Objects`: what a snapshot's references refer to, made anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wrt_core.execution.snapshot.checked import at
from wrt_core.execution.snapshot.host_values import host_value
from wrt_core.execution.snapshot.model import ObjectKind, SavedObject
from wrt_core.execution.snapshot.values import unpack, unpack_many
from wrt_core.runtime.aggregates import ARRAY_LIMIT, I31, Array, Struct
from wrt_core.runtime.instance import Instance
from wrt_core.validation import ValidatedModule
from wrt_foundation.canonical import DefinedType
from wrt_foundation.errors import SnapshotError
from wrt_foundation.traps import WasmException
from wrt_foundation.types import ArrayType, CompositeType, StructType

__all__ = ["Objects"]

_WORD = 4
"""Bytes of a reference."""


class Objects:
    """The objects of a snapshot by number, from 1, all made before any is filled: they may refer to one another.

    `live` are the host's objects in a copy within a process, `externals` those that it names.
    """

    def __init__(
        self,
        saved: Sequence[SavedObject],
        instances: Sequence[Instance],
        modules: Sequence[ValidatedModule],
        live: Sequence[Any],
        externals: Mapping[str, Any],
    ) -> None:
        self._instances = instances
        self._modules = modules
        self._live = live
        self._externals = externals
        self._objects = [self._shell(each) for each in saved]
        for shell, each in zip(self._objects, saved, strict=True):
            self._fill(shell, each)

    @property
    def aggregates(self) -> list[Struct | Array]:
        """The structures and arrays among them."""
        return [each for each in self._objects if isinstance(each, (Struct, Array))]

    def referred(self, word: int) -> Any:
        """Return what a word stands for. Raises `SnapshotError` if it stands for nothing."""
        if word & 1:
            return I31(word >> 1)
        return at(self._objects, (word >> 1) - 1, "object") if word else None

    def _shell(self, saved: SavedObject) -> Any:
        match saved.kind:
            case ObjectKind.FUNC:
                return at(at(self._instances, saved.first, "instance").functions, saved.second, "function")
            case ObjectKind.STRUCT:
                type_, composite = self._type(saved)
                if not isinstance(composite, StructType):
                    raise SnapshotError(f"the snapshot does not fit the module: {type_} is no structure's type")
                return Struct(type_, [])
            case ObjectKind.ARRAY:
                type_, composite = self._type(saved)
                if not isinstance(composite, ArrayType):
                    raise SnapshotError(f"the snapshot does not fit the module: {type_} is no array's type")
                return Array(type_, [])
            case ObjectKind.EXCEPTION:
                return WasmException(at(at(self._instances, saved.first, "instance").tags, saved.second, "tag"))
            case ObjectKind.HOST:
                return host_value(saved.content)
            case ObjectKind.EXTERNAL:
                name = saved.content.decode(errors="replace")
                if name not in self._externals:
                    raise SnapshotError(f"the snapshot refers to an object of the host's: externals has no {name!r}")
                return self._externals[name]
            case ObjectKind.LIVE:
                return self._live[saved.first]

    def _type(self, saved: SavedObject) -> tuple[DefinedType, CompositeType]:
        type_ = at(at(self._modules, saved.first, "module").types, saved.second, "type")
        return type_, type_.composite

    def _fill(self, shell: Any, saved: SavedObject) -> None:
        content = saved.content
        match saved.kind:
            case ObjectKind.STRUCT:
                wanted = shell.type.descriptor
                if wanted is not None:
                    word = int.from_bytes(content[:_WORD], "little")
                    shell.descriptor, content = self.referred(word), content[_WORD:]
                    if type(shell.descriptor) is not Struct or shell.descriptor.type is not wanted:
                        raise SnapshotError(
                            f"the snapshot does not fit the module: {shell.type} has another descriptor"
                        )
                types = [each.storage for each in shell.type.composite.fields]
                shell.fields[:] = unpack(types, content, self.referred)
            case ObjectKind.ARRAY:
                if saved.count > ARRAY_LIMIT:
                    raise SnapshotError(f"the snapshot is malformed: an array of {saved.count} elements")
                storage = shell.type.composite.field.storage
                shell.elements[:] = unpack_many(storage, content, saved.count, self.referred)
            case ObjectKind.EXCEPTION:
                shell.values = unpack(shell.tag.params, content, self.referred)
                shell.args = (shell.tag, shell.values)
