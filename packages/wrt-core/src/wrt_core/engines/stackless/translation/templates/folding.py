"""Folding: integer instructions whose operands are constants are constants themselves."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from wrt_core.engines.stackless.translation.operand import Operand, constant
from wrt_core.engines.stackless.translation.translator import Translator, template
from wrt_core.numerics import NUMERICS
from wrt_foundation.instructions import Instruction
from wrt_foundation.types import I32, I64, NumType

__all__ = ["both", "folding", "signed_value", "type_of"]


def type_of(instruction: Instruction) -> NumType:
    """The type of integers that an instruction is named after."""
    return I32 if instruction.name.startswith("i32") else I64


def both(*names: str) -> list[str]:
    """The names of instructions of either type."""
    return [f"{type_}.{each}" for each in names for type_ in ("i32", "i64")]


def folding(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a template that is not asked where all operands are constants: numerics give the result."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        @wraps(function)
        def fold(t: Translator, instruction: Instruction, immediate: object) -> None:
            items = t.stack.items
            if items[-1].value is None:
                function(t, instruction, immediate)
                return
            assert instruction.operands is not None
            count = len(instruction.operands)
            values = [operand.value for operand in items[-count:]]
            if None in values:
                function(t, instruction, immediate)
                return
            for _ in values:
                t.pop()
            result = NUMERICS[instruction.name](*values)
            assert instruction.results is not None
            t.push(constant(int(result), I32 if instruction.results[0] == "i32" else I64))

        template(*names)(fold)
        return function

    return register


def signed_value(operand: Operand) -> int:
    """The signed value of a constant."""
    value = operand.signed().value
    assert value is not None
    return value
