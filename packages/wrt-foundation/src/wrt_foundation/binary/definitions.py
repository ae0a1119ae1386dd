"""The binary format of type definitions: composite types, subtypes and recursive groups (section 5.3)."""

from __future__ import annotations

from wrt_foundation.binary.leb128 import write_signed, write_unsigned
from wrt_foundation.binary.reader import Reader
from wrt_foundation.binary.types import (
    read_field_type,
    read_type_index,
    read_value_type,
    write_field_type,
    write_value_type,
)
from wrt_foundation.errors import DecodeError
from wrt_foundation.types import (
    ArrayType,
    CompositeType,
    ContType,
    FuncType,
    RecType,
    StructType,
    SubType,
    ValueType,
)

__all__ = ["read_types", "write_types"]

_FUNC, _STRUCT, _ARRAY, _CONT = 0x60, 0x5F, 0x5E, 0x5D
_SUB, _SUB_FINAL, _REC = 0x50, 0x4F, 0x4E
_DESCRIPTOR, _DESCRIBES = 0x4D, 0x4C


def read_types(reader: Reader) -> list[RecType]:
    """Read the type section."""
    limit = reader.limits.types
    groups = []
    total = 0
    for _ in range(reader.count("types", limit)):
        start = reader.position
        group = _read_group(reader)
        groups.append(group)
        total += len(group.subtypes)
        if total > limit:
            raise DecodeError(f"too many types: {total}, the limit is {limit}", offset=start)
    return groups


def _read_group(reader: Reader) -> RecType:
    if reader.data[reader.position : reader.position + 1] == bytes((_REC,)):
        reader.byte()
        return RecType(tuple(reader.vector(_read_subtype, "types", reader.limits.types)), explicit=True)
    return RecType((_read_subtype(reader),))


def _read_subtype(reader: Reader) -> SubType:
    start = reader.position
    code = reader.byte()
    supertypes: tuple[int, ...] = ()
    final = True
    if code in (_SUB, _SUB_FINAL):
        final = code == _SUB_FINAL
        supertypes = tuple(reader.vector(Reader.unsigned, "supertypes", reader.limits.types))
        start = reader.position
        code = reader.byte()
    describes = descriptor = None
    if code == _DESCRIBES:
        describes = reader.unsigned()
        start = reader.position
        code = reader.byte()
    if code == _DESCRIPTOR:
        descriptor = reader.unsigned()
        start = reader.position
        code = reader.byte()
    return SubType(_read_composite(reader, code, start), supertypes, final, descriptor, describes)


def _read_composite(reader: Reader, code: int, start: int) -> CompositeType:
    limits = reader.limits
    if code == _FUNC:
        return FuncType(_values(reader, "parameters", limits.parameters), _values(reader, "results", limits.results))
    if code == _STRUCT:
        return StructType(
            tuple(reader.vector(lambda reader: reader.take(read_field_type), "fields", limits.struct_fields))
        )
    if code == _ARRAY:
        return ArrayType(reader.take(read_field_type))
    if code == _CONT:
        return ContType(reader.take(read_type_index))
    # The codes are negative numbers of 7 bits; the same in more bytes is none of them.
    message = "malformed definition type" if code < 0x80 else "integer representation too long"
    raise DecodeError(message, offset=start)


def _values(reader: Reader, what: str, limit: int) -> tuple[ValueType, ...]:
    return tuple(reader.vector(lambda reader: reader.take(read_value_type), what, limit))


def write_types(out: bytearray, groups: list[RecType]) -> None:
    """Append the contents of the type section."""
    write_unsigned(out, len(groups))
    for group in groups:
        if group.explicit or len(group.subtypes) != 1:
            out.append(_REC)
            write_unsigned(out, len(group.subtypes))
        for subtype in group.subtypes:
            _write_subtype(out, subtype)


def _write_subtype(out: bytearray, subtype: SubType) -> None:
    if subtype.supertypes or not subtype.final:
        out.append(_SUB_FINAL if subtype.final else _SUB)
        write_unsigned(out, len(subtype.supertypes))
        for index in subtype.supertypes:
            write_unsigned(out, index)
    if subtype.describes is not None:
        out.append(_DESCRIBES)
        write_unsigned(out, subtype.describes)
    if subtype.descriptor is not None:
        out.append(_DESCRIPTOR)
        write_unsigned(out, subtype.descriptor)
    match subtype.composite:
        case FuncType(params, results):
            out.append(_FUNC)
            for types in (params, results):
                write_unsigned(out, len(types))
                for type_ in types:
                    write_value_type(out, type_)
        case StructType(fields):
            out.append(_STRUCT)
            write_unsigned(out, len(fields))
            for field in fields:
                write_field_type(out, field)
        case ArrayType(field):
            out.append(_ARRAY)
            write_field_type(out, field)
        case ContType(int(function)):
            out.append(_CONT)
            write_signed(out, function, 33)
        case other:
            raise TypeError(f"only syntactic types have a binary form, not {other!r}")
