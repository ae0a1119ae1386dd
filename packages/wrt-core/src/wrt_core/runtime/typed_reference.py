"""Typed references: those that know which definition they are of (specification, section 4.2.1).

What a value of a reference type may be is asked when a function is made, whose parameters it concerns; so what
functions have in common with other references is here, below both.
"""

from __future__ import annotations

from wrt_foundation.canonical import DefinedType

__all__ = ["TypedReference"]


class TypedReference:
    """A function, structure, array or continuation; `type` is its closed definition."""

    __slots__ = ("__weakref__", "type")

    type: DefinedType
