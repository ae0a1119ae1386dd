"""The binary format of memory, table and tag types, of imports and of exports (sections 5.3 and 5.5)."""

from __future__ import annotations

from wrt_foundation.binary.leb128 import write_unsigned
from wrt_foundation.binary.reader import Reader
from wrt_foundation.binary.types import read_global_type, read_ref_type, write_global_type, write_ref_type
from wrt_foundation.errors import DecodeError, WrtError
from wrt_foundation.module import Export, Import, Table
from wrt_foundation.types import (
    I32,
    I64,
    PAGE_SIZE,
    ExternKind,
    ExternType,
    FuncUse,
    GlobalType,
    Limits,
    MemoryType,
    NumType,
    TableType,
    TagUse,
)

__all__ = [
    "read_export",
    "read_import",
    "read_memory_type",
    "read_table",
    "read_tag",
    "write_export",
    "write_import",
    "write_memory_type",
    "write_name",
    "write_table",
    "write_tag",
]

_MAXIMUM, _SHARED, _ADDRESS64, _PAGE_SIZE = 1, 2, 4, 8
_TABLE_WITH_INIT = 0x40
_EXACT_FUNC = 0x20
_EXPORT_KINDS = {kind.value: kind for kind in ExternKind}


def _read_limits(reader: Reader, flags: int) -> tuple[Limits, NumType]:
    # Limits are u64 whatever the address type; whether they fit it is for validation to say.
    minimum = reader.unsigned(64)
    maximum = reader.unsigned(64) if flags & _MAXIMUM else None
    return Limits(minimum, maximum), I64 if flags & _ADDRESS64 else I32


def read_memory_type(reader: Reader) -> MemoryType:
    """Read a memory's type."""
    start = reader.position
    flags = reader.byte()
    if flags > _MAXIMUM | _SHARED | _ADDRESS64 | _PAGE_SIZE:
        raise DecodeError("malformed limits flags", offset=start)
    limits, address = _read_limits(reader, flags)
    page_size = PAGE_SIZE
    if flags & _PAGE_SIZE:
        start = reader.position
        exponent = reader.unsigned()
        if exponent > 64:
            raise DecodeError("invalid custom page size", offset=start)
        page_size = 1 << exponent
    return MemoryType(limits, address, bool(flags & _SHARED), page_size)


def read_table_type(reader: Reader) -> TableType:
    """Read a table's type."""
    element = reader.take(read_ref_type)
    start = reader.position
    flags = reader.byte()
    if flags & ~(_MAXIMUM | _ADDRESS64):
        raise DecodeError("malformed limits flags", offset=start)
    limits, address = _read_limits(reader, flags)
    return TableType(element, limits, address)


def read_table(reader: Reader) -> Table:
    """Read a table that the module defines."""
    if reader.data[reader.position : reader.position + 1] != bytes((_TABLE_WITH_INIT,)):
        return Table(read_table_type(reader))
    reader.byte()
    _zero(reader)
    return Table(read_table_type(reader), reader.expression())


def read_tag(reader: Reader) -> TagUse:
    """Read a tag's type."""
    _zero(reader)
    return TagUse(reader.unsigned())


def _zero(reader: Reader) -> None:
    start = reader.position
    if reader.byte():
        raise DecodeError("zero byte expected", offset=start)


def read_import(reader: Reader) -> Import:
    """Read an import."""
    return Import(reader.name(), reader.name(), _read_extern_type(reader))


def _read_extern_type(reader: Reader) -> ExternType:
    start = reader.position
    match reader.byte():
        case 0:
            return FuncUse(reader.unsigned())
        case 1:
            return read_table_type(reader)
        case 2:
            return read_memory_type(reader)
        case 3:
            return reader.take(read_global_type)
        case 4:
            return read_tag(reader)
        case 0x20:
            return FuncUse(reader.unsigned(), exact=True)
    raise DecodeError("malformed import kind", offset=start)


def read_export(reader: Reader) -> Export:
    """Read an export."""
    name = reader.name()
    start = reader.position
    kind = _EXPORT_KINDS.get(reader.byte())
    if kind is None:
        raise DecodeError("malformed export kind", offset=start)
    return Export(name, kind, reader.unsigned())


def _write_limits(out: bytearray, flags: int, limits: Limits, address: NumType) -> None:
    if address is I64:
        flags |= _ADDRESS64
    if limits.maximum is not None:
        flags |= _MAXIMUM
    out.append(flags)
    write_unsigned(out, limits.minimum, 64)
    if limits.maximum is not None:
        write_unsigned(out, limits.maximum, 64)


def write_memory_type(out: bytearray, type_: MemoryType) -> None:
    """Append a memory's type."""
    flags = _SHARED * type_.shared
    if type_.page_size == PAGE_SIZE:
        _write_limits(out, flags, type_.limits, type_.address)
        return
    if type_.page_size <= 0 or type_.page_size & type_.page_size - 1:
        raise WrtError(f"a page size must be a power of two, not {type_.page_size}")
    _write_limits(out, flags | _PAGE_SIZE, type_.limits, type_.address)
    write_unsigned(out, type_.page_size.bit_length() - 1)


def write_table_type(out: bytearray, type_: TableType) -> None:
    """Append a table's type."""
    write_ref_type(out, type_.element)
    _write_limits(out, 0, type_.limits, type_.address)


def write_table(out: bytearray, table: Table) -> None:
    """Append a table that the module defines."""
    if table.init is None:
        write_table_type(out, table.type)
    else:
        out += bytes((_TABLE_WITH_INIT, 0))
        write_table_type(out, table.type)
        out += table.init.code


def write_tag(out: bytearray, tag: TagUse) -> None:
    """Append a tag's type."""
    out.append(0)
    write_unsigned(out, tag.type)


def write_name(out: bytearray, name: str) -> None:
    """Append a name, in UTF-8."""
    encoded = name.encode()
    write_unsigned(out, len(encoded))
    out += encoded


def write_import(out: bytearray, import_: Import) -> None:
    """Append an import."""
    write_name(out, import_.module)
    write_name(out, import_.name)
    match import_.type:
        case FuncUse(index, exact):
            out.append(_EXACT_FUNC if exact else 0)
            write_unsigned(out, index)
        case TableType() as table:
            out.append(1)
            write_table_type(out, table)
        case MemoryType() as memory:
            out.append(2)
            write_memory_type(out, memory)
        case GlobalType() as global_:
            out.append(3)
            write_global_type(out, global_)
        case TagUse() as tag:
            out.append(4)
            write_tag(out, tag)


def write_export(out: bytearray, export: Export) -> None:
    """Append an export."""
    write_name(out, export.name)
    out.append(export.kind.value)
    write_unsigned(out, export.index)
