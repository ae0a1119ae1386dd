"""`decode`: from a module's bytes to a `Module` (specification, section 5.5 "Modules")."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from wrt_foundation.binary.bodies import read_codes
from wrt_foundation.binary.definitions import read_types
from wrt_foundation.binary.externs import read_export, read_import, read_memory_type, read_table, read_tag
from wrt_foundation.binary.leb128 import UNEXPECTED_END
from wrt_foundation.binary.names import NAME_SECTION, decode_names
from wrt_foundation.binary.reader import Reader
from wrt_foundation.binary.sections import ORDER, Section
from wrt_foundation.binary.segments import read_data_segment, read_element_segment
from wrt_foundation.binary.types import read_global_type
from wrt_foundation.errors import DecodeError
from wrt_foundation.limits import DEFAULT_LIMITS, ImplementationLimits
from wrt_foundation.module import CustomSection, Global, Module
from wrt_foundation.types import ExternKind, FuncType

__all__ = ["MAGIC", "VERSION", "decode"]

MAGIC = b"\0asm"
VERSION = b"\1\0\0\0"

_SECTIONS = {section.value: section for section in Section}
_PLACES = {section: place for place, section in enumerate(ORDER)}


def decode(data: bytes | bytearray | memoryview, limits: ImplementationLimits = DEFAULT_LIMITS) -> Module:
    """Return the module that `data` is the binary form of.

    All of its structure is read and checked, but no instruction of a function body: `Code.code` stays
    bytes that validation reads (or `check_bodies`, without validating). Every feature's encoding is
    understood; which of them may be used is for validation to say. Time and memory grow linearly with
    the size of `data`, whatever it declares. Raises `DecodeError`.
    """
    size = memoryview(data).nbytes
    if size > limits.module_size:
        raise DecodeError(f"module too large: {size} bytes, the limit is {limits.module_size}")
    data = bytes(data)
    _check_header(data)
    module = Module(binary=data)
    last = after = Section.CUSTOM
    position = 8
    while position < len(data):
        section = _SECTIONS.get(data[position])
        if section is None:
            raise DecodeError("malformed section id", offset=position)
        if section is not Section.CUSTOM:
            if last is not Section.CUSTOM and _PLACES[section] <= _PLACES[last]:
                raise DecodeError("unexpected content after last section", offset=position)
            last = section
        reader = Reader(data, position + 1, limits)
        try:
            size = reader.size()
            position = reader.position + size
            if section is Section.CUSTOM:
                custom = _read_custom(reader, size, after)
                module.customs.append(custom)
                if custom.name == NAME_SECTION:
                    module.defer_names(partial(decode_names, custom.data))
            else:
                contents = _contents(section, module, reader)
                if reader.position != position:
                    raise DecodeError("section size mismatch", offset=position)
                setattr(module, _FIELDS[section], contents)
                if contents != []:
                    after = section
        except DecodeError as error:
            error.section = str(section)
            raise
    _check_consistency(module)
    _check_totals(module, limits)
    return module


def _check_header(data: bytes) -> None:
    for expected, start, message in ((MAGIC, 0, "magic header not detected"), (VERSION, 4, "unknown binary version")):
        found = data[start : start + 4]
        if len(found) < 4:
            raise DecodeError(UNEXPECTED_END, offset=len(data))
        if found != expected:
            raise DecodeError(message, offset=start)


def _read_custom(reader: Reader, size: int, after: Section) -> CustomSection:
    # A custom section is read within its own bounds: nothing but its size says where it ends.
    start = reader.position
    contents = Reader(reader.data[start : start + size], 0, reader.limits)
    try:
        name = contents.name()
    except DecodeError as error:
        error.offset = start
        raise
    start += contents.position
    return CustomSection(name, contents.data[contents.position :], after.value, start)


def _check_consistency(module: Module) -> None:
    if len(module.functions) != len(module.codes):
        raise DecodeError("function and code section have inconsistent lengths", offset=len(module.binary))
    if module.data_count is not None and module.data_count != len(module.data):
        raise DecodeError("data count and data section have inconsistent lengths", offset=len(module.binary))


def _check_totals(module: Module, limits: ImplementationLimits) -> None:
    # Each section's count was checked before it was read; imports share the index spaces with them.
    imported = Counter(import_.kind for import_ in module.imports)
    for kind, what, defined, limit in (
        (ExternKind.FUNC, "functions", module.functions, limits.functions),
        (ExternKind.TABLE, "tables", module.tables, limits.tables),
        (ExternKind.MEMORY, "memories", module.memories, limits.memories),
        (ExternKind.GLOBAL, "globals", module.globals, limits.globals),
        (ExternKind.TAG, "tags", module.tags, limits.tags),
    ):
        total = imported[kind] + len(defined)
        if total > limit:
            raise DecodeError(f"too many {what}: {total} with imports, the limit is {limit}")


def _contents(section: Section, module: Module, reader: Reader) -> Any:
    match section:
        case Section.TYPE:
            return read_types(reader)
        case Section.START | Section.DATA_COUNT:
            return reader.unsigned()
        case Section.CODE:
            subtypes = module.subtypes
            known = [len(s.composite.params) if isinstance(s.composite, FuncType) else 0 for s in subtypes]
            # An index that names no type is for validation to report.
            return read_codes(reader, [known[i] if i < len(known) else 0 for i in module.functions])
        case Section.FUNCTION:
            return reader.indices("functions", reader.limits.functions)
    read, limit = _VECTORS[section]
    return reader.vector(read, limit.replace("_", " "), getattr(reader.limits, limit))


def _read_global(reader: Reader) -> Global:
    return Global(reader.take(read_global_type), reader.expression())


_FIELDS = {
    Section.TYPE: "types",
    Section.IMPORT: "imports",
    Section.FUNCTION: "functions",
    Section.TABLE: "tables",
    Section.MEMORY: "memories",
    Section.TAG: "tags",
    Section.GLOBAL: "globals",
    Section.EXPORT: "exports",
    Section.START: "start",
    Section.ELEMENT: "elements",
    Section.DATA_COUNT: "data_count",
    Section.CODE: "codes",
    Section.DATA: "data",
}
"""The field of `Module` that holds what a section says."""

_VECTORS: dict[Section, tuple[Callable[[Reader], Any], str]] = {
    Section.IMPORT: (read_import, "imports"),
    Section.TABLE: (read_table, "tables"),
    Section.MEMORY: (read_memory_type, "memories"),
    Section.TAG: (read_tag, "tags"),
    Section.GLOBAL: (_read_global, "globals"),
    Section.EXPORT: (read_export, "exports"),
    Section.ELEMENT: (read_element_segment, "element_segments"),
    Section.DATA: (read_data_segment, "data_segments"),
}
"""The sections that are plain vectors: what reads an element, and the implementation limit of their number."""
