"""Numbers of a snapshot that are to be in a range."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from wrt_foundation.errors import SnapshotError

__all__ = ["at", "paired"]

_T = TypeVar("_T")


def at(values: Sequence[_T], index: int, what: object) -> _T:
    """Return the value at an index. Raises `SnapshotError` if there is none."""
    if index >= len(values):
        raise SnapshotError(
            f"the snapshot does not fit the module: it speaks of {what} {index}, and there are {len(values)}"
        )
    return values[index]


def paired(there: Sequence[_T], saved: Sequence[Any], what: str) -> Iterator[tuple[_T, Any]]:
    """Return what there is with what is saved of it. Raises `SnapshotError` unless there are as many."""
    if len(there) != len(saved):
        raise SnapshotError(f"the snapshot does not fit the module: {len(saved)} {what}, and there are {len(there)}")
    pairs: Iterable[tuple[_T, Any]] = zip(there, saved, strict=True)
    return iter(pairs)
