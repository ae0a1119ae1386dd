"""Which features a script is about.

A proposal's tests may contradict the standard's. Some were written for an earlier standard: those of
threads expect that a module can't have two tables. Some change it: custom descriptors admit casts that
the standard refuses, stack switching tags with results. So the names of a script's folders and file say
what it is about, and everything that contradicts nothing is there for all.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import PurePath

from wrt_foundation.features import ALL, WASM_2_0, Feature, Features

__all__ = ["features_for"]

_RELAXING = (Feature.CUSTOM_DESCRIPTORS, Feature.STACK_SWITCHING)
"""Proposals that admit what the standard refuses: on for their own scripts alone."""

_PROPOSALS: dict[str, Features] = {
    "threads": (WASM_2_0 | {Feature.THREADS}) - {Feature.REFERENCE_TYPES, Feature.SIMD},
}


def features_for(path: str) -> Features:
    """Return the features that the script at `path` was written for."""
    parts = PurePath(path).parts
    for parent, name in pairwise(parts):
        if parent == "proposals" and name in _PROPOSALS:
            return _PROPOSALS[name]
    return ALL - {each for each in _RELAXING if not any(each.value in part for part in parts)}
