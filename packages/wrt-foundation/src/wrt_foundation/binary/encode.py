"""`encode`: from a `Module` to its bytes (specification, section 5.5 "Modules")."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from wrt_foundation.binary.bodies import write_codes
from wrt_foundation.binary.decode import MAGIC, VERSION
from wrt_foundation.binary.definitions import write_types
from wrt_foundation.binary.externs import (
    write_export,
    write_import,
    write_memory_type,
    write_name,
    write_table,
    write_tag,
)
from wrt_foundation.binary.leb128 import write_unsigned
from wrt_foundation.binary.names import NAME_SECTION, encode_names
from wrt_foundation.binary.sections import ORDER, Section
from wrt_foundation.binary.segments import write_data_segment, write_element_segment
from wrt_foundation.binary.types import write_global_type
from wrt_foundation.module import CustomSection, Global, Module

__all__ = ["encode"]


def encode(module: Module) -> bytes:
    """Return the binary form of a module, every number in its shortest form.

    Empty sections are left out. Custom sections go where their `after` says, in their order. A name
    section among them is written as it stands; only without one is a name section made from
    `module.names`, and put last. Raises `WrtError` for values that the binary format can't express.
    """
    out = bytearray(MAGIC + VERSION)
    customs: dict[int, list[CustomSection]] = {}
    for custom in module.customs:
        customs.setdefault(custom.after, []).append(custom)
    for section in (Section.CUSTOM, *ORDER):
        if section is not Section.CUSTOM and (contents := _contents(section, module)):
            _write_section(out, section, contents)
        for custom in customs.get(section.value, ()):
            _write_custom(out, custom.name, custom.data)
    if not any(custom.name == NAME_SECTION for custom in module.customs) and (names := encode_names(module.names)):
        _write_custom(out, NAME_SECTION, names)
    return bytes(out)


def _write_section(out: bytearray, section: Section, contents: bytearray) -> None:
    out.append(section.value)
    write_unsigned(out, len(contents))
    out += contents


def _write_custom(out: bytearray, name: str, data: bytes) -> None:
    contents = bytearray()
    write_name(contents, name)
    contents += data
    _write_section(out, Section.CUSTOM, contents)


def _contents(section: Section, module: Module) -> bytearray:
    contents = bytearray()
    match section:
        case Section.TYPE if module.types:
            write_types(contents, module.types)
        case Section.START if module.start is not None:
            write_unsigned(contents, module.start)
        case Section.DATA_COUNT if module.data_count is not None:
            write_unsigned(contents, module.data_count)
        case Section.CODE if module.codes:
            write_codes(contents, module.codes)
        case _ if section in _VECTORS:
            field, write = _VECTORS[section]
            items: Sequence[Any] = getattr(module, field)
            if items:
                write_unsigned(contents, len(items))
                for item in items:
                    write(contents, item)
    return contents


def _write_global(out: bytearray, global_: Global) -> None:
    write_global_type(out, global_.type)
    out += global_.init.code


_VECTORS: dict[Section, tuple[str, Callable[[bytearray, Any], None]]] = {
    Section.IMPORT: ("imports", write_import),
    Section.FUNCTION: ("functions", write_unsigned),
    Section.TABLE: ("tables", write_table),
    Section.MEMORY: ("memories", write_memory_type),
    Section.TAG: ("tags", write_tag),
    Section.GLOBAL: ("globals", _write_global),
    Section.EXPORT: ("exports", write_export),
    Section.ELEMENT: ("elements", write_element_segment),
    Section.DATA: ("data", write_data_segment),
}
