"""Values at the border between Python and a guest, references included; `wrt_foundation.values` has the numbers."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from wrt_foundation.errors import ValueTypeError
from wrt_foundation.types import NumType, RefType, ValueType
from wrt_foundation.values import FROM_HOST, TO_HOST

__all__ = ["from_host", "to_host"]

Converter = Callable[[Any], Any]


@lru_cache(4096)
def from_host(type_: ValueType) -> Converter:
    """Return the function that turns a Python value into an engine's value of the closed type.

    It raises `ValueTypeError` for a value of the wrong kind and `ValueRangeError` for a number out of range.
    """
    return _reference(type_) if isinstance(type_, RefType) else FROM_HOST[type_]


def to_host(type_: ValueType) -> Converter:
    """Return the function that turns an engine's value of the type into what the API gives."""
    if type_ is NumType.I32 or type_ is NumType.I64:
        return _signed(type_.bits)
    return _same if isinstance(type_, RefType) else TO_HOST[type_]


def _signed(bits: int) -> Converter:
    # Translated code may hold a condition as a bool; arithmetic makes an int of it.
    sign = 1 << bits - 1
    return lambda value: (value ^ sign) - sign


def _same(value: Any) -> Any:
    return value


def _reference(type_: RefType) -> Converter:
    # References test for the classes that convert their contents here.
    from wrt_core.runtime.references import membership

    admits = membership(type_)

    def convert(value: Any) -> Any:
        if admits(value):
            return value
        described = "null" if value is None else f"{type(value).__name__}: {value!r:.60}"
        raise ValueTypeError(f"{type_} expected, not {described}")

    return convert
