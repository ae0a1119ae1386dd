"""Typing rules of the exception instructions that try_table replaced.

Specification: the exception-handling proposal's legacy document, "Exceptions (legacy)".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wrt_core.validation.body import Body
from wrt_core.validation.control import block_type
from wrt_foundation.errors import DecodeError, ValidationError
from wrt_foundation.immediates import BlockType
from wrt_foundation.instructions import Instruction
from wrt_foundation.types import ValueType

__all__ = ["SPECIALS"]


def _try(body: Body, instruction: Instruction, immediate: BlockType) -> None:
    type_ = block_type(body.context, immediate)
    body.enter("try", type_.params, type_.results, type_.results)


def _handle(body: Body, opener: str, payload: tuple[ValueType, ...]) -> None:
    if body.frames[-1].opener not in ("try", "catch"):
        raise DecodeError(f"END opcode expected: {opener} without try")
    frame = body.leave()
    body.enter(opener, (), frame.results, frame.label)
    body.stack.extend(payload)


def _catch(body: Body, instruction: Instruction, tag: int) -> None:
    _handle(body, "catch", body.context.tag(tag).params)


def _catch_all(body: Body, instruction: Instruction, immediate: None) -> None:
    _handle(body, "catch_all", ())


def _delegate(body: Body, instruction: Instruction, depth: int) -> None:
    if body.frames[-1].opener != "try":
        raise DecodeError("END opcode expected: delegate without try")
    frame = body.leave()
    # The label counts from outside the try: a body delegates to its caller by the label of the function.
    body.label(depth)
    body.stack.extend(frame.results)


def _rethrow(body: Body, instruction: Instruction, depth: int) -> None:
    body.label(depth)
    if body.frames[-1 - depth].opener not in ("catch", "catch_all"):
        raise ValidationError(f"invalid rethrow label {depth}: not of a catch")
    body.set_unreachable()


SPECIALS: dict[str, Callable[[Body, Instruction, Any], None]] = {
    "try": _try,
    "catch": _catch,
    "catch_all": _catch_all,
    "delegate": _delegate,
    "rethrow": _rethrow,
}
"""The instructions that this file types, by name."""
