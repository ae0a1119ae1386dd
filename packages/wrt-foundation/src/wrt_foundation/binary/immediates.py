"""The binary format of instructions' immediate operands (specification, section 5.4 "Instructions").

As in `types.py`, readers take the bytes and a position, return the value and the position after it,
and raise `IndexError` where bytes run out. What the values are says `wrt_foundation.immediates`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from wrt_foundation.binary.leb128 import read_signed, read_unsigned, write_signed, write_unsigned
from wrt_foundation.binary.types import (
    VALUE_TYPE_OF_BYTE,
    read_heap_type,
    read_type_index,
    read_value_type,
    write_heap_type,
    write_value_type,
)
from wrt_foundation.errors import DecodeError, WrtError
from wrt_foundation.immediates import BlockType, Cast, Catch, CatchKind, Handler, MemArg
from wrt_foundation.instructions import Immediate, Instruction
from wrt_foundation.types import ValueType

__all__ = ["Read", "Write", "reader_of", "writer_of"]

Read = Callable[[bytes, int], tuple[Any, int]]
Write = Callable[[bytearray, Any], None]

_NO_VALUES = 0x40
_MEMORY_FOLLOWS = 0x40
_SOURCE_NULLABLE, _TARGET_NULLABLE = 1, 2
_CATCH_KINDS = {kind.value: kind for kind in CatchKind}
_ON_LABEL, _ON_SWITCH = 0, 1


def _count(data: bytes, position: int, smallest: int) -> tuple[int, int]:
    # Each element takes `smallest` bytes or more: what can't be there is not waited for, nor allocated.
    count, after = read_unsigned(data, position)
    if count * smallest > len(data) - after:
        raise IndexError
    return count, after


def _read_labels(data: bytes, position: int) -> tuple[tuple[int, ...], int]:
    count, position = _count(data, position, 1)
    labels = []
    for _ in range(count + 1):
        label = data[position]
        if label < 0x80:
            position += 1
        else:
            label, position = read_unsigned(data, position)
        labels.append(label)
    return tuple(labels), position


def _read_block_type(data: bytes, position: int) -> tuple[BlockType, int]:
    byte = data[position]
    if byte == _NO_VALUES:
        return None, position + 1
    if byte in VALUE_TYPE_OF_BYTE:
        return VALUE_TYPE_OF_BYTE[byte], position + 1
    if 0x40 < byte < 0x80:
        return read_value_type(data, position)
    return read_type_index(data, position)


def _read_value_types(data: bytes, position: int) -> tuple[tuple[ValueType, ...], int]:
    count, position = _count(data, position, 1)
    types = []
    for _ in range(count):
        type_, position = read_value_type(data, position)
        types.append(type_)
    return tuple(types), position


def _read_cast(data: bytes, position: int) -> tuple[Cast, int]:
    flags = data[position]
    if flags > (_SOURCE_NULLABLE | _TARGET_NULLABLE):
        raise DecodeError("malformed br_on_cast flags", offset=position)
    label, position = read_unsigned(data, position + 1)
    source, position = read_heap_type(data, position, bool(flags & _SOURCE_NULLABLE))
    target, position = read_heap_type(data, position, bool(flags & _TARGET_NULLABLE))
    return Cast(label, source, target), position


def _read_memarg(data: bytes, position: int) -> tuple[MemArg, int]:
    flags, after = read_unsigned(data, position)
    memory = 0
    if flags >= _MEMORY_FOLLOWS:
        if flags >= 2 * _MEMORY_FOLLOWS:
            raise DecodeError("malformed memop flags", offset=position)
        flags -= _MEMORY_FOLLOWS
        memory, after = read_unsigned(data, after)
    offset, after = read_unsigned(data, after, 64)
    return MemArg(flags, offset, memory), after


def _read_byte(data: bytes, position: int) -> tuple[int, int]:
    return data[position], position + 1


def _read_lanes(data: bytes, position: int) -> tuple[tuple[int, ...], int]:
    return tuple(_take(data, position, 16)), position + 16


def _read_catches(data: bytes, position: int) -> tuple[tuple[Catch, ...], int]:
    count, position = _count(data, position, 2)
    catches = []
    for _ in range(count):
        kind = _CATCH_KINDS.get(data[position])
        if kind is None:
            raise DecodeError("malformed catch clause", offset=position)
        position += 1
        tag = None
        if kind is CatchKind.CATCH or kind is CatchKind.CATCH_REF:
            tag, position = read_unsigned(data, position)
        label, position = read_unsigned(data, position)
        catches.append(Catch(kind, tag, label))
    return tuple(catches), position


def _read_handlers(data: bytes, position: int) -> tuple[tuple[Handler, ...], int]:
    count, position = _count(data, position, 2)
    handlers = []
    for _ in range(count):
        kind = data[position]
        if kind > _ON_SWITCH:
            raise DecodeError("malformed handler clause", offset=position)
        tag, position = read_unsigned(data, position + 1)
        label = None
        if kind == _ON_LABEL:
            label, position = read_unsigned(data, position)
        handlers.append(Handler(tag, label))
    return tuple(handlers), position


def _read_fence(data: bytes, position: int) -> tuple[int, int]:
    if data[position]:
        raise DecodeError("zero byte expected", offset=position)
    return 0, position + 1


def _take(data: bytes, position: int, size: int) -> bytes:
    taken = data[position : position + size]
    if len(taken) < size:
        raise IndexError
    return taken


def _read_bits(size: int, data: bytes, position: int) -> tuple[int, int]:
    return int.from_bytes(_take(data, position, size), "little"), position + size


def _read_vector(data: bytes, position: int) -> tuple[bytes, int]:
    return bytes(_take(data, position, 16)), position + 16


def _write_labels(out: bytearray, labels: tuple[int, ...]) -> None:
    write_unsigned(out, len(labels) - 1)
    for label in labels:
        write_unsigned(out, label)


def _write_block_type(out: bytearray, type_: BlockType) -> None:
    if type_ is None:
        out.append(_NO_VALUES)
    elif isinstance(type_, int):
        write_signed(out, type_, 33)
    else:
        write_value_type(out, type_)


def _write_value_types(out: bytearray, types: tuple[ValueType, ...]) -> None:
    write_unsigned(out, len(types))
    for type_ in types:
        write_value_type(out, type_)


def _write_cast(out: bytearray, cast: Cast) -> None:
    out.append(_SOURCE_NULLABLE * cast.source.nullable | _TARGET_NULLABLE * cast.target.nullable)
    write_unsigned(out, cast.label)
    write_heap_type(out, cast.source)
    write_heap_type(out, cast.target)


def _write_memarg(out: bytearray, memarg: MemArg) -> None:
    if not 0 <= memarg.align < _MEMORY_FOLLOWS:
        raise WrtError(f"2**{memarg.align} is not an alignment that can be encoded")
    if memarg.memory:
        out.append(memarg.align | _MEMORY_FOLLOWS)
        write_unsigned(out, memarg.memory)
    else:
        out.append(memarg.align)
    write_unsigned(out, memarg.offset, 64)


def _write_catches(out: bytearray, catches: tuple[Catch, ...]) -> None:
    write_unsigned(out, len(catches))
    for catch in catches:
        out.append(catch.kind.value)
        if catch.tag is not None:
            write_unsigned(out, catch.tag)
        write_unsigned(out, catch.label)


def _write_handlers(out: bytearray, handlers: tuple[Handler, ...]) -> None:
    write_unsigned(out, len(handlers))
    for handler in handlers:
        out.append(_ON_SWITCH if handler.label is None else _ON_LABEL)
        write_unsigned(out, handler.tag)
        if handler.label is not None:
            write_unsigned(out, handler.label)


def _write_bits(size: int, out: bytearray, bits: int) -> None:
    out += bits.to_bytes(size, "little")


def _write_bytes(size: int, out: bytearray, value: bytes | tuple[int, ...]) -> None:
    if len(value) != size:
        raise WrtError(f"{size} bytes expected, not {len(value)}")
    out += bytes(value)


_INDEX: tuple[Read, Write] = (read_unsigned, write_unsigned)

_FORMATS: dict[Immediate, tuple[Read, Write]] = {
    Immediate.BLOCK_TYPE: (_read_block_type, _write_block_type),
    Immediate.LABEL: _INDEX,
    Immediate.LABELS: (_read_labels, _write_labels),
    Immediate.FUNC: _INDEX,
    Immediate.TYPE: _INDEX,
    Immediate.TABLE: _INDEX,
    Immediate.MEMORY: _INDEX,
    Immediate.GLOBAL: _INDEX,
    Immediate.LOCAL: _INDEX,
    Immediate.TAG: _INDEX,
    Immediate.ELEM: _INDEX,
    Immediate.DATA: _INDEX,
    Immediate.FIELD: _INDEX,
    Immediate.COUNT: _INDEX,
    Immediate.VALUE_TYPES: (_read_value_types, _write_value_types),
    Immediate.HEAP_TYPE: (partial(read_heap_type, nullable=False), write_heap_type),
    Immediate.CAST: (_read_cast, _write_cast),
    Immediate.MEMARG: (_read_memarg, _write_memarg),
    Immediate.LANE: (_read_byte, bytearray.append),
    Immediate.LANES: (_read_lanes, partial(_write_bytes, 16)),
    Immediate.CATCHES: (_read_catches, _write_catches),
    Immediate.HANDLERS: (_read_handlers, _write_handlers),
    Immediate.FENCE: (_read_fence, bytearray.append),
    Immediate.I32: (read_signed, write_signed),
    Immediate.I64: (partial(read_signed, bits=64), partial(write_signed, bits=64)),
    Immediate.F32: (partial(_read_bits, 4), partial(_write_bits, 4)),
    Immediate.F64: (partial(_read_bits, 8), partial(_write_bits, 8)),
    Immediate.V128: (_read_vector, partial(_write_bytes, 16)),
}

_NULLABLE_TARGET = {"ref.null", "ref.test_null", "ref.cast_null", "ref.cast_desc_eq_null"}
"""Instructions whose heap type means a nullable reference: their codes say so, not their immediates."""


def reader_of(instruction: Instruction) -> Read | None:
    """Return what reads all immediates of an instruction: one value, or the tuple of several; None if it has none."""
    readers = [_FORMATS[immediate][0] for immediate in instruction.immediates]
    if instruction.name in _NULLABLE_TARGET:
        readers = [partial(read_heap_type, nullable=True)]
    if not readers:
        return None
    if len(readers) == 1:
        return readers[0]

    def read_all(data: bytes, position: int) -> tuple[Any, int]:
        values = []
        for read in readers:
            value, position = read(data, position)
            values.append(value)
        return tuple(values), position

    return read_all


def writer_of(instruction: Instruction) -> Write:
    """Return what writes all immediates of an instruction, from the form in which `reader_of` gives them."""
    writers = [_FORMATS[immediate][1] for immediate in instruction.immediates]
    if not writers:
        return _write_nothing
    if len(writers) == 1:
        return writers[0]

    def write_all(out: bytearray, values: tuple[Any, ...]) -> None:
        for write, value in zip(writers, values, strict=True):
            write(out, value)

    return write_all


def _write_nothing(out: bytearray, value: None) -> None:
    if value is not None:
        raise WrtError(f"the instruction has no immediates, but {value!r} was given")
