"""Canonical types: type definitions of all modules, made comparable by identity.

Two recursive groups that are equal once references inside the group are written relative to it are
the same type (specification, section 3.1.5 "Recursive Types"; iso-recursive equality). Each distinct
group exists once in a process: equal definitions give the identical `DefinedType`, so equality of
types, in the validator and at run time, is `is`.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from wrt_foundation.types import (
    ArrayType,
    CompositeType,
    ContType,
    FieldType,
    FuncType,
    RecType,
    RefType,
    StorageType,
    StructType,
    ValueType,
)

__all__ = ["DefinedType", "RecursionIndex", "canonical_types", "close", "defined_function_type", "map_composite"]


_T = TypeVar("_T", RefType, ValueType, StorageType)


@dataclass(frozen=True, slots=True)
class RecursionIndex:
    """A reference to the n-th definition of the recursive group it stands in."""

    index: int


class DefinedType:
    """One definition of a canonical recursive group; equal definitions are the identical object.

    `composite` is closed: its concrete references are `DefinedType`s. Immutable; shared by threads.
    """

    __slots__ = ("__weakref__", "ancestors", "composite", "descriptor", "describes", "final", "group", "index", "super")

    composite: CompositeType
    super: DefinedType | None
    ancestors: tuple[DefinedType, ...]
    """The declared supertypes, outermost first, then this type: `t <: u` iff `u` stands at its own depth here."""
    final: bool
    descriptor: DefinedType | None
    describes: DefinedType | None
    group: _Group
    index: int

    def is_subtype_of(self, other: DefinedType) -> bool:
        """Say whether this is `other` or was declared, through any number of steps, to be a subtype of it."""
        depth = len(other.ancestors) - 1
        return depth < len(self.ancestors) and self.ancestors[depth] is other

    def __reduce__(self) -> tuple[Any, ...]:
        return _member, (self.group.key, self.index)

    def __repr__(self) -> str:
        return f"<{type(self.composite).__name__} {self}>"

    def __str__(self) -> str:
        if isinstance(self.composite, FuncType):
            return f"func {_shallow(self.composite.params)} -> {_shallow(self.composite.results)}"
        kind = type(self.composite).__name__.removesuffix("Type").lower()
        return f"{kind}.{self.index}"


def _shallow(types: Sequence[object]) -> str:
    # A recursive type must print in bounded space: references to definitions show their kind alone.
    shown = []
    for t in types:
        if isinstance(t, RefType) and isinstance(t.heap, DefinedType):
            kind = type(t.heap.composite).__name__.removesuffix("Type").lower()
            shown.append(f"(ref {'null ' if t.nullable else ''}{kind}.{t.heap.index})")
        else:
            shown.append(str(t))
    return f"[{' '.join(shown)}]"


class _Group:
    """A canonical recursive group: its key, and its members."""

    __slots__ = ("__weakref__", "key", "members")

    def __init__(self, key: tuple[Any, ...]) -> None:
        self.key = key
        self.members = tuple(DefinedType() for _ in key)
        for index, (member, entry) in enumerate(zip(self.members, key, strict=True)):
            composite, super_, final, descriptor, describes = entry
            member.group, member.index, member.final = self, index, final
            member.super = self._open(super_)
            member.descriptor = self._open(descriptor)
            member.describes = self._open(describes)
            member.composite = map_composite(composite, self._open)
        for member in self.members:
            chain = [member]
            # A declared supertype is always defined earlier, so the chain ends; validation checks that it is.
            while (parent := chain[-1].super) is not None and parent not in chain:
                chain.append(parent)
            member.ancestors = tuple(reversed(chain))

    def _open(self, reference: Any) -> Any:
        return self.members[reference.index] if isinstance(reference, RecursionIndex) else reference


_groups: weakref.WeakValueDictionary[tuple[Any, ...], _Group] = weakref.WeakValueDictionary()
_groups_lock = threading.Lock()


def _group(key: tuple[Any, ...]) -> _Group:
    with _groups_lock:
        group = _groups.get(key)
        if group is None:
            group = _groups[key] = _Group(key)
        return group


def _member(key: tuple[Any, ...], index: int) -> DefinedType:
    return _group(key).members[index]


def canonical_types(groups: Sequence[RecType]) -> list[DefinedType]:
    """Return the canonical type of each definition in `groups`, flat, in index order.

    Every index in the definitions must be in range of what is defined before or in the same group;
    the validator checks that first. Raises `IndexError` otherwise.
    """
    defined: list[DefinedType] = []
    for group in groups:
        start, end = len(defined), len(defined) + len(group.subtypes)

        def close_index(reference: Any, start: int = start, end: int = end) -> Any:
            if not isinstance(reference, int):
                return reference
            if start <= reference < end:
                return RecursionIndex(reference - start)
            return defined[reference]

        key = tuple(
            (
                map_composite(sub.composite, close_index),
                close_index(sub.supertypes[0]) if sub.supertypes else None,
                sub.final,
                close_index(sub.descriptor),
                close_index(sub.describes),
            )
            for sub in group.subtypes
        )
        defined.extend(_group(key).members)
    return defined


def defined_function_type(type_: FuncType) -> DefinedType:
    """Return the canonical definition of a final function type that stands alone, as host functions have.

    The type must be closed.
    """
    return _member(((type_, None, True, None, None),), 0)


def close(type_: _T, types: Sequence[DefinedType]) -> _T:
    """Return `type_` with a syntactic index replaced by the definition that it stands for in `types`."""
    if isinstance(type_, RefType) and isinstance(type_.heap, int):
        return type(type_)(type_.nullable, types[type_.heap], type_.exact)
    return type_


def map_composite(composite: CompositeType, reference: Callable[[Any], Any]) -> CompositeType:
    """Return `composite` with each concrete heap type replaced by what `reference` makes of it."""

    def value(t: Any) -> Any:
        if isinstance(t, RefType):
            heap = reference(t.heap)
            return t if heap is t.heap else RefType(t.nullable, heap, t.exact)
        return t

    match composite:
        case FuncType(params, results):
            return FuncType(tuple(map(value, params)), tuple(map(value, results)))
        case StructType(fields):
            return StructType(tuple(FieldType(value(f.storage), f.mutable) for f in fields))
        case ArrayType(field):
            return ArrayType(FieldType(value(field.storage), field.mutable))
        case ContType(function):
            return ContType(reference(function))
