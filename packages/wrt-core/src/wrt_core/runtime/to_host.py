"""Values on their way out: from how engines hold them to how Python code sees them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wrt_foundation.types import NumType, RefType, ValueType
from wrt_foundation.values import TO_HOST

__all__ = ["Converter", "to_host"]

Converter = Callable[[Any], Any]


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
