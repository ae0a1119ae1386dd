"""Typing rules of structures and arrays.

Specification, section 3.4.8 "Aggregate Instructions". With custom descriptors, what is made is known
exactly, and a structure whose type has a descriptor is made with `struct.new_desc` alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wrt_core.validation.body import Body
from wrt_core.validation.tables import check_storable
from wrt_foundation.errors import ValidationError
from wrt_foundation.instructions import Instruction
from wrt_foundation.subtyping import matches
from wrt_foundation.types import I32, FieldType, PackedType, RefType

__all__ = ["SPECIALS", "check_defaults", "push_new"]


def check_defaults(body: Body, index: int) -> None:
    """Check that all values of the structure type at `index` have a default: all but references without null."""
    context = body.context
    if index in context.made_by_default:
        return
    for number, type_ in enumerate(context.struct_values_at(index)):
        if isinstance(type_, RefType) and not type_.nullable:
            raise ValidationError(f"type mismatch: field {number} of type {type_} has no default value")
    context.made_by_default.add(index)


def push_new(body: Body, index: int) -> None:
    """Push the reference to a fresh aggregate of the type at `index`."""
    body.stack.append(body.context.reference_to(index, exact=True))


def _check_no_descriptor(body: Body, index: int) -> None:
    if body.context.type(index).descriptor is not None:
        raise ValidationError(f"type with descriptor requires descriptor allocation: type {index}")


def _struct_new(body: Body, instruction: Instruction, index: int) -> None:
    values = body.context.struct_values_at(index)
    _check_no_descriptor(body, index)
    body.pop_all(values)
    push_new(body, index)


def _struct_new_default(body: Body, instruction: Instruction, index: int) -> None:
    check_defaults(body, index)
    _check_no_descriptor(body, index)
    push_new(body, index)


def _check_packing(instruction: Instruction, field: FieldType) -> None:
    packed = isinstance(field.storage, PackedType)
    extending = instruction.keyword.endswith(("_s", "_u"))
    if packed is not extending:
        raise ValidationError(
            f"type mismatch: {instruction.keyword} does not read {'a packed' if packed else 'an unpacked'} field"
        )


def _field(body: Body, index: int, number: int) -> FieldType:
    fields = body.context.struct_type_at(index).fields
    if number >= len(fields):
        raise ValidationError(f"unknown field {number}: type {index} has {len(fields)}")
    return fields[number]


def _struct_get(body: Body, instruction: Instruction, immediate: tuple[int, int]) -> None:
    index, number = immediate
    field = _field(body, index, number)
    _check_packing(instruction, field)
    body.pop(body.context.reference_to(index, nullable=True))
    body.stack.append(field.value)


def _struct_set(body: Body, instruction: Instruction, immediate: tuple[int, int]) -> None:
    index, number = immediate
    field = _field(body, index, number)
    if not field.mutable:
        raise ValidationError(f"immutable field {number} of type {index}")
    body.pop(field.value)
    body.pop(body.context.reference_to(index, nullable=True))


def _mutable_array(body: Body, index: int) -> FieldType:
    field = body.context.array_type_at(index)
    if not field.mutable:
        raise ValidationError(f"immutable array: type {index}")
    return field


def _array_new(body: Body, instruction: Instruction, index: int) -> None:
    field = body.context.array_type_at(index)
    body.pop_all((field.value, I32))
    push_new(body, index)


def _array_new_default(body: Body, instruction: Instruction, index: int) -> None:
    type_ = body.context.array_type_at(index).value
    if isinstance(type_, RefType) and not type_.nullable:
        raise ValidationError(f"type mismatch: an element of type {type_} has no default value")
    body.pop(I32)
    push_new(body, index)


def _array_new_fixed(body: Body, instruction: Instruction, immediate: tuple[int, int]) -> None:
    index, count = immediate
    value = body.context.array_type_at(index).value
    frame = body.frames[-1]
    for _ in range(count):
        # In unreachable code the count is not bounded by what lies on the stack, but the work is.
        if len(body.stack) - 1 == frame.height:
            body.pop(value)
            break
        body.pop(value)
    push_new(body, index)


def _check_plain(field: FieldType, index: int) -> None:
    if isinstance(field.value, RefType):
        raise ValidationError(f"array type is not numeric or vector: type {index}")


def _array_new_data(body: Body, instruction: Instruction, immediate: tuple[int, int]) -> None:
    index, data = immediate
    _check_plain(body.context.array_type_at(index), index)
    body.context.data(data)
    body.pop_all((I32, I32))
    push_new(body, index)


def _check_segment(body: Body, field: FieldType, index: int, element: int) -> None:
    source = body.context.element(element)
    if not isinstance(field.storage, RefType):
        raise ValidationError(f"type mismatch: the elements of type {index} are no references")
    check_storable(source, field.storage, "an element segment's references")


def _array_new_elem(body: Body, instruction: Instruction, immediate: tuple[int, int]) -> None:
    index, element = immediate
    _check_segment(body, body.context.array_type_at(index), index, element)
    body.pop_all((I32, I32))
    push_new(body, index)


def _array_get(body: Body, instruction: Instruction, index: int) -> None:
    field = body.context.array_type_at(index)
    _check_packing(instruction, field)
    body.pop_all((body.context.reference_to(index, nullable=True), I32))
    body.stack.append(field.value)


def _array_set(body: Body, instruction: Instruction, index: int) -> None:
    field = _mutable_array(body, index)
    body.pop_all((body.context.reference_to(index, nullable=True), I32, field.value))


def _array_fill(body: Body, instruction: Instruction, index: int) -> None:
    field = _mutable_array(body, index)
    body.pop_all((body.context.reference_to(index, nullable=True), I32, field.value, I32))


def _array_copy(body: Body, instruction: Instruction, immediate: tuple[int, int]) -> None:
    destination, source = immediate
    target = _mutable_array(body, destination).storage
    given = body.context.array_type_at(source).storage
    packed = isinstance(target, PackedType) or isinstance(given, PackedType)
    if target is not given and (packed or not matches(given, target)):  # type: ignore[arg-type]
        raise ValidationError(f"array types do not match: expected {target}, found {given}")
    to, of = (body.context.reference_to(index, nullable=True) for index in immediate)
    body.pop_all((to, I32, of, I32, I32))


def _array_init_data(body: Body, instruction: Instruction, immediate: tuple[int, int]) -> None:
    index, data = immediate
    _check_plain(_mutable_array(body, index), index)
    body.context.data(data)
    body.pop_all((body.context.reference_to(index, nullable=True), I32, I32, I32))


def _array_init_elem(body: Body, instruction: Instruction, immediate: tuple[int, int]) -> None:
    index, element = immediate
    _check_segment(body, _mutable_array(body, index), index, element)
    body.pop_all((body.context.reference_to(index, nullable=True), I32, I32, I32))


SPECIALS: dict[str, Callable[[Body, Instruction, Any], None]] = {
    "struct.new": _struct_new,
    "struct.new_default": _struct_new_default,
    "struct.get": _struct_get,
    "struct.get_s": _struct_get,
    "struct.get_u": _struct_get,
    "struct.set": _struct_set,
    "array.new": _array_new,
    "array.new_default": _array_new_default,
    "array.new_fixed": _array_new_fixed,
    "array.new_data": _array_new_data,
    "array.new_elem": _array_new_elem,
    "array.get": _array_get,
    "array.get_s": _array_get,
    "array.get_u": _array_get,
    "array.set": _array_set,
    "array.fill": _array_fill,
    "array.copy": _array_copy,
    "array.init_data": _array_init_data,
    "array.init_elem": _array_init_elem,
}
"""The instructions that this file types, by name."""
