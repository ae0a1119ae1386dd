"""How each instruction is checked: by its signature in the instruction table, or by a special rule.

An instruction's *action* is what the loop of `function.py` does with it: a kind, which selects a few lines
of that loop, and up to three things those lines need. Actions are made when a module first uses an
instruction, so that is where its feature is checked, and where the address type of memory 0 is put in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wrt_core.validation import (
    aggregates,
    continuations,
    control,
    descriptors,
    exceptions,
    legacy_exceptions,
    memory,
    references,
    tables,
    variables,
)
from wrt_core.validation.body import Body
from wrt_core.validation.context import Context
from wrt_foundation.errors import ValidationError
from wrt_foundation.features import Feature
from wrt_foundation.instructions import BY_NAME, Immediate, Instruction
from wrt_foundation.types import (
    ANYREF,
    F32,
    F64,
    I32,
    I64,
    V128,
    AbstractHeapType,
    RefType,
    ValueType,
)

__all__ = ["SPECIALS", "Action", "Actions"]

Special = Callable[[Body, Instruction, Any], None]

SPECIALS: dict[Instruction, Special] = {
    BY_NAME[name]: special
    for room in (
        control,
        variables,
        memory,
        tables,
        references,
        aggregates,
        exceptions,
        legacy_exceptions,
        continuations,
        descriptors,
    )
    for name, special in room.SPECIALS.items()
}
"""The instructions that have a typing rule of their own; all others are typed by their signatures."""

Action = tuple[int, Any, Any, Any]

LOCAL_GET, PUSH, BINARY, UNARY, LOAD, STORE, LOCAL_SET, LOCAL_TEE, SPECIAL, END = range(10)
"""The kinds of actions, the frequent ones first, for the loop asks in this order."""

_TYPES: dict[str, ValueType] = {
    "i32": I32,
    "i64": I64,
    "f32": F32,
    "f64": F64,
    "v128": V128,
    "i31": RefType(False, AbstractHeapType.I31),
    "i31ref": RefType(True, AbstractHeapType.I31),
    "eqref": RefType(True, AbstractHeapType.EQ),
    "arrayref": RefType(True, AbstractHeapType.ARRAY),
    "anyref": ANYREF,
}

_LOCALS = {"local.get": LOCAL_GET, "local.set": LOCAL_SET, "local.tee": LOCAL_TEE}
_EXCEPTION_PROPOSALS = (Feature.EXCEPTIONS, Feature.LEGACY_EXCEPTIONS)


class Actions(dict[Instruction, Action]):
    """The action of each instruction that one module uses, made on first use. Belongs to one `Context`."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context

    def __missing__(self, instruction: Instruction) -> Action:
        what = f"the instruction {instruction.keyword}"
        if instruction.keyword == "throw":
            self._context.features.use_one(_EXCEPTION_PROPOSALS, what)
        else:
            self._context.use(instruction.feature, what)
        action = self[instruction] = self._action(instruction)
        return action

    def _action(self, instruction: Instruction) -> Action:
        special = SPECIALS.get(instruction)
        if special is not None:
            if instruction.name == "end":
                return END, special, None, None
            return _LOCALS.get(instruction.name, SPECIAL), special, None, None
        if instruction.immediates == (Immediate.MEMARG,) and self._context.memories and not instruction.atomic:
            return self._access(instruction)
        return _by_signature(instruction)

    def _access(self, instruction: Instruction) -> Action:
        # The most frequent loads and stores are those of memory 0: the address type is known.
        assert instruction.operands is not None
        assert instruction.results is not None
        address = self._context.memories[0].address
        natural = instruction.width.bit_length() - 1
        if len(instruction.operands) == 1:
            return LOAD, address, natural, _TYPES[instruction.results[0]]
        return STORE, address, natural, _TYPES[instruction.operands[1]]


def _by_signature(instruction: Instruction) -> Action:
    assert instruction.operands is not None
    assert instruction.results is not None
    words = instruction.operands + instruction.results
    plain = {Immediate.I32, Immediate.I64, Immediate.F32, Immediate.F64, Immediate.V128, Immediate.FENCE}
    if "a" in words or "t" in words or not plain.issuperset(instruction.immediates):
        return SPECIAL, check_signature, None, None
    operands = [_TYPES[word] for word in instruction.operands]
    results = [_TYPES[word] for word in instruction.results]
    match operands, results:
        case [], [result]:
            return PUSH, result, None, None
        case [operand], [result]:
            return UNARY, operand, None, result
        case [first, second], [result]:
            return BINARY, first, second, result
    return SPECIAL, check_signature, None, None


def check_signature(body: Body, instruction: Instruction, immediate: Any) -> None:
    """Check an instruction by its signature, the indices among its immediates included."""
    assert instruction.operands is not None
    assert instruction.results is not None
    types = dict(_TYPES)
    kinds = instruction.immediates
    values: tuple[Any, ...] = immediate if len(kinds) > 1 else (immediate,)
    # The memory or table is named last in the binary, and missed first by the specification's messages.
    for kind, value in reversed(list(zip(kinds, values, strict=False))):
        _check_immediate(body.context, instruction, kind, value, types)
    if instruction.name == "table.init":
        source, table = body.context.element(immediate[0]), body.context.table(immediate[1])
        tables.check_storable(source, table.element, "an element segment's references")
    body.pop_all([types[word] for word in instruction.operands])
    body.stack.extend([types[word] for word in instruction.results])


def _check_immediate(
    context: Context, instruction: Instruction, kind: Immediate, value: Any, types: dict[str, ValueType]
) -> None:
    match kind:
        case Immediate.MEMARG:
            types["a"] = memory.check_access(context, instruction, value)
        case Immediate.MEMORY:
            types["a"] = memory.memory_address(context, value)
        case Immediate.TABLE:
            types["t"] = context.table(value).address
        case Immediate.ELEM:
            context.element(value)
        case Immediate.DATA:
            context.data(value)
        case Immediate.LANE:
            if value >= instruction.lanes:
                raise ValidationError(f"invalid lane index {value}: {instruction.keyword} has {instruction.lanes}")
        case Immediate.LANES:
            if max(value) >= 2 * len(value):
                raise ValidationError(f"invalid lane index {max(value)}: two vectors have {2 * len(value)}")
