"""Values by their types: integers as they are, floats by their bits, vectors as 16 bytes, references as words.

A word is 0 for null, odd for an unboxed scalar, whose 31 bits are above, and otherwise twice the number of an object.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from wrt_core.runtime.aggregates import I31
from wrt_core.runtime.references import membership
from wrt_foundation.errors import SnapshotError
from wrt_foundation.types import NumType, PackedType, RefType, StorageType
from wrt_foundation.values import f32_bits, f32_from_bits

__all__ = ["pack", "pack_many", "scalar_word", "unpack", "unpack_many"]

_CODES: dict[StorageType, str] = {
    PackedType.I8: "B",
    PackedType.I16: "H",
    NumType.I32: "I",
    NumType.I64: "Q",
    NumType.F32: "I",
    NumType.F64: "d",
    NumType.V128: "16s",
}

Word = Callable[[Any], int]
"""Returns the word of a reference."""
Referred = Callable[[int], Any]
"""Returns the reference that a word stands for."""


def scalar_word(value: I31) -> int:
    """Return the word of an unboxed scalar."""
    return (value & 0x7FFF_FFFF) << 1 | 1


@lru_cache(4096)
def _form(types: tuple[StorageType, ...]) -> struct.Struct:
    return struct.Struct("<" + "".join([_CODES.get(each, "I") for each in types]))


def pack(types: Sequence[StorageType], values: Sequence[Any], word: Word) -> bytes:
    """Return values as bytes."""
    if len(types) != len(values):
        raise SnapshotError(f"there are {len(values)} values of {len(types)} types")
    raw = [
        word(value) if isinstance(type_, RefType) else f32_bits(value) if type_ is NumType.F32 else value
        for type_, value in zip(types, values, strict=True)
    ]
    return _packed(_form(tuple(types)), raw)


def unpack(types: Sequence[StorageType], data: bytes, referred: Referred) -> tuple[Any, ...]:
    """Return the values that bytes are. Raises `SnapshotError` for too many or few, and references of other types."""
    form = _form(tuple(types))
    if form.size != len(data):
        raise SnapshotError(
            f"the snapshot does not fit the module: {form.size} bytes of values expected, {len(data)} found"
        )
    return tuple(
        [
            _checked(type_, referred(raw))
            if isinstance(type_, RefType)
            else f32_from_bits(raw)
            if type_ is NumType.F32
            else raw
            for type_, raw in zip(types, form.unpack(data), strict=True)
        ]
    )


def pack_many(type_: StorageType, values: Sequence[Any], word: Word) -> bytes:
    """Return values of one type as bytes."""
    if isinstance(type_, RefType):
        values = [word(each) for each in values]
    elif type_ is NumType.F32:
        values = [f32_bits(each) for each in values]
    return _packed(
        struct.Struct(
            f"<{_CODES.get(type_, 'I') * len(values)}"
            if type_ is NumType.V128
            else f"<{len(values)}{_CODES.get(type_, 'I')}"
        ),
        values,
    )


def unpack_many(type_: StorageType, data: bytes, count: int | None, referred: Referred) -> list[Any]:
    """Return the values of one type that bytes are, `count` of them unless None. Raises `SnapshotError` as `unpack`."""
    code = _CODES.get(type_, "I")
    size = struct.calcsize("<" + code)
    if len(data) % size or (count is not None and count * size != len(data)):
        raise SnapshotError(f"the snapshot does not fit the module: {len(data)} bytes are not so many {type_}")
    values = [each for (each,) in struct.iter_unpack("<" + code, data)]
    if isinstance(type_, RefType):
        return [_checked(type_, referred(each)) for each in values]
    return [f32_from_bits(each) for each in values] if type_ is NumType.F32 else values


def _packed(form: struct.Struct, values: Sequence[Any]) -> bytes:
    try:
        return form.pack(*values)
    except struct.error as error:
        raise SnapshotError(f"the engine holds a value in no form that can be saved: {error}") from None


def _checked(type_: RefType, value: Any) -> Any:
    if not membership(type_)(value):
        kind = "null" if value is None else f"a {type(value).__name__}"
        raise SnapshotError(f"the snapshot does not fit the module: {type_} expected, and it has {kind}")
    return value
