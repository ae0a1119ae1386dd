"""Which instructions load and store numbers, and what of a memory they reach."""

from __future__ import annotations

from wrt_foundation.instructions import BY_NAME, Instruction

__all__ = ["LOADS", "STORED", "STORES", "Code"]

Code = list[tuple[Instruction, object, int]]
"""Instructions with their immediates and offsets."""


def _accesses(kind: str) -> frozenset[Instruction]:
    types = ("i32", "i64", "f32", "f64")
    return frozenset(BY_NAME[name] for name in BY_NAME if name[:3] in types and name[4:].startswith(kind))


LOADS = _accesses("load")
STORES = _accesses("store")
STORED = {BY_NAME[f"{type_}.store"]: BY_NAME[f"{type_}.load"] for type_ in ("i32", "i64", "f32", "f64")}
"""By an instruction that stores a number whole, the one that loads it."""
