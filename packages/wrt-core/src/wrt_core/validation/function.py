"""Function bodies: the loop that checks instructions one after another.

The loop is where validation spends its time. What most instructions do is written out in it; the rest
calls a rule of its own. It never recurses: nesting is a list of frames.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wrt_core.validation.body import Body, TypeMismatch
from wrt_core.validation.context import Context
from wrt_core.validation.signatures import (
    BINARY,
    LOAD,
    LOCAL_GET,
    LOCAL_SET,
    LOCAL_TEE,
    PUSH,
    SPECIAL,
    STORE,
    UNARY,
    Actions,
    check_signature,
)
from wrt_foundation.binary.instructions import read_instructions
from wrt_foundation.errors import DecodeError, ValidationError
from wrt_foundation.instructions import Instruction
from wrt_foundation.module import Code
from wrt_foundation.types import FuncType

__all__ = ["check_body", "check_function"]


def check_function(context: Context, actions: Actions, index: int, type_: FuncType, code: Code) -> None:
    """Check the function of that index in the function index space.

    Raises `ValidationError`, or `DecodeError` where its bytes are malformed.
    """
    try:
        runs = [(count, context.close(local)) for count, local in code.locals]
        count = len(type_.params) + sum(count for count, _ in runs)
        if count > context.limits.locals:
            raise ValidationError(f"too many locals: {count} where {context.limits.locals} is the limit")
        body = Body(context, type_.results, type_.params, runs, len(code.code))
        check_body(body, actions, read_instructions(code.code, code.offset))
    except ValidationError as error:
        error.function = index
        if error.offset is None:
            error.offset = code.offset
        raise


def check_body(body: Body, actions: Actions, instructions: Iterator[tuple[Instruction, Any, int]]) -> None:
    """Check the instructions of a body or constant expression, its closing `end` included.

    Raises `ValidationError`, or `DecodeError` where blocks and their ends don't pair.
    """
    stack, frames = body.stack, body.frames
    available, types = body.available, body.locals
    push, pop = stack.append, stack.pop
    position = 0
    try:
        for instruction, immediate, position in instructions:  # noqa: B007 - where an error happened
            kind, first, second, result = actions[instruction]
            if kind == LOCAL_GET:
                try:
                    type_ = available[immediate]
                except IndexError:
                    type_ = None
                if type_ is None:
                    first(body, instruction, immediate)
                else:
                    push(type_)
            elif kind == PUSH:
                push(first)
            elif kind == BINARY:
                if stack[-1] is second and stack[-2] is first:
                    pop()
                    stack[-1] = result
                else:
                    check_signature(body, instruction, immediate)
            elif kind == UNARY:
                if stack[-1] is first:
                    stack[-1] = result
                else:
                    check_signature(body, instruction, immediate)
            elif kind == LOAD:
                align, offset, memory = immediate
                if stack[-1] is first and align <= second and not memory and offset <= 0xFFFF_FFFF:
                    stack[-1] = result
                else:
                    check_signature(body, instruction, immediate)
            elif kind == STORE:
                align, offset, memory = immediate
                if (
                    stack[-1] is result
                    and stack[-2] is first
                    and align <= second
                    and not memory
                    and offset <= 0xFFFF_FFFF
                ):
                    del stack[-2:]
                else:
                    check_signature(body, instruction, immediate)
            elif kind == LOCAL_SET:
                try:
                    type_ = types[immediate]
                except IndexError:
                    type_ = None
                if stack[-1] is type_ and available[immediate] is not None:
                    pop()
                else:
                    first(body, instruction, immediate)
            elif kind == LOCAL_TEE:
                try:
                    type_ = types[immediate]
                except IndexError:
                    type_ = None
                if stack[-1] is not type_ or available[immediate] is None:
                    first(body, instruction, immediate)
            elif kind == SPECIAL:
                first(body, instruction, immediate)
            else:
                first(body, instruction, immediate)
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
