"""Structures and arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from wrt_foundation.errors import ValidationError
from wrt_foundation.features import WASM_3_0
from wrt_foundation.module import DataSegment, ElementSegment, Mode
from wrt_foundation.types import (
    ANYREF,
    EXTERNREF,
    F32,
    FUNCREF,
    I32,
    I64,
    AbstractHeapType,
    ArrayType,
    FieldType,
    PackedType,
    RefType,
    StructType,
)

_NON_NULL = RefType(False, AbstractHeapType.FUNC)
PAIR, LOCKED, PARTIAL, BYTES, FLOATS, FUNCTIONS, WHOLE, ANYS = range(1, 9)
_TYPES = (
    StructType((FieldType(I64, True), FieldType(PackedType.I8, True))),
    StructType((FieldType(F32),)),
    StructType((FieldType(_NON_NULL),)),
    ArrayType(FieldType(PackedType.I8, True)),
    ArrayType(FieldType(F32)),
    ArrayType(FieldType(FUNCREF, True)),
    ArrayType(FieldType(_NON_NULL, True)),
    ArrayType(FieldType(ANYREF, True)),
)
_REST: dict[str, Any] = {
    "types": _TYPES,
    "data": [DataSegment(Mode.PASSIVE, b"")],
    "data_count": 1,
    "elements": [ElementSegment(Mode.PASSIVE, FUNCREF), ElementSegment(Mode.PASSIVE, EXTERNREF, flags=5)],
    "features": WASM_3_0,
}


def _to(index: int) -> RefType:
    return RefType(True, index)


def _new(index: int) -> RefType:
    return RefType(False, index)


SIGNATURES = {
    ("struct.new", PAIR): ((I64, I32), (_new(PAIR),)),
    ("struct.new_default", PAIR): ((), (_new(PAIR),)),
    ("struct.get", PAIR, 0): ((_to(PAIR),), (I64,)),
    ("struct.get_s", PAIR, 1): ((_to(PAIR),), (I32,)),
    ("struct.get_u", PAIR, 1): ((_to(PAIR),), (I32,)),
    ("struct.set", PAIR, 0): ((_to(PAIR), I64), ()),
    ("struct.set", PAIR, 1): ((_to(PAIR), I32), ()),
    ("array.new", BYTES): ((I32, I32), (_new(BYTES),)),
    ("array.new", FLOATS): ((F32, I32), (_new(FLOATS),)),
    ("array.new_default", FLOATS): ((I32,), (_new(FLOATS),)),
    ("array.new_fixed", FLOATS, 2): ((F32, F32), (_new(FLOATS),)),
    ("array.new_fixed", FLOATS, 0): ((), (_new(FLOATS),)),
    ("array.new_data", FLOATS, 0): ((I32, I32), (_new(FLOATS),)),
    ("array.new_elem", FUNCTIONS, 0): ((I32, I32), (_new(FUNCTIONS),)),
    ("array.get", FLOATS): ((_to(FLOATS), I32), (F32,)),
    ("array.get_s", BYTES): ((_to(BYTES), I32), (I32,)),
    ("array.get_u", BYTES): ((_to(BYTES), I32), (I32,)),
    ("array.set", FUNCTIONS): ((_to(FUNCTIONS), I32, FUNCREF), ()),
    ("array.fill", BYTES): ((_to(BYTES), I32, I32, I32), ()),
    ("array.copy", FUNCTIONS, WHOLE): ((_to(FUNCTIONS), I32, _to(WHOLE), I32, I32), ()),
    ("array.init_data", BYTES, 0): ((_to(BYTES), I32, I32, I32), ()),
    ("array.init_elem", FUNCTIONS, 0): ((_to(FUNCTIONS), I32, I32, I32), ()),
}
_signatures = pytest.mark.parametrize(("line", "signature"), SIGNATURES.items(), ids=lambda value: str(value[0]))


@_signatures
def test_signature(check: Callable[..., Any], line: tuple[Any, ...], signature: Any) -> None:
    params, results = signature
    check(*(("local.get", i) for i in range(len(params))), line, params=params, results=results, **_REST)


@_signatures
def test_each_operand_counts(check: Callable[..., Any], line: tuple[Any, ...], signature: Any) -> None:
    params, results = signature
    for wrong in range(len(params)):
        given = (*params[:wrong], EXTERNREF, *params[wrong + 1 :])
        with pytest.raises(ValidationError, match=f"^type mismatch: {line[0]} expected"):
            check(*(("local.get", i) for i in range(len(params))), line, params=given, results=results, **_REST)
    with pytest.raises(ValidationError, match="^type mismatch"):
        check(*(("local.get", i) for i in range(len(params))), line, params=params, results=(*results, I32), **_REST)


INVALID = {
    ("struct.new", 99): "unknown type 99",
    ("struct.new", BYTES): f"non-structure type {BYTES}",
    ("struct.new_default", PARTIAL): "type mismatch: field 0 of type (ref func) has no default value",
    ("struct.get", PAIR, 2): "unknown field 2",
    ("struct.set", PAIR, 2): "unknown field 2",
    ("struct.get", PAIR, 1): "type mismatch: struct.get does not read a packed field",
    ("struct.get_s", PAIR, 0): "type mismatch: struct.get_s does not read an unpacked field",
    ("struct.get_u", PAIR, 0): "type mismatch: struct.get_u does not read an unpacked field",
    ("struct.set", LOCKED, 0): "immutable field 0",
    ("array.new", PAIR): f"non-array type {PAIR}",
    ("array.new_default", WHOLE): "type mismatch: an element of type (ref func) has no default value",
    ("array.new_data", FUNCTIONS, 0): "array type is not numeric or vector",
    ("array.new_data", FLOATS, 1): "unknown data segment 1",
    ("array.new_elem", FLOATS, 0): f"type mismatch: the elements of type {FLOATS} are no references",
    ("array.new_elem", FUNCTIONS, 2): "unknown elem segment 2",
    ("array.new_elem", FUNCTIONS, 1): "type mismatch: an element segment's references of externref",
    ("array.new_elem", WHOLE, 0): "type mismatch: an element segment's references of funcref",
    ("array.get", BYTES): "type mismatch: array.get does not read a packed field",
    ("array.get_s", FLOATS): "type mismatch: array.get_s does not read an unpacked field",
    ("array.set", FLOATS): "immutable array",
    ("array.fill", FLOATS): "immutable array",
    ("array.copy", FLOATS, FLOATS): "immutable array",
    ("array.copy", BYTES, FLOATS): "array types do not match: expected i8, found f32",
    ("array.copy", WHOLE, FUNCTIONS): "array types do not match: expected (ref func), found funcref",
    ("array.copy", FUNCTIONS, ANYS): "array types do not match: expected funcref, found anyref",
    ("array.init_data", FLOATS, 0): "immutable array",
    ("array.init_data", FUNCTIONS, 0): "array type is not numeric or vector",
    ("array.init_elem", FLOATS, 0): "immutable array",
    ("array.init_elem", FUNCTIONS, 1): "type mismatch: an element segment's references of externref",
}


@pytest.mark.parametrize(("line", "message"), INVALID.items(), ids=str)
def test_invalid(check: Callable[..., Any], line: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        check("unreachable", line, "unreachable", **_REST)
    assert caught.value.message.startswith(message)


def test_new_fixed_takes_as_many_as_it_says(check: Callable[..., Any]) -> None:
    with pytest.raises(ValidationError, match="^type mismatch: array.new_fixed expected f32, found nothing"):
        check(("f32.const", 0), ("array.new_fixed", FLOATS, 2), "drop", **_REST)


def test_new_fixed_in_unreachable_code_does_no_more_work_than_there_is(check: Callable[..., Any]) -> None:
    check("unreachable", ("f32.const", 0), ("array.new_fixed", FLOATS, 2**32 - 1), "drop", **_REST)
    with pytest.raises(ValidationError, match="^type mismatch: array.new_fixed expected f32, found i32"):
        check("unreachable", ("i32.const", 0), ("array.new_fixed", FLOATS, 2**32 - 1), "drop", **_REST)
