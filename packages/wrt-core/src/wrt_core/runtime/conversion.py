"""Values at the border between Python and a guest, references included; `wrt_foundation.values` has the numbers."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from wrt_core.runtime.references import membership
from wrt_core.runtime.to_host import Converter, to_host
from wrt_foundation.errors import ValueTypeError
from wrt_foundation.types import RefType, ValueType
from wrt_foundation.values import FROM_HOST

__all__ = ["from_host", "to_host"]


@lru_cache(4096)
def from_host(type_: ValueType) -> Converter:
    """Return the function that turns a Python value into an engine's value of the closed type.

    It raises `ValueTypeError` for a value of the wrong kind and `ValueRangeError` for a number out of range.
    """
    return _reference(type_) if isinstance(type_, RefType) else FROM_HOST[type_]


def _reference(type_: RefType) -> Converter:
    admits = membership(type_)

    def convert(value: Any) -> Any:
        if admits(value):
            return value
        described = "null" if value is None else f"{type(value).__name__}: {value!r:.60}"
        raise ValueTypeError(f"{type_} expected, not {described}")

    return convert
