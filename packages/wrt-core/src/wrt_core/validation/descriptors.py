"""Typing rules of custom descriptors.

Specification: the custom-descriptors proposal's overview.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wrt_core.validation.aggregates import check_defaults, push_new
from wrt_core.validation.body import Body
from wrt_core.validation.references import branch_on_cast, castable
from wrt_foundation.canonical import DefinedType
from wrt_foundation.errors import ValidationError
from wrt_foundation.immediates import Cast
from wrt_foundation.instructions import Instruction
from wrt_foundation.subtyping import matches
from wrt_foundation.types import RefType

__all__ = ["SPECIALS"]


def _pop_descriptor(body: Body, index: int) -> None:
    descriptor = body.context.type(index).descriptor
    if descriptor is None:
        raise ValidationError(f"type without descriptor requires non-descriptor allocation: type {index}")
    body.pop(body.context.intern(RefType(True, descriptor, exact=True)))


def _struct_new_desc(body: Body, instruction: Instruction, index: int) -> None:
    values = body.context.struct_values_at(index)
    _pop_descriptor(body, index)
    body.pop_all(values)
    push_new(body, index)


def _struct_new_default_desc(body: Body, instruction: Instruction, index: int) -> None:
    check_defaults(body, index)
    _pop_descriptor(body, index)
    push_new(body, index)


def _ref_get_desc(body: Body, instruction: Instruction, index: int) -> None:
    context = body.context
    descriptor = context.type(index).descriptor
    if descriptor is None:
        raise ValidationError(f"type without descriptor {index}")
    exactly = context.reference_to(index, nullable=True, exact=True)
    top = body.stack[-1]
    # Of what is exactly of this type, or of no known type, the descriptor is known exactly too.
    exact = not isinstance(top, RefType) or matches(top, exactly)
    body.pop(exactly if exact else context.reference_to(index, nullable=True))
    body.stack.append(context.intern(RefType(False, descriptor, exact)))


def _descriptor_of(body: Body, written: RefType, target: RefType) -> RefType:
    """Return what a cast to `target` takes as its descriptor; `written` is the target as the module has it."""
    descriptor = target.heap.descriptor if isinstance(target.heap, DefinedType) else None
    if descriptor is None:
        raise ValidationError(f"type {written.heap} does not have a descriptor")
    return body.context.intern(RefType(True, descriptor, target.exact))


def _ref_cast_desc_eq(body: Body, instruction: Instruction, immediate: RefType) -> None:
    target = body.context.reference(immediate)
    body.pop(_descriptor_of(body, immediate, target))
    body.pop(castable(body.context, target))
    body.stack.append(target)


def _br_on_cast_desc_eq(body: Body, instruction: Instruction, cast: Cast) -> None:
    target = body.context.reference(cast.target)
    branch_on_cast(body, instruction, cast, _descriptor_of(body, cast.target, target))


SPECIALS: dict[str, Callable[[Body, Instruction, Any], None]] = {
    "struct.new_desc": _struct_new_desc,
    "struct.new_default_desc": _struct_new_default_desc,
    "ref.get_desc": _ref_get_desc,
    "ref.cast_desc_eq": _ref_cast_desc_eq,
    "ref.cast_desc_eq_null": _ref_cast_desc_eq,
    "br_on_cast_desc_eq": _br_on_cast_desc_eq,
    "br_on_cast_desc_eq_fail": _br_on_cast_desc_eq,
}
"""The instructions that this file types, by name."""
