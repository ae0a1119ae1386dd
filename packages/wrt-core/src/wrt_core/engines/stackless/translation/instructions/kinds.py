"""Kinds of instructions: those that whoever reads a function's instructions asks for.

Templates are found by instruction; this is for what looks at many at once, before they are translated.
"""

from __future__ import annotations

from wrt_core.numerics import NUMERICS
from wrt_foundation.instructions import BY_NAME, Instruction

__all__ = [
    "ASSIGNING",
    "BLOCK",
    "BR",
    "BR_IF",
    "BR_TABLE",
    "CALL",
    "CLOSING",
    "COMPUTING",
    "CONST",
    "DIVIDING",
    "DROP",
    "ELSE",
    "END",
    "EQ",
    "EQZ",
    "GET",
    "GLOBAL_GET",
    "GLOBAL_SET",
    "IF",
    "LEAVING",
    "LESS",
    "LOADS",
    "LOOP",
    "NOP",
    "OPENING",
    "PARTIAL",
    "RETURN",
    "SELECT",
    "SET",
    "STORED",
    "STORES",
    "TEE",
    "UNCLEAR",
    "Instructions",
]

Instructions = list[tuple[Instruction, object, int]]
"""Instructions with their immediates and offsets."""

_NUMBERS = ("i32", "i64", "f32", "f64")

NOP, DROP, SELECT = (BY_NAME[each] for each in ("nop", "drop", "select"))
EQZ, EQ, LESS = (BY_NAME[f"i32.{each}"] for each in ("eqz", "eq", "lt_u"))
BLOCK, LOOP, IF, ELSE, END = (BY_NAME[each] for each in ("block", "loop", "if", "else", "end"))
BR, BR_IF, BR_TABLE, RETURN, CALL = (BY_NAME[each] for each in ("br", "br_if", "br_table", "return", "call"))
GET, SET, TEE = (BY_NAME[f"local.{each}"] for each in ("get", "set", "tee"))
GLOBAL_GET, GLOBAL_SET = BY_NAME["global.get"], BY_NAME["global.set"]

ASSIGNING = frozenset((SET, TEE))
"""They give a local something."""
OPENING = frozenset(BY_NAME[each] for each in ("block", "loop", "if", "try_table", "try"))
"""A construct begins with them, and ends with those:"""
CLOSING = frozenset(BY_NAME[each] for each in ("end", "delegate"))
DIVIDING = frozenset(BY_NAME[each] for each in ("else", "catch", "catch_all"))
"""They end a part of a construct, and begin another."""
LEAVING = frozenset(BY_NAME[each] for each in ("return", "unreachable", "return_call", "return_call_indirect"))
"""They leave the function."""

CONST = frozenset(BY_NAME[f"{type_}.const"] for type_ in _NUMBERS)
_NUMERIC = frozenset(BY_NAME[name] for name in BY_NAME.keys() & NUMERICS.keys() if name[:3] in _NUMBERS)
PARTIAL = frozenset(
    each for each in _NUMERIC if each.name[4:].startswith(("div", "rem", "trunc_f")) and each.name[0] == "i"
)
"""They give a number, or trap."""
COMPUTING = CONST | _NUMERIC - PARTIAL
"""They do nothing but give a number."""


def _accesses(kind: str) -> frozenset[Instruction]:
    return frozenset(BY_NAME[name] for name in BY_NAME if name[:3] in _NUMBERS and name[4:].startswith(kind))


LOADS = _accesses("load")
STORES = _accesses("store")
STORED = {BY_NAME[f"{type_}.store"]: BY_NAME[f"{type_}.load"] for type_ in _NUMBERS}
"""By an instruction that stores a number whole, the one that loads it."""

_UNCLEAR = ("br_on", "try", "catch", "delegate", "throw", "rethrow", "resume", "return_call_ref", "suspend", "switch")
UNCLEAR = frozenset(each for name, each in BY_NAME.items() if name.startswith(_UNCLEAR))
"""Instructions from which control may come to where no branch is seen, or that need not be looked into."""
