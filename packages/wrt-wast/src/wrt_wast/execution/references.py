"""References that scripts pass in, and what references that come back are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wrt_core.runtime.function import Func
from wrt_core.runtime.references import membership
from wrt_foundation.subtyping import top_of
from wrt_foundation.types import AbstractHeapType, RefType
from wrt_wast.script.values import ReferencePattern

__all__ = ["HostObject", "reference_matches"]


@dataclass(frozen=True, slots=True)
class HostObject:
    """What `(ref.extern n)` and `(ref.host n)` stand for: an object of the host, equal by its number."""

    number: int


def reference_matches(pattern: ReferencePattern, top: AbstractHeapType, value: Any) -> bool:
    """Say whether a reference that is not null, of a hierarchy with that top, is of the pattern's kind."""
    heap = AbstractHeapType[pattern.kind.upper()]
    if top is not top_of(heap):
        return False
    if heap is top and heap is not AbstractHeapType.FUNC:
        return True
    if not membership(RefType(False, heap))(value):
        return False
    return pattern.index is None or (isinstance(value, Func) and value.index == pattern.index)
