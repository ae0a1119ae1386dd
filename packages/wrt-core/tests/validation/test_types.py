"""The type section: indices, supertypes, finality, depth, descriptors, continuations."""

from __future__ import annotations

from typing import Any

import pytest

from wrt_core.validation import validate
from wrt_foundation.errors import UnsupportedFeature, ValidationError
from wrt_foundation.features import ALL, WASM_3_0, Feature
from wrt_foundation.limits import ImplementationLimits
from wrt_foundation.module import Module
from wrt_foundation.types import (
    ANYREF,
    FUNCREF,
    I32,
    I64,
    AbstractHeapType,
    ArrayType,
    ContType,
    FieldType,
    FuncType,
    PackedType,
    RecType,
    RefType,
    StructType,
    SubType,
)

_EQ = RefType(True, AbstractHeapType.EQ)


def _open(composite: Any, *supertypes: int, **rest: Any) -> SubType:
    return SubType(composite, supertypes, final=False, **rest)


def _struct(*storages: Any, mutable: bool = False) -> StructType:
    return StructType(tuple(FieldType(storage, mutable) for storage in storages))


def _to(index: int) -> RefType:
    return RefType(True, index)


EMPTY = _struct()

VALID: dict[str, list[list[SubType]]] = {
    "forward reference within a group": [[SubType(FuncType((_to(1),))), SubType(FuncType((_to(0),)))]],
    "reference to itself": [[SubType(FuncType((_to(0),)))]],
    "wider struct": [[_open(_struct(I32))], [_open(_struct(I32, I64), 0)]],
    "narrower field": [[_open(_struct(ANYREF))], [_open(_struct(_EQ), 0)]],
    "narrower element": [[_open(ArrayType(FieldType(ANYREF)))], [_open(ArrayType(FieldType(_EQ)), 0)]],
    "wider parameter, narrower result": [[_open(FuncType((_EQ,), (ANYREF,)))], [_open(FuncType((ANYREF,), (_EQ,)), 0)]],
    "supertype in the same group": [[_open(EMPTY), SubType(EMPTY, (0,))]],
    "continuation": [[SubType(FuncType())], [SubType(ContType(0))]],
    "continuation of a later function": [[SubType(ContType(1)), SubType(FuncType())]],
    "descriptor": [[SubType(EMPTY, descriptor=1), SubType(EMPTY, describes=0)]],
    "descriptor of a subtype": [
        [_open(EMPTY, descriptor=1), _open(EMPTY, describes=0)],
        [_open(EMPTY, 0, descriptor=3), _open(EMPTY, 1, describes=2)],
    ],
    "descriptor that the supertype has not": [
        [_open(EMPTY)],
        [_open(EMPTY, 0, descriptor=2), _open(EMPTY, describes=1)],
    ],
}


def _module(groups: list[list[SubType]]) -> Module:
    return Module(types=[RecType(tuple(group), explicit=len(group) > 1) for group in groups])


@pytest.mark.parametrize("groups", VALID.values(), ids=VALID)
def test_valid(groups: list[list[SubType]]) -> None:
    assert len(validate(_module(groups), features=ALL).types) == sum(map(len, groups))


INVALID: dict[str, tuple[list[list[SubType]], str]] = {
    "reference to a later group": ([[SubType(FuncType((_to(1),)))], [SubType(FuncType())]], "unknown type 1"),
    "reference to nothing": ([[SubType(_struct(_to(5)))]], "unknown type 5"),
    "element of nothing": ([[SubType(ArrayType(FieldType(_to(5))))]], "unknown type 5"),
    "result of nothing": ([[SubType(FuncType((), (_to(5),)))]], "unknown type 5"),
    "supertype is itself": ([[_open(EMPTY, 0)]], "unknown type 0"),
    "supertype comes later": ([[_open(EMPTY, 1), _open(EMPTY)]], "unknown type 1"),
    "supertype is nothing": ([[_open(EMPTY, 9)]], "unknown type 9"),
    "two supertypes": ([[_open(EMPTY), _open(EMPTY), SubType(EMPTY, (0, 1))]], "sub type 2 has more than one"),
    "final supertype": ([[SubType(EMPTY)], [SubType(EMPTY, (0,))]], "sub type 1 has final super type 0"),
    "narrower struct": ([[_open(_struct(I32))], [_open(EMPTY, 0)]], "sub type 1 does not match super type 0"),
    "other field": ([[_open(_struct(I32))], [_open(_struct(I64), 0)]], "sub type 1 does not match super type 0"),
    "packed field": (
        [[_open(_struct(PackedType.I8))], [_open(_struct(PackedType.I16), 0)]],
        "sub type 1 does not match super type 0",
    ),
    "mutable field, narrower": (
        [[_open(_struct(ANYREF, mutable=True))], [_open(_struct(_EQ, mutable=True), 0)]],
        "sub type 1 does not match super type 0",
    ),
    "field becomes mutable": (
        [[_open(_struct(I32))], [_open(_struct(I32, mutable=True), 0)]],
        "sub type 1 does not match super type 0",
    ),
    "other kind": ([[_open(EMPTY)], [_open(FuncType(), 0)]], "sub type 1 does not match super type 0"),
    "narrower parameter": (
        [[_open(FuncType((ANYREF,)))], [_open(FuncType((_EQ,)), 0)]],
        "sub type 1 does not match super type 0",
    ),
    "continuation of a struct": ([[SubType(EMPTY)], [SubType(ContType(0))]], "non-function type 0"),
    "continuation of nothing": ([[SubType(ContType(3))]], "unknown type 3"),
    "descriptor in another group": (
        [[SubType(EMPTY, descriptor=1)], [SubType(EMPTY, describes=0)]],
        "descriptor type is outside rec group",
    ),
    "described in another group": (
        [[SubType(EMPTY)], [SubType(EMPTY, describes=0)]],
        "described type is outside rec group",
    ),
    "descriptor that describes nothing": (
        [[SubType(EMPTY, descriptor=1), SubType(EMPTY)]],
        "type is not described by its descriptor",
    ),
    "described by nothing": (
        [[SubType(EMPTY), SubType(EMPTY, describes=0)]],
        "described type is not described by descriptor",
    ),
    "descriptor before what it describes": (
        [[SubType(EMPTY, describes=1), SubType(EMPTY, descriptor=0)]],
        "forward use of described type 1",
    ),
    "descriptor of a function": (
        [[SubType(FuncType(), descriptor=1), SubType(EMPTY, describes=0)]],
        "descriptor type must be a struct",
    ),
    "function that describes": (
        [[SubType(EMPTY, descriptor=1), SubType(FuncType(), describes=0)]],
        "described type must be a struct",
    ),
    "subtype without descriptor": (
        [[_open(EMPTY, descriptor=1), _open(EMPTY, describes=0)], [_open(EMPTY, 0)]],
        "sub type 2 does not match super type 0",
    ),
    "subtype that describes nothing": (
        [[_open(EMPTY, descriptor=1), _open(EMPTY, describes=0)], [_open(EMPTY, 1)]],
        "sub type 2 does not match super type 1",
    ),
    "subtype that alone describes": (
        [[_open(EMPTY)], [_open(EMPTY, descriptor=2), _open(EMPTY, 0, describes=1)]],
        "sub type 2 does not match super type 0",
    ),
    "descriptor that is no subtype": (
        [
            [_open(EMPTY, descriptor=1), _open(EMPTY, describes=0)],
            [_open(EMPTY, 0, descriptor=3), _open(EMPTY, describes=2)],
        ],
        "descriptor type 3 does not match 1",
    ),
    "described type that is no subtype": (
        [
            [_open(EMPTY, descriptor=1), _open(EMPTY, describes=0)],
            [_open(EMPTY, descriptor=3), _open(EMPTY, 1, describes=2)],
        ],
        "described type 2 does not match 0",
    ),
}


@pytest.mark.parametrize(("groups", "message"), INVALID.values(), ids=INVALID)
def test_invalid(groups: list[list[SubType]], message: str) -> None:
    with pytest.raises(ValidationError, match=f"^{message}") as caught:
        validate(_module(groups), features=ALL)
    assert caught.value.section == "type"


def test_depth_of_subtyping_is_limited() -> None:
    def chain(length: int) -> Module:
        return _module([[_open(EMPTY, *((index - 1,) if index else ()))] for index in range(length)])

    validate(chain(64))
    with pytest.raises(ValidationError, match="^sub type 64 has more than 63 super types"):
        validate(chain(65))
    with pytest.raises(ValidationError, match="^sub type 2 has more than 1 super types"):
        validate(chain(3), limits=ImplementationLimits(subtyping_depth=1))


@pytest.mark.parametrize(
    ("groups", "feature"),
    [
        ([[SubType(FuncType((), (I32, I32)))]], Feature.MULTI_VALUE),
        ([[SubType(FuncType((FUNCREF,)))]], Feature.REFERENCE_TYPES),
        ([[SubType(FuncType((RefType(False, AbstractHeapType.FUNC),)))]], Feature.FUNCTION_REFERENCES),
        ([[SubType(FuncType())], [SubType(FuncType((_to(0),)))]], Feature.FUNCTION_REFERENCES),
        ([[SubType(FuncType()), SubType(FuncType())]], Feature.GC),
        ([[SubType(EMPTY)]], Feature.GC),
        ([[SubType(ArrayType(FieldType(I32)))]], Feature.GC),
        ([[_open(FuncType())]], Feature.GC),
        ([[SubType(FuncType((ANYREF,)))]], Feature.GC),
        ([[SubType(FuncType((RefType(True, AbstractHeapType.EXN),)))]], Feature.EXCEPTIONS),
        ([[SubType(FuncType((RefType(True, AbstractHeapType.CONT),)))]], Feature.STACK_SWITCHING),
        ([[SubType(FuncType())], [SubType(ContType(0))]], Feature.STACK_SWITCHING),
        ([[SubType(EMPTY, descriptor=1), SubType(EMPTY, describes=0)]], Feature.CUSTOM_DESCRIPTORS),
        ([[SubType(EMPTY)], [SubType(FuncType((RefType(True, 0, exact=True),)))]], Feature.CUSTOM_DESCRIPTORS),
    ],
    ids=str,
)
def test_features(groups: list[list[SubType]], feature: Feature) -> None:
    assert feature in validate(_module(groups), features=ALL).features_used
    with pytest.raises(UnsupportedFeature, match=f"needs the feature {feature.value} ") as caught:
        validate(_module(groups), features=ALL - {feature})
    assert caught.value.feature == feature.value


def test_equal_definitions_are_one_type() -> None:
    validated = validate(_module([[SubType(FuncType((I32,)))], [SubType(FuncType((I32,)))]]), features=WASM_3_0)
    assert validated.types[0] is validated.types[1]
