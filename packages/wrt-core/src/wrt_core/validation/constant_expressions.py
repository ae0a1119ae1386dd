"""Constant expressions: what initialises globals, tables and segments.

Specification, section 3.4.14 "Constant Expressions".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wrt_core.validation.body import Body
from wrt_core.validation.context import Context
from wrt_core.validation.function import check_body
from wrt_core.validation.signatures import Rules
from wrt_foundation.binary.instructions import read_instructions
from wrt_foundation.errors import ValidationError
from wrt_foundation.features import Feature
from wrt_foundation.instructions import Instruction
from wrt_foundation.module import Expression
from wrt_foundation.types import ValueType

__all__ = ["check_constant_expression"]


def check_constant_expression(context: Context, rules: Rules, expression: Expression, type_: ValueType) -> None:
    """Check that an expression is constant and gives one value of that closed type.

    The functions it names become declared. Raises `ValidationError`, or `DecodeError` where its bytes
    are malformed.
    """
    instructions = read_instructions(expression.code, expression.offset)
    check_body(Body(context, (type_,)), rules, _constant(context, instructions))


def _constant(
    context: Context, instructions: Iterator[tuple[Instruction, Any, int]]
) -> Iterator[tuple[Instruction, Any, int]]:
    for read in instructions:
        instruction, immediate, position = read
        if instruction.constant:
            if instruction.name == "global.get":
                _check_global(context, immediate, position)
            elif instruction.operands and instruction.feature is Feature.MVP:
                # Arithmetic was always there, but not here.
                context.use(Feature.EXTENDED_CONST, f"{instruction.keyword} in a constant expression")
        elif instruction.name != "end":
            raise ValidationError(f"constant expression required, not {instruction.keyword}", offset=position)
        yield read


def _check_global(context: Context, index: int, position: int) -> None:
    if index >= context.globals_in_scope:
        raise ValidationError(f"unknown global {index} at this place", offset=position)
    if context.globals[index].mutable:
        raise ValidationError(f"constant expression required: global {index} is mutable", offset=position)
    if index >= context.imported_globals:
        context.use(Feature.GC, "a constant expression that refers to a global of the module itself")
