"""Aggregates: structures, arrays and unboxed scalars (specification, section 4.2.12).

Python's own collector is the garbage collector. Identity of references is identity of objects, except for
`I31`s, which are compared by value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from struct import iter_unpack
from typing import Any

from wrt_core.runtime.to_host import to_host
from wrt_core.runtime.typed_reference import TypedReference
from wrt_foundation.canonical import DefinedType
from wrt_foundation.errors import ValueRangeError
from wrt_foundation.traps import Exhaustion, Trap, TrapCode
from wrt_foundation.types import ArrayType, FieldType, NumType, PackedType, StructType
from wrt_foundation.values import f32_from_bits

__all__ = ["I31", "Array", "Struct", "default_of", "make_i31", "ref_eq"]

ARRAY_LIMIT = 1 << 27
"""Elements of one array: past it the guest traps, rather than have the host run out of memory."""


class I31(int):
    """An integer of 31 bits as a reference: an int in the signed range, whose identity is its value.

    A host makes one of any value in the signed or unsigned range; others raise `ValueRangeError`.
    """

    __slots__ = ()

    def __new__(cls, value: int) -> I31:
        """Make one, of the value in the signed range."""
        if not -0x4000_0000 <= value <= 0x7FFF_FFFF:
            raise ValueRangeError(f"out of range of 31 bits: {value}")
        return super().__new__(cls, (value & 0x7FFF_FFFF ^ 0x4000_0000) - 0x4000_0000)

    def __repr__(self) -> str:
        return f"I31({int(self)})"


make_i31: Callable[[int], I31] = partial(int.__new__, I31)
"""Make an `I31` of a number that is known to be in the signed range; for engines."""


class Struct(TypedReference):
    """A structure; `struct[i]` is field `i` as a Python value.

    `fields` has the values in the engines' representation, packed ones unsigned. `descriptor` is the structure that
    describes this one, if its type has such (custom descriptors). Belongs to whoever refers to it.
    """

    __slots__ = ("descriptor", "fields")

    def __init__(self, type_: DefinedType, fields: list[Any], descriptor: Struct | None = None) -> None:
        self.type = type_
        self.fields = fields
        self.descriptor = descriptor

    def __len__(self) -> int:
        return len(self.fields)

    def __getitem__(self, index: int) -> Any:
        composite = self.type.composite
        assert isinstance(composite, StructType)
        return to_host(composite.fields[index].value)(self.fields[index])

    def __repr__(self) -> str:
        return f"<Struct {self.type} of {len(self.fields)} fields>"


class Array(TypedReference):
    """An array; `len(array)` and `array[i]`, as a Python value, are what a host sees of it.

    `elements` has the values in the engines' representation, packed ones unsigned. Belongs to whoever refers to it.
    """

    __slots__ = ("elements",)

    def __init__(self, type_: DefinedType, elements: list[Any]) -> None:
        self.type = type_
        self.elements = elements

    def __len__(self) -> int:
        return len(self.elements)

    def __getitem__(self, index: int) -> Any:
        return to_host(_field(self.type).value)(self.elements[index])

    def __repr__(self) -> str:
        return f"<Array {self.type} of {len(self.elements)} elements>"


def default_of(field: FieldType) -> Any:
    """The default value of a field: zero or null."""
    storage = field.storage
    if isinstance(storage, PackedType) or storage in (NumType.I32, NumType.I64):
        return 0
    if storage is NumType.V128:
        return bytes(16)
    return 0.0 if isinstance(storage, NumType) else None


def _field(type_: DefinedType) -> FieldType:
    composite = type_.composite
    assert isinstance(composite, ArrayType)
    return composite.field


def array_new(type_: DefinedType, value: Any, count: int) -> Array:
    """Make an array of `count` elements, each `value`. Raises `Exhaustion` past the limit, or what the host has."""
    if count > ARRAY_LIMIT:
        raise Exhaustion(TrapCode.ALLOCATION_TOO_LARGE)
    try:
        return Array(type_, [value] * count)
    except MemoryError:
        raise Exhaustion(TrapCode.ALLOCATION_TOO_LARGE) from None


def array_new_data(type_: DefinedType, data: bytes, offset: int, count: int) -> Array:
    """Make an array of `count` elements from a data segment."""
    return Array(type_, _from_data(type_, data, offset, count))


def array_new_elem(type_: DefinedType, segment: Sequence[Any], offset: int, count: int) -> Array:
    """Make an array of `count` references from an element segment."""
    if offset + count > len(segment):
        raise Trap(TrapCode.TABLE_OUT_OF_BOUNDS)
    return Array(type_, list(segment[offset : offset + count]))


_FORMATS = {
    PackedType.I8: "<B",
    PackedType.I16: "<H",
    NumType.I32: "<I",
    NumType.I64: "<Q",
    NumType.F32: "<I",
    NumType.F64: "<d",
    NumType.V128: "<16s",
}


def _from_data(type_: DefinedType, data: bytes, offset: int, count: int) -> list[Any]:
    storage = _field(type_).storage
    assert not isinstance(storage, tuple)
    width = storage.bits // 8  # type: ignore[union-attr]
    end = offset + count * width
    if end > len(data):
        raise Trap(TrapCode.MEMORY_OUT_OF_BOUNDS)
    values = [each for (each,) in iter_unpack(_FORMATS[storage], data[offset:end])]  # type: ignore[index]
    return [f32_from_bits(each) for each in values] if storage is NumType.F32 else values


def _present(array: Array | None) -> Array:
    if array is None:
        raise Trap(TrapCode.NULL_ARRAY_REFERENCE)
    return array


def _within(array: Array | None, index: int, count: int) -> list[Any]:
    elements = _present(array).elements
    if index + count > len(elements):
        raise Trap(TrapCode.ARRAY_OUT_OF_BOUNDS)
    return elements


def array_fill(array: Array | None, index: int, value: Any, count: int) -> None:
    """Set `count` elements from `index` on, as `array.fill` does."""
    elements = _within(array, index, count)
    elements[index : index + count] = [value] * count


def array_copy(to: Array | None, to_index: int, from_: Array | None, from_index: int, count: int) -> None:
    """Copy `count` elements, as `array.copy` does; the ranges may overlap."""
    _present(to)
    _present(from_)
    target = _within(to, to_index, count)
    source = _within(from_, from_index, count)
    target[to_index : to_index + count] = source[from_index : from_index + count]


def array_init_data(array: Array | None, index: int, offset: int, count: int, data: bytes) -> None:
    """Set `count` elements from a data segment, as `array.init_data` does."""
    elements = _within(array, index, count)
    assert array is not None
    elements[index : index + count] = _from_data(array.type, data, offset, count)


def array_init_elem(array: Array | None, index: int, offset: int, count: int, segment: Sequence[Any]) -> None:
    """Set `count` elements from an element segment, as `array.init_elem` does."""
    elements = _within(array, index, count)
    if offset + count > len(segment):
        raise Trap(TrapCode.TABLE_OUT_OF_BOUNDS)
    elements[index : index + count] = segment[offset : offset + count]


def ref_eq(a: object, b: object) -> bool:
    """Say whether two references are equal."""
    return a is b or (type(a) is I31 and type(b) is I31 and a == b)
