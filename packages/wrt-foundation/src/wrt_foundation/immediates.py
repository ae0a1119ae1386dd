"""The immediate operands of instructions, as Python values.

What each `Immediate` of the table is, wherever instructions are read, checked, written or printed:

====================  ==================================================================
LABEL … DATA, COUNT   int
LABELS                tuple of int, the default label last
BLOCK_TYPE            None (no values), a `ValueType` (one result), or an int (type index)
VALUE_TYPES           tuple of `ValueType`
HEAP_TYPE             `RefType`, nullable as the instruction says (ref.null: nullable)
CAST                  `Cast`
MEMARG                `MemArg`
LANE, LANES           int, tuple of sixteen int
CATCHES, HANDLERS     tuple of `Catch`, tuple of `Handler`
FENCE                 0
I32, I64              int, signed
F32, F64              int, the bit pattern, unsigned: a float could lose a NaN's payload
V128                  sixteen bytes, little-endian
====================  ==================================================================

An instruction without immediates has None, one with a single immediate has that immediate, and one
with several has the tuple of them, in the binary format's order.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from wrt_foundation.types import NumType, RefType

__all__ = ["BlockType", "Cast", "Catch", "CatchKind", "Handler", "MemArg"]

BlockType = NumType | RefType | int | None


class MemArg(NamedTuple):
    """Where a memory instruction accesses: alignment as an exponent of two, offset in bytes, memory index."""

    align: int
    offset: int
    memory: int = 0


class Cast(NamedTuple):
    """The operands of br_on_cast and its kin: branch to `label` if a `source` is (or is not) a `target`."""

    label: int
    source: RefType
    target: RefType


class CatchKind(Enum):
    """The clauses of try_table. The value is the code in the binary format."""

    CATCH = 0
    CATCH_REF = 1
    CATCH_ALL = 2
    CATCH_ALL_REF = 3

    @property
    def keyword(self) -> str:
        """How the text format spells it."""
        return self.name.lower()


class Catch(NamedTuple):
    """One clause of try_table; `tag` is None where it catches all."""

    kind: CatchKind
    tag: int | None
    label: int


class Handler(NamedTuple):
    """One clause of resume: `(on tag label)`, or `(on tag switch)` where `label` is None."""

    tag: int
    label: int | None
