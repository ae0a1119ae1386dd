"""Subtyping: when a value of one closed type may stand where another is expected.

Specification, section 3.3 "Matching".
"""

from __future__ import annotations

from wrt_foundation.canonical import DefinedType
from wrt_foundation.types import (
    AbstractHeapType,
    ArrayType,
    ContType,
    FieldType,
    FuncType,
    GlobalType,
    Limits,
    MemoryType,
    PackedType,
    RefType,
    StructType,
    TableType,
    ValueType,
)

__all__ = [
    "bottom_of",
    "matches",
    "matches_composite",
    "matches_field",
    "matches_global",
    "matches_heap",
    "matches_limits",
    "matches_memory",
    "matches_results",
    "matches_table",
    "top_of",
]

_A = AbstractHeapType

_SUPERTYPES: dict[AbstractHeapType, frozenset[AbstractHeapType]] = {
    _A.ANY: frozenset(),
    _A.EQ: frozenset({_A.ANY}),
    _A.I31: frozenset({_A.EQ, _A.ANY}),
    _A.STRUCT: frozenset({_A.EQ, _A.ANY}),
    _A.ARRAY: frozenset({_A.EQ, _A.ANY}),
    _A.NONE: frozenset({_A.I31, _A.STRUCT, _A.ARRAY, _A.EQ, _A.ANY}),
    _A.FUNC: frozenset(),
    _A.NOFUNC: frozenset({_A.FUNC}),
    _A.EXTERN: frozenset(),
    _A.NOEXTERN: frozenset({_A.EXTERN}),
    _A.EXN: frozenset(),
    _A.NOEXN: frozenset({_A.EXN}),
    _A.CONT: frozenset(),
    _A.NOCONT: frozenset({_A.CONT}),
}

_BOTTOMS = {_A.ANY: _A.NONE, _A.FUNC: _A.NOFUNC, _A.EXTERN: _A.NOEXTERN, _A.EXN: _A.NOEXN, _A.CONT: _A.NOCONT}


def _abstract_of(heap: DefinedType) -> AbstractHeapType:
    match heap.composite:
        case FuncType():
            return _A.FUNC
        case StructType():
            return _A.STRUCT
        case ArrayType():
            return _A.ARRAY
        case ContType():
            return _A.CONT


def top_of(heap: object) -> AbstractHeapType:
    """Return the top of the hierarchy that a closed heap type belongs to: any, func, extern, exn or cont."""
    abstract = _abstract_of(heap) if isinstance(heap, DefinedType) else heap
    if not isinstance(abstract, AbstractHeapType):
        raise TypeError(f"not a closed heap type: {heap!r}")
    for top, bottom in _BOTTOMS.items():
        if abstract is top or abstract is bottom or top in _SUPERTYPES[abstract]:
            return top
    raise TypeError(f"not a heap type: {heap!r}")


def bottom_of(heap: object) -> AbstractHeapType:
    """Return the bottom of the hierarchy that a closed heap type belongs to."""
    return _BOTTOMS[top_of(heap)]


def matches_heap(sub: object, sup: object, exact_sub: bool = False, exact_sup: bool = False) -> bool:
    """Say whether the closed heap type `sub` matches `sup`; with `exact_sup`, no proper subtype does."""
    if isinstance(sup, DefinedType):
        if isinstance(sub, DefinedType):
            return sub is sup and exact_sub if exact_sup else sub.is_subtype_of(sup)
        return sub is bottom_of(sup)
    if isinstance(sub, DefinedType):
        sub = _abstract_of(sub)
        if sub is sup:
            return True
    return sub is sup or sup in _SUPERTYPES[sub]  # type: ignore[index]


def matches(sub: ValueType, sup: ValueType) -> bool:
    """Say whether a value of the closed type `sub` may stand where `sup` is expected."""
    if sub is sup:
        return True
    if isinstance(sub, RefType) and isinstance(sup, RefType):
        if sub.nullable and not sup.nullable:
            return False
        return matches_heap(sub.heap, sup.heap, sub.exact, sup.exact)
    return False


def matches_results(sub: tuple[ValueType, ...], sup: tuple[ValueType, ...]) -> bool:
    """Say whether sequences of closed types match, one by one."""
    return sub == sup or (len(sub) == len(sup) and all(map(matches, sub, sup)))


def matches_field(sub: FieldType, sup: FieldType) -> bool:
    """Say whether a field matches: covariant when neither may be set, invariant when both may."""
    if sub.mutable is not sup.mutable:
        return False
    if isinstance(sub.storage, PackedType) or isinstance(sup.storage, PackedType):
        return sub.storage is sup.storage
    if not matches(sub.storage, sup.storage):
        return False
    return not sub.mutable or matches(sup.storage, sub.storage)


def matches_composite(sub: object, sup: object) -> bool:
    """Say whether a closed composite type may be declared a subtype of another."""
    match sub, sup:
        case FuncType(params, results), FuncType(super_params, super_results):
            return matches_results(super_params, params) and matches_results(results, super_results)
        case StructType(fields), StructType(super_fields):
            return len(fields) >= len(super_fields) and all(
                matches_field(f, g) for f, g in zip(fields, super_fields, strict=False)
            )
        case ArrayType(field), ArrayType(super_field):
            return matches_field(field, super_field)
        case ContType(function), ContType(super_function):
            return matches_heap(function, super_function)
    return False


def matches_limits(sub: Limits, sup: Limits) -> bool:
    """Say whether the range `sub` lies within `sup`."""
    if sub.minimum < sup.minimum:
        return False
    return sup.maximum is None or (sub.maximum is not None and sub.maximum <= sup.maximum)


def matches_memory(sub: MemoryType, sup: MemoryType) -> bool:
    """Say whether a memory may be imported as `sup`."""
    return (
        sub.address is sup.address
        and sub.shared is sup.shared
        and sub.page_size == sup.page_size
        and matches_limits(sub.limits, sup.limits)
    )


def matches_table(sub: TableType, sup: TableType) -> bool:
    """Say whether a table may be imported as `sup`: elements are invariant, for a table may be written."""
    return (
        sub.address is sup.address
        and matches_limits(sub.limits, sup.limits)
        and matches(sub.element, sup.element)
        and matches(sup.element, sub.element)
    )


def matches_global(sub: GlobalType, sup: GlobalType) -> bool:
    """Say whether a global may be imported as `sup`: invariant when it may be set, covariant otherwise."""
    if sub.mutable is not sup.mutable or not matches(sub.value, sup.value):
        return False
    return not sub.mutable or matches(sup.value, sub.value)
