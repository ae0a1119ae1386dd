"""Evaluating constant expressions (specification, section 3.4.14): what initialises globals, tables and segments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from wrt_core.numerics import NUMERICS
from wrt_core.runtime.aggregates import I31, Array, Struct, array_new, default_of
from wrt_core.runtime.instance import Instance
from wrt_foundation.binary.instructions import read_instructions
from wrt_foundation.canonical import DefinedType
from wrt_foundation.module import Expression
from wrt_foundation.traps import Trap, TrapCode
from wrt_foundation.types import ArrayType, FieldType, PackedType, StructType
from wrt_foundation.values import f32_from_bits, f64_from_bits

__all__ = ["evaluate"]

_CONSTANTS: dict[str, Callable[[Any], Any]] = {
    "i32.const": lambda value: value & 0xFFFF_FFFF,
    "i64.const": lambda value: value & 0xFFFF_FFFF_FFFF_FFFF,
    "f32.const": f32_from_bits,
    "f64.const": f64_from_bits,
    "v128.const": bytes,
    "ref.null": lambda _: None,
}


_SAME = frozenset(("end", "any.convert_extern", "extern.convert_any"))
"""Instructions that leave the stack as it is: a reference is the same object on both sides."""


def evaluate(expression: Expression, instance: Instance) -> Any:
    """Return the value of a validated constant expression, in the engines' representation.

    `instance` has what it may refer to: functions, and the globals that are defined so far.
    """
    stack: list[Any] = []
    new = _UNCOUNTED if instance.heap is None else instance.heap.names()
    for instruction, immediate, _ in read_instructions(expression.code, expression.offset):
        name = instruction.name
        if name in _CONSTANTS:
            stack.append(_CONSTANTS[name](immediate))
        elif name == "global.get":
            stack.append(instance.globals[immediate].raw)
        elif name == "ref.func":
            stack.append(instance.functions[immediate])
        elif name in NUMERICS:
            right, left = stack.pop(), stack.pop()
            stack.append(NUMERICS[name](left, right))
        elif name in _AGGREGATES:
            _AGGREGATES[name](stack, instance.module.types, immediate, new)
        elif name not in _SAME:
            raise AssertionError(f"not in a constant expression: {name}")
    return stack.pop()


Makers = Mapping[str, Callable[..., Any]]
_UNCOUNTED: Makers = {"Struct": Struct, "Array": Array, "array_new": array_new}
"""What makes structures and arrays where no heap counts them."""


def _take(stack: list[Any], fields: Sequence[FieldType]) -> list[Any]:
    """Pop values for fields, packed ones cut to their width."""
    values = stack[len(stack) - len(fields) :]
    del stack[len(stack) - len(fields) :]
    return [
        value & (1 << field.storage.bits) - 1 if isinstance(field.storage, PackedType) else value
        for field, value in zip(fields, values, strict=True)
    ]


def _struct_new(stack: list[Any], types: Sequence[DefinedType], index: int, new: Makers) -> None:
    composite = types[index].composite
    assert isinstance(composite, StructType)
    stack.append(new["Struct"](types[index], _take(stack, composite.fields)))


def _struct_new_default(stack: list[Any], types: Sequence[DefinedType], index: int, new: Makers) -> None:
    composite = types[index].composite
    assert isinstance(composite, StructType)
    stack.append(new["Struct"](types[index], [default_of(field) for field in composite.fields]))


def _described(make: Callable[..., None]) -> Callable[..., None]:
    def with_descriptor(stack: list[Any], types: Sequence[DefinedType], index: int, new: Makers) -> None:
        descriptor = stack.pop()
        if descriptor is None:
            raise Trap(TrapCode.NULL_DESCRIPTOR_REFERENCE)
        make(stack, types, index, new)
        stack[-1].descriptor = descriptor

    return with_descriptor


def _element(types: Sequence[DefinedType], index: int) -> FieldType:
    composite = types[index].composite
    assert isinstance(composite, ArrayType)
    return composite.field


def _array_new(stack: list[Any], types: Sequence[DefinedType], index: int, new: Makers) -> None:
    count = stack.pop()
    (value,) = _take(stack, (_element(types, index),))
    stack.append(new["array_new"](types[index], value, count))


def _array_new_default(stack: list[Any], types: Sequence[DefinedType], index: int, new: Makers) -> None:
    stack.append(new["array_new"](types[index], default_of(_element(types, index)), stack.pop()))


def _array_new_fixed(stack: list[Any], types: Sequence[DefinedType], immediates: tuple[int, int], new: Makers) -> None:
    index, count = immediates
    stack.append(new["Array"](types[index], _take(stack, (_element(types, index),) * count)))


def _ref_i31(stack: list[Any], types: Sequence[DefinedType], _: None, new: Makers) -> None:
    stack.append(I31(stack.pop() & 0x7FFF_FFFF))


_AGGREGATES: dict[str, Callable[[list[Any], Sequence[DefinedType], Any, Makers], None]] = {
    "struct.new": _struct_new,
    "struct.new_default": _struct_new_default,
    "struct.new_desc": _described(_struct_new),
    "struct.new_default_desc": _described(_struct_new_default),
    "array.new": _array_new,
    "array.new_default": _array_new_default,
    "array.new_fixed": _array_new_fixed,
    "ref.i31": _ref_i31,
}
