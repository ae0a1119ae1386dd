"""Arguments and expected results of scripts.

Numbers are bit patterns throughout: an unsigned int for i32, i64, f32 and f64, sixteen bytes for v128,
so that nothing about a NaN or a sign of zero is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from wrt_foundation.types import AbstractHeapType, NumType

__all__ = [
    "Argument",
    "Constant",
    "Either",
    "HostReference",
    "NanClass",
    "NanPattern",
    "NullReference",
    "ReferencePattern",
    "Result",
    "VectorPattern",
]


@dataclass(frozen=True, slots=True)
class Constant:
    """A number or vector, as its bits."""

    type: NumType
    bits: int | bytes


@dataclass(frozen=True, slots=True)
class NullReference:
    """A null reference, of the hierarchy of `heap` if one is given."""

    heap: AbstractHeapType | None = None


@dataclass(frozen=True, slots=True)
class HostReference:
    """The `number`-th reference of the host's: as an `externref`, or internalised as an `anyref`."""

    number: int
    internal: bool = False


Argument = Constant | NullReference | HostReference


class NanClass(Enum):
    """The NaNs that an operation may give; the value is the text format's keyword."""

    CANONICAL = "nan:canonical"
    """The top bit of the significand alone; either sign."""
    ARITHMETIC = "nan:arithmetic"
    """At least the top bit of the significand; either sign."""


@dataclass(frozen=True, slots=True)
class NanPattern:
    """Any NaN of a class."""

    type: NumType
    kind: NanClass


@dataclass(frozen=True, slots=True)
class VectorPattern:
    """A vector of float lanes, each given by its bits or by a class of NaNs; `lane` is the lanes' type."""

    lane: NumType
    lanes: tuple[int | NanClass, ...]


@dataclass(frozen=True, slots=True)
class ReferencePattern:
    """Any non-null reference of a `kind`: `func`, `struct`, `i31` …; with an `index`, that very function."""

    kind: str
    index: int | None = None


@dataclass(frozen=True, slots=True)
class Either:
    """Any one of several results."""

    choices: tuple[Result, ...]


Result = Constant | NullReference | HostReference | NanPattern | VectorPattern | ReferencePattern | Either
