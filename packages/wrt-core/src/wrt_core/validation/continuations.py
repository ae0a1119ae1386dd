"""Typing rules of continuations.

Specification: the stack-switching proposal's explainer, "Specification changes".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wrt_core.validation.body import Body
from wrt_core.validation.context import Context
from wrt_core.validation.control import show
from wrt_foundation.canonical import DefinedType
from wrt_foundation.errors import ValidationError
from wrt_foundation.immediates import Handler
from wrt_foundation.instructions import Instruction
from wrt_foundation.subtyping import matches_composite, matches_results
from wrt_foundation.types import EXNREF, ContType, FuncType, RefType, ValueType

__all__ = ["SPECIALS"]


def _continuation_at(context: Context, index: int) -> FuncType:
    """Return the function type of the continuation type at `index`."""
    composite = context.composite_type(index)
    if not isinstance(composite, ContType):
        raise ValidationError(f"non-continuation type {index}")
    assert isinstance(composite.function, int)
    return context.function_type_at(composite.function)


def _continuation_of(context: Context, types: tuple[ValueType, ...], what: str) -> FuncType:
    """Return the function type of the continuation that the last of `types` refers to."""
    last = types[-1] if types else None
    if not isinstance(last, RefType) or not isinstance(last.heap, DefinedType):
        raise ValidationError(
            f"type mismatch: instruction requires concrete continuation reference type but {what} has {show(types)}"
        )
    composite = last.heap.composite
    if not isinstance(composite, ContType):
        raise ValidationError(f"non-continuation type {context.index_of(last.heap)}")
    function = composite.function
    assert isinstance(function, DefinedType)
    assert isinstance(function.composite, FuncType)
    return function.composite


def _cont_new(body: Body, instruction: Instruction, index: int) -> None:
    context = body.context
    _continuation_at(context, index)
    continuation = context.type(index).composite
    assert isinstance(continuation, ContType)
    body.pop(context.intern(RefType(True, continuation.function)))
    body.stack.append(context.reference_to(index))


def _cont_bind(body: Body, instruction: Instruction, immediate: tuple[int, int]) -> None:
    source, target = immediate
    context = body.context
    whole, rest = _continuation_at(context, source), _continuation_at(context, target)
    bound = len(whole.params) - len(rest.params)
    if bound < 0:
        raise ValidationError(
            f"type mismatch in continuation arguments: {show(rest.params)} are more than {show(whole.params)}"
        )
    if not matches_composite(FuncType(whole.params[bound:], whole.results), rest):
        raise ValidationError(
            f"type mismatch in continuation types: {whole} does not become {rest} with {bound} arguments bound"
        )
    body.pop(context.reference_to(source, nullable=True))
    body.pop_all(whole.params[:bound])
    body.stack.append(context.reference_to(target))


def _suspend(body: Body, instruction: Instruction, tag: int) -> None:
    type_ = body.context.tag(tag)
    body.pop_all(type_.params)
    body.stack.extend(type_.results)


def _check_handlers(body: Body, handlers: tuple[Handler, ...], results: tuple[ValueType, ...]) -> None:
    context = body.context
    if len(handlers) > context.limits.catches:
        raise ValidationError(f"too many handlers: {len(handlers)} where {context.limits.catches} is the limit")
    for tag, depth in handlers:
        type_ = context.tag(tag)
        if depth is None:
            equal = matches_results(type_.results, results) and matches_results(results, type_.results)
            if type_.params or not equal:
                raise ValidationError(
                    f"type mismatch in switch tag: tag {tag} is {type_}, but [] -> {show(results)} is expected"
                )
            continue
        label = body.label(depth)
        expected = _continuation_of(context, label, "label")
        if not matches_composite(FuncType(type_.results, results), expected):
            raise ValidationError(
                f"type mismatch in continuation type: label {depth} takes one of {expected}, "
                f"but is given one of {FuncType(type_.results, results)}"
            )
        if not matches_results(type_.params, label[:-1]):
            raise ValidationError(
                f"type mismatch: tag {tag} gives {show(type_.params)}, but label {depth} takes {show(label[:-1])}"
            )


def _resume(body: Body, instruction: Instruction, immediate: tuple[int, tuple[Handler, ...]]) -> None:
    index, handlers = immediate
    type_ = _continuation_at(body.context, index)
    _check_handlers(body, handlers, type_.results)
    body.pop(body.context.reference_to(index, nullable=True))
    body.pop_all(type_.params)
    body.stack.extend(type_.results)


def _resume_throw(body: Body, instruction: Instruction, immediate: tuple[int, int, tuple[Handler, ...]]) -> None:
    index, tag, handlers = immediate
    type_ = _continuation_at(body.context, index)
    payload = body.context.tag(tag).params
    _check_handlers(body, handlers, type_.results)
    body.pop(body.context.reference_to(index, nullable=True))
    body.pop_all(payload)
    body.stack.extend(type_.results)


def _resume_throw_ref(body: Body, instruction: Instruction, immediate: tuple[int, tuple[Handler, ...]]) -> None:
    index, handlers = immediate
    type_ = _continuation_at(body.context, index)
    _check_handlers(body, handlers, type_.results)
    body.pop(body.context.reference_to(index, nullable=True))
    body.pop(EXNREF)
    body.stack.extend(type_.results)


def _switch(body: Body, instruction: Instruction, immediate: tuple[int, int]) -> None:
    index, tag = immediate
    context = body.context
    type_ = _continuation_at(context, index)
    back = _continuation_of(context, type_.params, "the continuation type")
    signal = context.tag(tag)
    if signal.params:
        raise ValidationError(f"type mismatch in switch tag: tag {tag} takes {show(signal.params)}")
    if not matches_results(type_.results, signal.results) or not matches_results(signal.results, back.results):
        raise ValidationError(
            f"type mismatch in continuation types: tag {tag} gives {show(signal.results)}, but the continuation "
            f"{show(type_.results)}, and the one it is handed {show(back.results)}"
        )
    body.pop(context.reference_to(index, nullable=True))
    body.pop_all(type_.params[:-1])
    body.stack.extend(back.params)


SPECIALS: dict[str, Callable[[Body, Instruction, Any], None]] = {
    "cont.new": _cont_new,
    "cont.bind": _cont_bind,
    "suspend": _suspend,
    "resume": _resume,
    "resume_throw": _resume_throw,
    "resume_throw_ref": _resume_throw_ref,
    "switch": _switch,
}
"""The instructions that this file types, by name."""
