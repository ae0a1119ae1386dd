"""The type section: recursive groups, supertypes, finality, depth of subtyping, descriptors.

Specification, section 3.2 "Types". First every index in a definition is checked, so that canonical types
can be made at all; then what relates the definitions.
"""

from __future__ import annotations

from collections.abc import Iterator

from wrt_core.validation.features import FeatureUse, definition_features, value_features
from wrt_foundation.canonical import DefinedType, canonical_types
from wrt_foundation.errors import ValidationError
from wrt_foundation.features import Feature
from wrt_foundation.limits import ImplementationLimits
from wrt_foundation.module import Module
from wrt_foundation.subtyping import matches_composite
from wrt_foundation.types import (
    ArrayType,
    CompositeType,
    ContType,
    FuncType,
    RefType,
    StorageType,
    StructType,
    SubType,
    ValueType,
)

__all__ = ["check_types"]


def check_types(module: Module, features: FeatureUse, limits: ImplementationLimits) -> list[DefinedType]:
    """Check a module's type definitions, and return them as canonical types.

    Raises `ValidationError`.
    """
    subtypes = module.subtypes
    depths: list[int] = []
    start = 0
    for group in module.types:
        end = start + len(group.subtypes)
        if group.explicit:
            features.use(Feature.GC, "a recursive group of types")
        for index, sub in enumerate(group.subtypes, start):
            _check_features(sub, index, features)
            _check_references(sub.composite, end)
            depths.append(_depth(sub, index, depths, limits))
        for index, sub in enumerate(group.subtypes, start):
            if isinstance(sub.composite, ContType):
                _check_continued(sub.composite, subtypes)
            _check_descriptors(sub, index, subtypes, start, end)
        start = end
    types = canonical_types(module.types)
    for index, (sub, type_) in enumerate(zip(subtypes, types, strict=True)):
        if sub.supertypes:
            _check_supertype(index, sub, type_, subtypes, types)
    return types


def _check_features(sub: SubType, index: int, features: FeatureUse) -> None:
    for feature in definition_features(sub):
        features.use(feature, f"type {index}")
    for value in _values(sub.composite):
        for feature in value_features(value):
            features.use(feature, f"the type {value}")


def _values(composite: CompositeType) -> Iterator[ValueType]:
    match composite:
        case FuncType(params, results):
            yield from params
            yield from results
        case StructType(fields):
            yield from (f.value for f in fields)
        case ArrayType(field):
            yield field.value


def _check_references(composite: CompositeType, end: int) -> None:
    references: list[StorageType | int] = list(_values(composite))
    if isinstance(composite, ContType) and isinstance(composite.function, int):
        references.append(composite.function)
    for reference in references:
        index = reference.heap if isinstance(reference, RefType) else reference
        if isinstance(index, int) and index >= end:
            raise ValidationError(f"unknown type {index}")


def _depth(sub: SubType, index: int, depths: list[int], limits: ImplementationLimits) -> int:
    """Return how many declared supertypes are above a definition."""
    if not sub.supertypes:
        return 0
    if len(sub.supertypes) > 1:
        raise ValidationError(f"sub type {index} has more than one super type")
    parent = sub.supertypes[0]
    if parent >= index:
        raise ValidationError(f"unknown type {parent}: not defined before its sub type {index}")
    depth = depths[parent] + 1
    if depth > limits.subtyping_depth:
        raise ValidationError(f"sub type {index} has more than {limits.subtyping_depth} super types")
    return depth


def _check_continued(continuation: ContType, subtypes: list[SubType]) -> None:
    function = continuation.function
    if not isinstance(function, int) or not isinstance(subtypes[function].composite, FuncType):
        raise ValidationError(f"non-function type {function}")


def _check_descriptors(sub: SubType, index: int, subtypes: list[SubType], start: int, end: int) -> None:
    """Check that a type and its descriptor name one another, within one recursive group."""
    if sub.describes is not None:
        if not start <= sub.describes < end:
            raise ValidationError(f"described type is outside rec group: type {sub.describes}")
        if subtypes[sub.describes].descriptor != index:
            raise ValidationError(f"described type is not described by descriptor: type {index}")
        if sub.describes >= index:
            raise ValidationError(f"forward use of described type {sub.describes}")
    if sub.descriptor is not None:
        if not start <= sub.descriptor < end:
            raise ValidationError(f"descriptor type is outside rec group: type {sub.descriptor}")
        if subtypes[sub.descriptor].describes != index:
            raise ValidationError(f"type is not described by its descriptor: type {index}")
        if not isinstance(sub.composite, StructType):
            raise ValidationError(f"descriptor type must be a struct: type {index}")
    elif sub.describes is not None and not isinstance(sub.composite, StructType):
        raise ValidationError(f"described type must be a struct: type {index}")


def _check_supertype(
    index: int, sub: SubType, type_: DefinedType, subtypes: list[SubType], types: list[DefinedType]
) -> None:
    parent = sub.supertypes[0]
    super_, super_type = subtypes[parent], types[parent]
    if super_.final:
        raise ValidationError(f"sub type {index} has final super type {parent}")
    mismatch = f"sub type {index} does not match super type {parent}"
    if type_.describes is not None and super_type.describes is not None:
        if not type_.describes.is_subtype_of(super_type.describes):
            raise ValidationError(f"described type {sub.describes} does not match {super_.describes}")
    elif type_.describes is not None or super_type.describes is not None:
        raise ValidationError(f"{mismatch}: only one of them describes a type")
    if super_type.descriptor is not None:
        if type_.descriptor is None:
            raise ValidationError(f"{mismatch}: it has no descriptor")
        if not type_.descriptor.is_subtype_of(super_type.descriptor):
            raise ValidationError(
                f"descriptor type {sub.descriptor} does not match {super_.descriptor}", section="type"
            )
    if not matches_composite(type_.composite, super_type.composite):
        raise ValidationError(mismatch)
