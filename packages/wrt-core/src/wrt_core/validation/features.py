"""Which feature a construct needs: the gate in front of everything past the MVP.

Instructions name their feature in the instruction table. This file knows it for types, and says how a
construct whose feature is switched off is refused.
"""

from __future__ import annotations

from wrt_foundation.errors import UnsupportedFeature
from wrt_foundation.features import Feature, Features
from wrt_foundation.types import (
    EXTERNREF,
    FUNCREF,
    V128,
    AbstractHeapType,
    ArrayType,
    CompositeType,
    ContType,
    FuncType,
    RefType,
    StructType,
    SubType,
    ValueType,
)

__all__ = ["FeatureUse", "composite_feature", "definition_features", "heap_feature", "value_features"]

_A = AbstractHeapType

_HEAP_FEATURES = {
    _A.FUNC: Feature.REFERENCE_TYPES,
    _A.EXTERN: Feature.REFERENCE_TYPES,
    _A.EXN: Feature.EXCEPTIONS,
    _A.NOEXN: Feature.EXCEPTIONS,
    _A.CONT: Feature.STACK_SWITCHING,
    _A.NOCONT: Feature.STACK_SWITCHING,
}


class FeatureUse:
    """The features that are admitted, and those a module has been seen to use."""

    __slots__ = ("admitted", "used")

    def __init__(self, admitted: Features) -> None:
        self.admitted = admitted
        self.used: set[Feature] = {Feature.MVP}

    def use(self, feature: Feature, what: str) -> None:
        """Note that the module uses `feature` for `what`; raises `UnsupportedFeature` if it is not admitted."""
        if feature not in self.used:
            if feature not in self.admitted:
                raise UnsupportedFeature(f"{what} needs the feature {feature.value}", feature=feature.value)
            self.used.add(feature)

    def use_one(self, alternatives: tuple[Feature, ...], what: str) -> None:
        """Note the use of a construct that several proposals bring: the first of them that is admitted counts."""
        for feature in alternatives:
            if feature in self.admitted:
                self.used.add(feature)
                return
        self.use(alternatives[0], what)


def heap_feature(heap: object) -> Feature:
    """Return the feature that brings a heap type: concrete ones came with typed function references."""
    if isinstance(heap, AbstractHeapType):
        return _HEAP_FEATURES.get(heap, Feature.GC)
    return Feature.FUNCTION_REFERENCES


def value_features(type_: ValueType) -> list[Feature]:
    """Return the features that a value type needs, none for the four number types."""
    if not isinstance(type_, RefType):
        return [Feature.SIMD] if type_ is V128 else []
    if type_ in (FUNCREF, EXTERNREF):
        return [Feature.REFERENCE_TYPES]
    needed = [heap_feature(type_.heap)]
    if not type_.nullable and needed == [Feature.REFERENCE_TYPES]:
        needed = [Feature.FUNCTION_REFERENCES]
    if type_.exact:
        needed.append(Feature.CUSTOM_DESCRIPTORS)
    return needed


def composite_feature(composite: CompositeType) -> Feature:
    """Return the feature that brings a kind of composite type."""
    match composite:
        case FuncType():
            return Feature.MULTI_VALUE if len(composite.results) > 1 else Feature.MVP
        case StructType() | ArrayType():
            return Feature.GC
        case ContType():
            return Feature.STACK_SWITCHING


def definition_features(sub: SubType) -> list[Feature]:
    """Return the features that a type definition needs besides those of the types in it."""
    needed = [composite_feature(sub.composite)]
    if sub.supertypes or not sub.final:
        needed.append(Feature.GC)
    if sub.descriptor is not None or sub.describes is not None:
        needed.append(Feature.CUSTOM_DESCRIPTORS)
    return needed
