"""Which values a reference type admits: casts, and what the host passes in (specification, section 4.2.1)."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from wrt_core.runtime.aggregates import I31, Array, Struct
from wrt_core.runtime.continuation import Continuation
from wrt_core.runtime.typed_reference import TypedReference
from wrt_foundation.canonical import DefinedType
from wrt_foundation.traps import WasmException
from wrt_foundation.types import AbstractHeapType, FuncType, RefType

__all__ = ["membership"]

_A = AbstractHeapType
Test = Callable[[Any], bool]

_ABSTRACT: dict[AbstractHeapType, Test] = {
    # The host's own objects are in the hierarchies of `any` and `extern`, and have no further structure there.
    _A.ANY: lambda value: True,
    _A.EXTERN: lambda value: True,
    _A.EQ: lambda value: isinstance(value, (Struct, Array, I31)),
    _A.I31: lambda value: type(value) is I31,
    _A.STRUCT: lambda value: type(value) is Struct,
    _A.ARRAY: lambda value: type(value) is Array,
    _A.FUNC: lambda value: isinstance(value, TypedReference) and isinstance(value.type.composite, FuncType),
    _A.EXN: lambda value: isinstance(value, WasmException),
    _A.NONE: lambda value: False,
    _A.NOEXTERN: lambda value: False,
    _A.NOFUNC: lambda value: False,
    _A.NOEXN: lambda value: False,
    _A.NOCONT: lambda value: False,
    _A.CONT: lambda value: isinstance(value, Continuation),
}


@lru_cache(4096)
def membership(type_: RefType) -> Test:
    """Return the function that says whether a reference, in the engines' representation, is of the closed type."""
    heap = type_.heap
    if isinstance(heap, DefinedType):
        test = _exactly(heap) if type_.exact else _defined(heap)
    else:
        assert isinstance(heap, AbstractHeapType)
        test = _ABSTRACT[heap]
    if type_.nullable:
        return lambda value: value is None or test(value)
    return lambda value: value is not None and test(value)


def _defined(heap: DefinedType) -> Test:
    def test(value: Any) -> bool:
        if isinstance(value, TypedReference):
            type_ = value.type
            return type_ is heap or type_.is_subtype_of(heap)
        return False

    return test


def _exactly(heap: DefinedType) -> Test:
    return lambda value: isinstance(value, TypedReference) and value.type is heap
