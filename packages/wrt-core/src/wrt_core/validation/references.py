"""Typing rules of reference instructions: null, function references, tests and casts, and branches on them.

Specification, section 3.4.7 "Reference Instructions" and 3.4.2 for the branches.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wrt_core.validation.body import BOTTOM_REFERENCE, Body, TypeMismatch
from wrt_core.validation.context import Context
from wrt_core.validation.control import show
from wrt_foundation.errors import ValidationError
from wrt_foundation.immediates import Cast
from wrt_foundation.instructions import Instruction
from wrt_foundation.subtyping import matches, top_of
from wrt_foundation.types import ANYREF, EXTERNREF, I32, AbstractHeapType, RefType, ValueType

__all__ = ["SPECIALS", "branch_on_cast", "castable", "without_null"]


def castable(context: Context, type_: RefType) -> RefType:
    """Return what may be cast to a closed type: all references of its hierarchy, null included."""
    top = top_of(type_.heap)
    if top is AbstractHeapType.CONT:
        raise ValidationError(f"invalid cast: continuations such as {type_} have no type at run time")
    return context.intern(RefType(True, top))


def without_null(context: Context, type_: Any) -> Any:
    """Return a closed reference type without null; the bottom reference type has none."""
    if type_ is BOTTOM_REFERENCE or not type_.nullable:
        return type_
    return context.intern(RefType(False, type_.heap, type_.exact))


def _ref_null(body: Body, instruction: Instruction, immediate: RefType) -> None:
    body.stack.append(body.context.reference(immediate))


def _ref_is_null(body: Body, instruction: Instruction, immediate: None) -> None:
    body.pop_reference()
    body.stack.append(I32)


def _ref_func(body: Body, instruction: Instruction, index: int) -> None:
    context = body.context
    context.function_type(index)
    if context.declaring:
        context.declared.add(index)
    elif index not in context.declared:
        raise ValidationError(f"undeclared function reference {index}")
    exact = context.exact and context.exact_functions[index]
    body.stack.append(context.intern(RefType(False, context.functions[index], exact)))


def _ref_as_non_null(body: Body, instruction: Instruction, immediate: None) -> None:
    body.stack.append(without_null(body.context, body.pop_reference()))


def _br_on_null(body: Body, instruction: Instruction, depth: int) -> None:
    found = body.pop_reference()
    types = body.label(depth)
    body.pop_all(types)
    body.stack.extend(types)
    body.stack.append(without_null(body.context, found))


def _br_on_non_null(body: Body, instruction: Instruction, depth: int) -> None:
    types = body.label(depth)
    if not types or not isinstance(types[-1], RefType):
        raise ValidationError(f"type mismatch: br_on_non_null needs a label that takes a reference, not {show(types)}")
    last = types[-1]
    body.pop(body.context.intern(RefType(True, last.heap, last.exact)))
    body.pop_all(types[:-1])
    body.stack.extend(types[:-1])


def _ref_test(body: Body, instruction: Instruction, immediate: RefType) -> None:
    body.pop(castable(body.context, body.context.reference(immediate)))
    body.stack.append(I32)


def _ref_cast(body: Body, instruction: Instruction, immediate: RefType) -> None:
    target = body.context.reference(immediate)
    body.pop(castable(body.context, target))
    body.stack.append(target)


def branch_on_cast(body: Body, instruction: Instruction, cast: Cast, *operands: ValueType) -> None:
    """Check a branch that is taken if a cast succeeds, or fails, `operands` being those above the reference."""
    context = body.context
    source, target = context.reference(cast.source), context.reference(cast.target)
    # Custom descriptors admit any cast within a hierarchy, where 3.0 wants the target to match the source.
    within = castable(context, source) is castable(context, target)
    if not (within if context.exact else matches(target, source)):
        raise ValidationError(f"type mismatch: {instruction.keyword} can't cast {source} to {target}")
    rest = without_null(context, source) if target.nullable else source
    taken, left = (rest, target) if instruction.keyword.endswith("_fail") else (target, rest)
    types = body.label(cast.label)
    if not types or not matches(taken, types[-1]):
        raise ValidationError(
            f"type mismatch: {instruction.keyword} branches with {taken}, but the label takes {show(types)}"
        )
    body.pop_all((source, *operands))
    body.pop_all(types[:-1])
    body.stack.extend(types[:-1])
    body.stack.append(left)


def _br_on_cast(body: Body, instruction: Instruction, cast: Cast) -> None:
    branch_on_cast(body, instruction, cast)


def _convert(source: RefType, target: AbstractHeapType) -> Callable[[Body, Instruction, None], None]:
    def convert(body: Body, instruction: Instruction, immediate: None) -> None:
        found = body.pop_reference()
        if found is not BOTTOM_REFERENCE and not matches(found, source):
            raise TypeMismatch(source, found)
        nullable = found is not BOTTOM_REFERENCE and found.nullable
        body.stack.append(body.context.intern(RefType(nullable, target)))

    return convert


SPECIALS: dict[str, Callable[[Body, Instruction, Any], None]] = {
    "ref.null": _ref_null,
    "ref.is_null": _ref_is_null,
    "ref.func": _ref_func,
    "ref.as_non_null": _ref_as_non_null,
    "br_on_null": _br_on_null,
    "br_on_non_null": _br_on_non_null,
    "ref.test": _ref_test,
    "ref.test_null": _ref_test,
    "ref.cast": _ref_cast,
    "ref.cast_null": _ref_cast,
    "br_on_cast": _br_on_cast,
    "br_on_cast_fail": _br_on_cast,
    "any.convert_extern": _convert(EXTERNREF, AbstractHeapType.ANY),
    "extern.convert_any": _convert(ANYREF, AbstractHeapType.EXTERN),
}
"""The instructions that this file types, by name."""
