"""The immediates of plain instructions: one reader a kind, chosen by the instruction table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from wrt_foundation.immediates import Cast, Catch, CatchKind, Handler, MemArg
from wrt_foundation.instructions import BY_KEYWORD, Immediate, Instruction
from wrt_wast.text.constants import float_bits, integer, lane_index, shuffle_lanes, vector
from wrt_wast.text.floats import DOUBLE, SINGLE
from wrt_wast.text.spaces import Space
from wrt_wast.text.types import heap_type, reference_type, results
from wrt_wast.text.typeuse import type_use

if TYPE_CHECKING:
    from wrt_wast.text.body import Body

__all__ = ["catches", "read_immediates"]

_Reader = Callable[["Body", Instruction, Sequence[Any]], Any]
"""Reads one immediate of an instruction, given those before it."""


def read_immediates(b: Body, keyword: str) -> tuple[Instruction, Any]:
    """Read the immediates of the plain instruction `keyword`; return which instruction it is, and them."""
    special = _SPECIAL.get(keyword)
    if special is not None:
        return special(b, BY_KEYWORD[keyword])
    (instruction,) = BY_KEYWORD[keyword]
    kinds = instruction.immediates
    if len(kinds) == 1:
        return instruction, _READERS[kinds[0]](b, instruction, ())
    values: list[Any] = []
    for kind in kinds:
        values.append(_READERS[kind](b, instruction, values))
    return instruction, tuple(values)


def _optional(space: Callable[[Body], Space]) -> _Reader:
    """Return a reader of an index that may be left out when it is 0."""

    def read(b: Body, instruction: Instruction, before: Sequence[Any]) -> int:
        return space(b).index(b.c) if b.c.is_index() else 0

    return read


def _field(b: Body, _: Instruction, before: Sequence[Any]) -> int:
    # A field's identifier means something within the type that was named right before.
    space = b.c.spaces.fields.get(before[-1]) or Space("field")
    return space.index(b.c)


def _data(b: Body, _: Instruction, before: Sequence[Any]) -> int:
    b.c.uses_data = True
    return b.c.spaces.data.index(b.c)


def _labels(b: Body, _: Instruction, before: Sequence[Any]) -> tuple[int, ...]:
    found = [b.label()]
    while b.c.is_index():
        found.append(b.label())
    return tuple(found)


def _cast(b: Body, _: Instruction, before: Sequence[Any]) -> Cast:
    return Cast(b.label(), reference_type(b.c), reference_type(b.c))


def _memory_argument(b: Body, instruction: Instruction, before: Sequence[Any]) -> MemArg:
    memories = b.c.spaces.memories
    return _offset_and_alignment(b, instruction, memories.index(b.c) if b.c.is_index() else 0)


def _offset_and_alignment(b: Body, instruction: Instruction, memory: int) -> MemArg:
    offset = _assigned(b, "offset=")
    at = b.c.index
    alignment = _assigned(b, "align=")
    if alignment is None:
        alignment = instruction.width
    elif not alignment or alignment & (alignment - 1):
        raise b.c.error("alignment must be a power of two", at)
    return MemArg(alignment.bit_length() - 1, offset or 0, memory)


def _assigned(b: Body, prefix: str) -> int | None:
    c = b.c
    lexeme = c.lexemes[c.index]
    if not lexeme.startswith(prefix):
        return None
    value = c.number(lexeme[len(prefix) :], 64)
    c.index += 1
    return value


def catches(b: Body) -> tuple[Catch, ...]:
    """Read the catch clauses of try_table, before its own label is in scope."""
    found = []
    while b.c.lexemes[b.c.index] == "(":
        kind = _CATCH_KINDS.get(b.c.lexemes[b.c.index + 1])
        if kind is None:
            break
        b.c.index += 2
        tag = b.c.spaces.tags.index(b.c) if kind in (CatchKind.CATCH, CatchKind.CATCH_REF) else None
        found.append(Catch(kind, tag, b.label()))
        b.c.expect(")")
    return tuple(found)


_CATCH_KINDS = {kind.keyword: kind for kind in CatchKind}


def _handlers(b: Body, _: Instruction, before: Sequence[Any]) -> tuple[Handler, ...]:
    found = []
    while b.c.open("on"):
        tag = b.c.spaces.tags.index(b.c)
        found.append(Handler(tag, None if b.c.take("switch") else b.label()))
        b.c.expect(")")
    return tuple(found)


_table = _optional(lambda b: b.c.spaces.tables)
_memory = _optional(lambda b: b.c.spaces.memories)

_READERS: dict[Immediate, _Reader] = {
    Immediate.LABEL: lambda b, i, before: b.label(),
    Immediate.LABELS: _labels,
    Immediate.FUNC: lambda b, i, before: b.c.spaces.functions.index(b.c),
    Immediate.TYPE: lambda b, i, before: b.c.spaces.types.index(b.c),
    Immediate.TABLE: _table,
    Immediate.MEMORY: _memory,
    Immediate.GLOBAL: lambda b, i, before: b.c.spaces.globals.index(b.c),
    Immediate.LOCAL: lambda b, i, before: b.locals.index(b.c),
    Immediate.TAG: lambda b, i, before: b.c.spaces.tags.index(b.c),
    Immediate.ELEM: lambda b, i, before: b.c.spaces.elements.index(b.c),
    Immediate.DATA: _data,
    Immediate.FIELD: _field,
    Immediate.COUNT: lambda b, i, before: b.c.unsigned(32),
    Immediate.HEAP_TYPE: lambda b, i, before: heap_type(b.c, True),
    Immediate.CAST: _cast,
    Immediate.MEMARG: _memory_argument,
    Immediate.LANE: lambda b, i, before: lane_index(b.c),
    Immediate.LANES: lambda b, i, before: shuffle_lanes(b.c),
    Immediate.HANDLERS: _handlers,
    Immediate.FENCE: lambda b, i, before: 0,
    Immediate.I32: lambda b, i, before: integer(b.c, 32),
    Immediate.I64: lambda b, i, before: integer(b.c, 64),
    Immediate.F32: lambda b, i, before: float_bits(b.c, SINGLE),
    Immediate.F64: lambda b, i, before: float_bits(b.c, DOUBLE),
    Immediate.V128: lambda b, i, before: vector(b.c),
}

_Special = Callable[["Body", tuple[Instruction, ...]], tuple[Instruction, Any]]


def _select(b: Body, candidates: tuple[Instruction, ...]) -> tuple[Instruction, Any]:
    plain, typed = sorted(candidates, key=lambda i: len(i.immediates))
    if b.c.lexemes[b.c.index] == "(" and b.c.lexemes[b.c.index + 1] == "result":
        return typed, results(b.c)
    return plain, None


def _by_nullability(b: Body, candidates: tuple[Instruction, ...]) -> tuple[Instruction, Any]:
    plain, null = sorted(candidates, key=lambda i: i.name)
    found = reference_type(b.c)
    return (null if found.nullable else plain), found


def _indirect(b: Body, candidates: tuple[Instruction, ...]) -> tuple[Instruction, Any]:
    table = _table(b, candidates[0], ())
    return candidates[0], (type_use(b.c), table)


def _initialize(b: Body, candidates: tuple[Instruction, ...]) -> tuple[Instruction, Any]:
    # Written target first, and the target may be left out; encoded segment first.
    (instruction,) = candidates
    segment, target = instruction.immediates
    two = b.c.is_index() and b.c.is_index(b.c.index + 1)
    chosen = _READERS[target](b, instruction, ()) if two else 0
    return instruction, (_READERS[segment](b, instruction, ()), chosen)


def _copy(b: Body, candidates: tuple[Instruction, ...]) -> tuple[Instruction, Any]:
    # Both are named, or neither.
    (instruction,) = candidates
    if not b.c.is_index():
        return instruction, (0, 0)
    space = b.c.spaces.tables if Immediate.TABLE in instruction.immediates else b.c.spaces.memories
    return instruction, (space.index(b.c), space.index(b.c))


def _lane_access(b: Body, candidates: tuple[Instruction, ...]) -> tuple[Instruction, Any]:
    # A lone number is the lane, not the memory.
    c = b.c
    after = c.lexemes[c.index + 1]
    named = c.is_index() and (c.is_index(c.index + 1) or after.startswith(("offset=", "align=")))
    argument = _offset_and_alignment(b, candidates[0], c.spaces.memories.index(c) if named else 0)
    return candidates[0], (argument, lane_index(c))


_SPECIAL: dict[str, _Special] = {
    "select": _select,
    "call_indirect": _indirect,
    "return_call_indirect": _indirect,
    "memory.init": _initialize,
    "table.init": _initialize,
    "memory.copy": _copy,
    "table.copy": _copy,
}
_SPECIAL |= {
    keyword: _by_nullability
    for keyword, candidates in BY_KEYWORD.items()
    if len(candidates) == 2 and Immediate.HEAP_TYPE in candidates[0].immediates
}
_SPECIAL |= {
    keyword: _lane_access
    for keyword, candidates in BY_KEYWORD.items()
    if candidates[0].immediates == (Immediate.MEMARG, Immediate.LANE)
}
