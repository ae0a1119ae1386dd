"""How each instruction is checked: by its signature in the instruction table, or by a special rule.

A module's rules are made when it first uses an instruction, so that is where its feature is checked.
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

__all__ = ["SPECIALS", "TYPES", "Rule", "Rules", "check_signature"]

Rule = Callable[[Body, Instruction, Any], None]
"""What checks one instruction with its immediates, and changes the operand stack as it does."""

SPECIALS: dict[Instruction, Rule] = {
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

TYPES: dict[str, ValueType] = {
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

_EXCEPTION_PROPOSALS = (Feature.EXCEPTIONS, Feature.LEGACY_EXCEPTIONS)


class Rules(dict[Instruction, Rule]):
    """The rule of each instruction that one module uses, found on first use. Belongs to one `Context`."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context

    def __missing__(self, instruction: Instruction) -> Rule:
        what = f"the instruction {instruction.keyword}"
        if instruction.keyword == "throw":
            self.context.features.use_one(_EXCEPTION_PROPOSALS, what)
        else:
            self.context.use(instruction.feature, what)
        rule = self[instruction] = SPECIALS.get(instruction, check_signature)
        return rule


def check_signature(body: Body, instruction: Instruction, immediate: Any) -> None:
    """Check an instruction by its signature, the indices among its immediates included."""
    assert instruction.operands is not None
    assert instruction.results is not None
    types = dict(TYPES)
    kinds = instruction.immediates
    values: tuple[Any, ...] = immediate if len(kinds) > 1 else (immediate,)
    # The memory or table is named last in the binary, and missed first by the specification's messages.
    for kind, value in reversed(list(zip(kinds, values, strict=False))):
        _check_immediate(body.context, instruction, kind, value, types)
    if instruction.name == "table.init":
        tables.check_init(body, *immediate)
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
