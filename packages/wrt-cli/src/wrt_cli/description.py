"""Description: what is in a module, as plain data: what `wrt inspect --json` writes, and what it draws.

Types are as the module writes them: a number in a reference type is an index into its own types.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from wrt_core import validate
from wrt_foundation.binary import decode, encode
from wrt_foundation.binary.leb128 import read_unsigned
from wrt_foundation.binary.sections import Section
from wrt_foundation.errors import DecodeError, ValidationError
from wrt_foundation.features import ALL
from wrt_foundation.module import Module
from wrt_foundation.types import (
    ArrayType,
    CompositeType,
    ContType,
    ExternKind,
    ExternType,
    FieldType,
    FuncType,
    FuncUse,
    GlobalType,
    Limits,
    MemoryType,
    StructType,
    SubType,
    TableType,
    TagUse,
)

__all__ = ["describe"]


def describe(module: Module) -> dict[str, Any]:
    """Return what is in `module`, all of it values that JSON has.

    Features beyond the standard are admitted. A module that is not valid is described as well, with `error` saying
    why and no `features`.
    """
    if not module.binary:
        module = decode(encode(module))  # it was assembled from text
    return _Description(module).whole()


class _Description:
    """The description of one module, with its index spaces laid out once."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.definitions: list[SubType] = module.subtypes
        self.imported = {kind: module.imported(kind) for kind in ExternKind}
        defined: dict[ExternKind, Iterable[ExternType]] = {
            ExternKind.FUNC: map(FuncUse, module.functions),
            ExternKind.TABLE: (table.type for table in module.tables),
            ExternKind.MEMORY: module.memories,
            ExternKind.GLOBAL: (global_.type for global_ in module.globals),
            ExternKind.TAG: module.tags,
        }
        self.spaces = {kind: [*(i.type for i in self.imported[kind]), *defined[kind]] for kind in ExternKind}

    def whole(self) -> dict[str, Any]:
        module = self.module
        return {
            "name": module.names.module,
            "bytes": len(module.binary),
            **_validity(module),
            "sections": list(_sections(module)),
            "types": list(map(self.definition, self.definitions)),
            "imports": [
                {"module": i.module, "name": i.name, "kind": str(i.kind), "type": self.extern(i.type)}
                for i in module.imports
            ],
            "exports": [
                {"name": e.name, "kind": str(e.kind), "index": e.index, "type": self.at(e.kind, e.index)}
                for e in module.exports
            ],
            "functions": {"imported": len(self.imported[ExternKind.FUNC]), "defined": len(module.functions)},
            "tables": self.space(ExternKind.TABLE),
            "memories": self.space(ExternKind.MEMORY),
            "globals": self.space(ExternKind.GLOBAL),
            "tags": self.space(ExternKind.TAG),
            "start": module.start,
            "segments": {"elements": len(module.elements), "data": len(module.data)},
            "custom_sections": [{"name": custom.name, "bytes": len(custom.data)} for custom in module.customs],
        }

    def space(self, kind: ExternKind) -> list[dict[str, Any]]:
        imported = len(self.imported[kind])
        return [
            {"index": index, "imported": index < imported, "type": self.extern(type_)}
            for index, type_ in enumerate(self.spaces[kind])
        ]

    # An index that leads nowhere is the module's fault, which `error` tells: here it is described without a type.

    def at(self, kind: ExternKind, index: int) -> dict[str, Any] | None:
        space = self.spaces[kind]
        return self.extern(space[index]) if index < len(space) else None

    def extern(self, type_: ExternType) -> dict[str, Any]:
        match type_:
            case FuncUse(index) | TagUse(index):
                composite = self.definitions[index].composite if index < len(self.definitions) else None
                return {"index": index} | (_composite(composite) if isinstance(composite, FuncType) else {})
            case TableType(element, limits, address):
                return {"element": str(element), **_limits(limits), "address": str(address)}
            case MemoryType(limits, address, shared, page_size):
                return {**_limits(limits), "address": str(address), "shared": shared, "page_size": page_size}
            case GlobalType(value, mutable):
                return {"value": str(value), "mutable": mutable}

    def definition(self, sub: SubType) -> dict[str, Any]:
        declared: dict[str, Any] = {"final": sub.final, "supertypes": list(sub.supertypes)}
        declared |= {} if sub.descriptor is None else {"descriptor": sub.descriptor}
        declared |= {} if sub.describes is None else {"describes": sub.describes}
        kind = type(sub.composite).__name__.removesuffix("Type").lower()
        return {"kind": kind, **_composite(sub.composite), **declared}


def _composite(composite: CompositeType) -> dict[str, Any]:
    match composite:
        case FuncType(params, results):
            return {"params": list(map(str, params)), "results": list(map(str, results))}
        case StructType(fields):
            return {"fields": list(map(_field, fields))}
        case ArrayType(field):
            return {"element": _field(field)}
        case ContType(function):
            return {"function": function}


def _field(field: FieldType) -> dict[str, Any]:
    return {"storage": str(field.storage), "mutable": field.mutable}


def _limits(limits: Limits) -> dict[str, Any]:
    return {"minimum": limits.minimum, "maximum": limits.maximum}


def _validity(module: Module) -> dict[str, Any]:
    try:
        used = validate(module, features=ALL).features_used
    except (DecodeError, ValidationError) as error:
        return {"valid": False, "error": str(error)}
    return {"valid": True, "features": sorted(feature.value for feature in used)}


def _sections(module: Module) -> Iterator[dict[str, Any]]:
    """Walk the binary, known to be well-formed: of each section its offset, its size with the header, its entries."""
    entries = {
        Section.TYPE: len(module.types),
        Section.IMPORT: len(module.imports),
        Section.FUNCTION: len(module.functions),
        Section.TABLE: len(module.tables),
        Section.MEMORY: len(module.memories),
        Section.TAG: len(module.tags),
        Section.GLOBAL: len(module.globals),
        Section.EXPORT: len(module.exports),
        Section.START: 1,
        Section.ELEMENT: len(module.elements),
        Section.DATA_COUNT: 1,
        Section.CODE: len(module.codes),
        Section.DATA: len(module.data),
    }
    customs = iter(module.customs)
    binary = module.binary
    position = 8
    while position < len(binary):
        section = Section(binary[position])
        size, contents = read_unsigned(binary, position + 1)
        described = {"name": str(section), "offset": position, "bytes": contents + size - position}
        yield described | (
            {"custom": next(customs).name} if section is Section.CUSTOM else {"entries": entries[section]}
        )
        position = contents + size
