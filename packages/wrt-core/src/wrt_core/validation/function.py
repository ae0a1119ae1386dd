"""Function bodies: their instructions are checked one after another, by the rule of each.

Most bodies never come to the loop here: `acceptance` takes what is plainly valid. It never recurses: nesting is a list
of frames.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wrt_core.validation.acceptance import Shapes, accepts
from wrt_core.validation.body import Body, TypeMismatch
from wrt_core.validation.signatures import Rules
from wrt_foundation.binary.instructions import read_instructions
from wrt_foundation.errors import DecodeError, ValidationError
from wrt_foundation.instructions import Instruction
from wrt_foundation.module import Code
from wrt_foundation.types import FuncType

__all__ = ["check_body", "check_function"]


def check_function(shapes: Shapes, index: int, type_: FuncType, code: Code) -> None:
    """Check the function of that index in the function index space.

    Raises `ValidationError`, or `DecodeError` where its bytes are malformed.
    """
    context = shapes.rules.context
    try:
        runs = [(count, context.close(local)) for count, local in code.locals]
        count = len(type_.params) + sum([count for count, _ in runs])
        if count > context.limits.locals:
            raise ValidationError(f"too many locals: {count} where {context.limits.locals} is the limit")
        if not accepts(Body(context, type_.results, type_.params, runs, len(code.code)), shapes, code.code):
            body = Body(context, type_.results, type_.params, runs, len(code.code))
            check_body(body, shapes.rules, read_instructions(code.code, code.offset))
    except ValidationError as error:
        error.function = index
        if error.offset is None:
            error.offset = code.offset
        raise


def check_body(body: Body, rules: Rules, instructions: Iterator[tuple[Instruction, Any, int]]) -> None:
    """Check the instructions of a body or constant expression, its closing `end` included.

    Raises `ValidationError`, or `DecodeError` where blocks and their ends don't pair.
    """
    frames = body.frames
    position = 0
    try:
        for instruction, immediate, position in instructions:  # noqa: B007 - where an error happened
            rules[instruction](body, instruction, immediate)
            if not frames:
                break
        else:
            raise DecodeError("unexpected end of section or function: a block is not closed")
        leftover = next(instructions, None)
        if leftover is not None:
            position = leftover[2]
            raise DecodeError("section size mismatch: operators remaining after end of function")
    except TypeMismatch as mismatch:
        raise ValidationError(
            f"type mismatch: {instruction.keyword} expected {mismatch.expected}, found {mismatch.found}",
            offset=position,
        ) from None
    except (ValidationError, DecodeError) as error:
        if error.offset is None:
            error.offset = position
        raise
