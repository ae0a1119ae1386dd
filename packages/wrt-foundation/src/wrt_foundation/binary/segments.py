"""The binary format of element and data segments (sections 5.5.12 and 5.5.14)."""

from __future__ import annotations

from wrt_foundation.binary.leb128 import write_unsigned
from wrt_foundation.binary.reader import Reader
from wrt_foundation.binary.types import read_ref_type, write_ref_type
from wrt_foundation.errors import DecodeError, WrtError
from wrt_foundation.module import DataSegment, ElementSegment, Mode
from wrt_foundation.types import FUNCREF, AbstractHeapType, RefType

__all__ = ["read_data_segment", "read_element_segment", "write_data_segment", "write_element_segment"]

_NOT_ACTIVE, _EXPLICIT_INDEX, _EXPRESSIONS = 1, 2, 4
"""Bits of an element segment's flags; a segment that is not active is declarative where it has the second bit."""

_FUNCTION_KIND = 0
_FUNCTIONS = RefType(False, AbstractHeapType.FUNC)
"""The type of a segment that lists function indices: none of them is null."""


def read_element_segment(reader: Reader) -> ElementSegment:
    """Read an element segment."""
    start = reader.position
    flags = reader.unsigned()
    if flags > _NOT_ACTIVE | _EXPLICIT_INDEX | _EXPRESSIONS:
        raise DecodeError("malformed elements segment kind", offset=start)
    table, offset = 0, None
    if flags & _NOT_ACTIVE:
        mode = Mode.DECLARATIVE if flags & _EXPLICIT_INDEX else Mode.PASSIVE
    else:
        mode = Mode.ACTIVE
        if flags & _EXPLICIT_INDEX:
            table = reader.unsigned()
        offset = reader.expression()
    type_ = FUNCREF if flags & _EXPRESSIONS else _FUNCTIONS
    if flags & (_NOT_ACTIVE | _EXPLICIT_INDEX):
        if flags & _EXPRESSIONS:
            type_ = reader.take(read_ref_type)
        else:
            start = reader.position
            if reader.byte() != _FUNCTION_KIND:
                raise DecodeError("malformed element kind", offset=start)
    limit = reader.limits.element_segment_items
    if flags & _EXPRESSIONS:
        expressions = tuple(reader.vector(Reader.expression, "elements", limit))
        return ElementSegment(mode, type_, (), expressions, table, offset, flags)
    functions = tuple(reader.indices("elements", limit))
    return ElementSegment(mode, type_, functions, (), table, offset, flags)


def read_data_segment(reader: Reader) -> DataSegment:
    """Read a data segment."""
    start = reader.position
    flags = reader.unsigned()
    if flags > _EXPLICIT_INDEX:
        raise DecodeError("malformed data segment kind", offset=start)
    if flags == _NOT_ACTIVE:
        return DataSegment(Mode.PASSIVE, reader.bytes(), flags=flags)
    memory = reader.unsigned() if flags else 0
    offset = reader.expression()
    return DataSegment(Mode.ACTIVE, reader.bytes(), memory, offset, flags)


def write_element_segment(out: bytearray, segment: ElementSegment) -> None:
    """Append an element segment.

    Its `flags` decide only where the binary format has two ways to say the same. Raises `WrtError`
    for a segment that contradicts itself.
    """
    if segment.functions and (segment.expressions or segment.type != _FUNCTIONS):
        raise WrtError("a segment of function indices has the type (ref func), and no expressions")
    if (segment.mode is Mode.ACTIVE) is (segment.offset is None):
        raise WrtError("active segments have an offset, others have none")
    as_expressions = bool(segment.expressions) or segment.type != _FUNCTIONS
    if not segment.functions and not segment.expressions and segment.flags & _EXPRESSIONS:
        as_expressions = True
    default_type = FUNCREF if as_expressions else _FUNCTIONS
    flags = _EXPRESSIONS * as_expressions
    if segment.mode is not Mode.ACTIVE:
        flags |= _NOT_ACTIVE | _EXPLICIT_INDEX * (segment.mode is Mode.DECLARATIVE)
    elif segment.table or segment.type != default_type or segment.flags & _EXPLICIT_INDEX:
        flags |= _EXPLICIT_INDEX
    write_unsigned(out, flags)
    if segment.offset is not None:
        if flags & _EXPLICIT_INDEX:
            write_unsigned(out, segment.table)
        out += segment.offset.code
    if flags & (_NOT_ACTIVE | _EXPLICIT_INDEX):
        if as_expressions:
            write_ref_type(out, segment.type)
        else:
            out.append(_FUNCTION_KIND)
    write_unsigned(out, len(segment))
    for expression in segment.expressions:
        out += expression.code
    for function in segment.functions:
        write_unsigned(out, function)


def write_data_segment(out: bytearray, segment: DataSegment) -> None:
    """Append a data segment; its `flags` decide only where the binary format has two ways to say the same.

    Raises `WrtError` for a segment that contradicts itself.
    """
    if (segment.mode is Mode.ACTIVE) is (segment.offset is None) or segment.mode is Mode.DECLARATIVE:
        raise WrtError("a data segment is active and has an offset, or passive and has none")
    if segment.offset is None:
        write_unsigned(out, _NOT_ACTIVE)
    else:
        explicit = bool(segment.memory) or segment.flags == _EXPLICIT_INDEX
        write_unsigned(out, _EXPLICIT_INDEX if explicit else 0)
        if explicit:
            write_unsigned(out, segment.memory)
        out += segment.offset.code
    write_unsigned(out, len(segment.data))
    out += segment.data
