"""Typing rules of locals and globals.

Specification, section 3.4.3 "Variable Instructions". The body's loop has its own short way through the
three instructions of locals; it comes here with what that way does not take.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wrt_core.validation.body import Body
from wrt_foundation.errors import ValidationError
from wrt_foundation.instructions import Instruction

__all__ = ["SPECIALS"]


def _local_get(body: Body, instruction: Instruction, index: int) -> None:
    type_ = body.local(index)
    if body.available[index] is None:
        raise ValidationError(f"uninitialized local {index}: of type {type_}, which has no default value")
    body.stack.append(type_)


def _local_set(body: Body, instruction: Instruction, index: int) -> None:
    body.pop(body.local(index))
    body.set_local(index)


def _local_tee(body: Body, instruction: Instruction, index: int) -> None:
    type_ = body.local(index)
    body.pop(type_)
    body.set_local(index)
    body.stack.append(type_)


def _global_get(body: Body, instruction: Instruction, index: int) -> None:
    body.stack.append(body.context.global_(index).value)


def _global_set(body: Body, instruction: Instruction, index: int) -> None:
    type_ = body.context.global_(index)
    if not type_.mutable:
        raise ValidationError(f"immutable global {index}")
    body.pop(type_.value)


SPECIALS: dict[str, Callable[[Body, Instruction, Any], None]] = {
    "local.get": _local_get,
    "local.set": _local_set,
    "local.tee": _local_tee,
    "global.get": _global_get,
    "global.set": _global_set,
}
"""The instructions that this file types, by name."""
