"""The binary format of value types (specification, section 5.3 "Types").

Readers take the bytes and a position, and return the type and the position after it, so that sections
and instructions share them. Where bytes run out they raise `IndexError`, which callers turn into the
`DecodeError` that knows where the section ends; anything else malformed raises `DecodeError` at once.
"""

from __future__ import annotations

from wrt_foundation.binary.leb128 import read_signed, read_unsigned, write_signed, write_unsigned
from wrt_foundation.errors import DecodeError
from wrt_foundation.types import (
    AbstractHeapType,
    FieldType,
    GlobalType,
    NumType,
    PackedType,
    RefType,
    StorageType,
    ValueType,
)

__all__ = [
    "VALUE_TYPE_OF_BYTE",
    "read_field_type",
    "read_global_type",
    "read_heap_type",
    "read_ref_type",
    "read_type_index",
    "read_value_type",
    "write_field_type",
    "write_global_type",
    "write_heap_type",
    "write_ref_type",
    "write_value_type",
]

_REF, _REF_NULL, _EXACT = 0x64, 0x63, 0x62

_REFERENCE_PREFIXES = (_REF, _REF_NULL)
_ABSTRACT: dict[int, AbstractHeapType] = {heap.value: heap for heap in AbstractHeapType}
_REFERENCES: dict[int, RefType] = {heap.value: RefType(True, heap) for heap in AbstractHeapType}
_PACKED: dict[int, PackedType] = {packed.value: packed for packed in PackedType}

VALUE_TYPE_OF_BYTE: dict[int, ValueType] = {number.value: number for number in NumType} | _REFERENCES
"""The value types that are written as one byte."""


def read_type_index(data: bytes, position: int) -> tuple[int, int]:
    """Read a type index that shares its place with negative codes, and so is a signed number of 33 bits."""
    index, after = read_signed(data, position, 33)
    if index < 0:
        # Codes of types are single bytes; the same number in more bytes is none of them.
        raise DecodeError("integer representation too long", offset=position)
    return index, after


def read_heap_type(data: bytes, position: int, nullable: bool) -> tuple[RefType, int]:
    """Read a heap type; return the reference to it, `nullable` or not."""
    byte = data[position]
    if byte in _ABSTRACT:
        return RefType(nullable, _ABSTRACT[byte]), position + 1
    if byte == _EXACT:
        index, position = read_unsigned(data, position + 1)
        return RefType(nullable, index, exact=True), position
    if 0x40 <= byte < 0x80:
        raise DecodeError("malformed heap type", offset=position)
    index, position = read_type_index(data, position)
    return RefType(nullable, index), position


def read_ref_type(data: bytes, position: int) -> tuple[RefType, int]:
    """Read a reference type."""
    byte = data[position]
    if byte in _REFERENCES:
        return _REFERENCES[byte], position + 1
    if byte in _REFERENCE_PREFIXES:
        return read_heap_type(data, position + 1, byte == _REF_NULL)
    raise DecodeError("malformed reference type", offset=position)


def read_value_type(data: bytes, position: int) -> tuple[ValueType, int]:
    """Read a value type."""
    byte = data[position]
    if byte in VALUE_TYPE_OF_BYTE:
        return VALUE_TYPE_OF_BYTE[byte], position + 1
    if byte in _REFERENCE_PREFIXES:
        return read_heap_type(data, position + 1, byte == _REF_NULL)
    raise DecodeError("malformed value type", offset=position)


def read_storage_type(data: bytes, position: int) -> tuple[StorageType, int]:
    """Read the type of what a field stores."""
    byte = data[position]
    if byte in _PACKED:
        return _PACKED[byte], position + 1
    if byte in VALUE_TYPE_OF_BYTE or byte in _REFERENCE_PREFIXES:
        return read_value_type(data, position)
    raise DecodeError("malformed storage type", offset=position)


def read_mutability(data: bytes, position: int) -> tuple[bool, int]:
    """Read whether a global or a field may be set."""
    byte = data[position]
    if byte > 1:
        raise DecodeError("malformed mutability", offset=position)
    return byte == 1, position + 1


def read_field_type(data: bytes, position: int) -> tuple[FieldType, int]:
    """Read the type of a structure's field or an array's elements."""
    storage, position = read_storage_type(data, position)
    mutable, position = read_mutability(data, position)
    return FieldType(storage, mutable), position


def read_global_type(data: bytes, position: int) -> tuple[GlobalType, int]:
    """Read a global's type."""
    value, position = read_value_type(data, position)
    mutable, position = read_mutability(data, position)
    return GlobalType(value, mutable), position


def write_heap_type(out: bytearray, type_: RefType) -> None:
    """Append what `type_` refers to; whether it is nullable is said elsewhere."""
    heap = type_.heap
    if isinstance(heap, AbstractHeapType):
        out.append(heap.value)
    elif isinstance(heap, int):
        if type_.exact:
            out.append(_EXACT)
            write_unsigned(out, heap)
        else:
            write_signed(out, heap, 33)
    else:
        raise TypeError(f"only syntactic types have a binary form, not {type_!r}")


def write_ref_type(out: bytearray, type_: RefType) -> None:
    """Append a reference type, in its one-byte form if it has one."""
    if not type_.nullable or not isinstance(type_.heap, AbstractHeapType):
        out.append(_REF_NULL if type_.nullable else _REF)
    write_heap_type(out, type_)


def write_value_type(out: bytearray, type_: ValueType) -> None:
    """Append a value type."""
    if isinstance(type_, NumType):
        out.append(type_.value)
    else:
        write_ref_type(out, type_)


def write_field_type(out: bytearray, type_: FieldType) -> None:
    """Append the type of a structure's field or an array's elements."""
    if isinstance(type_.storage, PackedType):
        out.append(type_.storage.value)
    else:
        write_value_type(out, type_.storage)
    out.append(type_.mutable)


def write_global_type(out: bytearray, type_: GlobalType) -> None:
    """Append a global's type."""
    write_value_type(out, type_.value)
    out.append(type_.mutable)
