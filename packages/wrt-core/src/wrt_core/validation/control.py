"""Typing rules of control instructions: blocks, branches and calls.

Specification, section 3.4.1 "Parametric Instructions" and 3.4.2 "Control Instructions".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wrt_core.validation.body import BOTTOM, BOTTOM_REFERENCE, Body, TypeMismatch
from wrt_core.validation.context import Context
from wrt_foundation.errors import DecodeError, ValidationError
from wrt_foundation.features import Feature
from wrt_foundation.immediates import BlockType
from wrt_foundation.instructions import Instruction
from wrt_foundation.subtyping import matches, matches_results
from wrt_foundation.types import FUNCREF, I32, FuncType, RefType, ValueType

__all__ = ["SPECIALS", "block_type", "show"]


def show(types: tuple[ValueType, ...]) -> str:
    """Return a sequence of types as messages write it."""
    return f"[{' '.join(map(str, types))}]"


def block_type(context: Context, immediate: BlockType) -> FuncType:
    """Return the function type that a block type stands for."""
    if immediate is None:
        return _EMPTY
    if isinstance(immediate, int):
        context.use(Feature.MULTI_VALUE, "a block with parameters or several results")
        return context.function_type_at(immediate)
    return FuncType((), (context.close(immediate),))


_EMPTY = FuncType()


def _unreachable(body: Body, instruction: Instruction, immediate: None) -> None:
    body.set_unreachable()


def _drop(body: Body, instruction: Instruction, immediate: None) -> None:
    body.pop_any()


def _select(body: Body, instruction: Instruction, immediate: None) -> None:
    body.pop(I32)
    second, first = body.pop_any(), body.pop_any()
    for found in (first, second):
        if found is BOTTOM_REFERENCE or isinstance(found, RefType):
            raise TypeMismatch("a number or vector", found)
    if second is not BOTTOM and first is not BOTTOM and first is not second:
        raise TypeMismatch(first, second)
    body.stack.append(second if first is BOTTOM else first)


def _select_typed(body: Body, instruction: Instruction, immediate: tuple[ValueType, ...]) -> None:
    if len(immediate) != 1:
        raise ValidationError("invalid result arity: select takes one type")
    type_ = body.context.close(immediate[0])
    body.pop_all((type_, type_, I32))
    body.stack.append(type_)


def _block(body: Body, instruction: Instruction, immediate: BlockType) -> None:
    if immediate is None:
        body.enter("block", (), (), ())
    else:
        type_ = block_type(body.context, immediate)
        body.enter("block", type_.params, type_.results, type_.results)


def _loop(body: Body, instruction: Instruction, immediate: BlockType) -> None:
    type_ = block_type(body.context, immediate)
    body.enter("loop", type_.params, type_.results, type_.params)


def _if(body: Body, instruction: Instruction, immediate: BlockType) -> None:
    type_ = block_type(body.context, immediate)
    body.pop(I32)
    body.enter("if", type_.params, type_.results, type_.results)


def _else(body: Body, instruction: Instruction, immediate: None) -> None:
    if body.frames[-1].opener != "if":
        raise DecodeError("END opcode expected: else without if")
    frame = body.leave()
    body.stack.extend(frame.parameters)
    body.enter("else", frame.parameters, frame.results, frame.label)


def _end(body: Body, instruction: Instruction, immediate: None) -> None:
    frame = body.leave()
    if frame.opener == "if" and frame.parameters != frame.results:
        # Without an else, the parameters of the block are its results where the condition is false.
        if not matches_results(frame.parameters, frame.results):
            raise ValidationError(
                f"type mismatch: if without else gives {show(frame.parameters)}, but {show(frame.results)} is expected"
            )
    body.stack.extend(frame.results)


def _br(body: Body, instruction: Instruction, depth: int) -> None:
    body.pop_all(body.label(depth))
    body.set_unreachable()


def _br_if(body: Body, instruction: Instruction, depth: int) -> None:
    if body.stack[-1] is I32:
        body.stack.pop()
    else:
        body.pop(I32)
    types = body.label(depth)
    if types:
        body.pop_all(types)
        body.stack.extend(types)


def _br_table(body: Body, instruction: Instruction, depths: tuple[int, ...]) -> None:
    if len(depths) - 1 > body.context.limits.br_table_targets:
        limit = body.context.limits.br_table_targets
        raise ValidationError(f"too many br_table targets: {len(depths) - 1} where {limit} is the limit")
    body.pop(I32)
    default = body.label(depths[-1])
    # Labels of one block type share one tuple of types, which is checked once.
    checked: set[int] = set()
    for depth in set(depths):
        types = body.label(depth)
        if id(types) in checked:
            continue
        if len(types) != len(default):
            raise ValidationError(
                f"type mismatch: br_table's label {depth} takes {len(types)} values, its default {len(default)}"
            )
        body.check_top(types)
        checked.add(id(types))
    body.set_unreachable()


def _return(body: Body, instruction: Instruction, immediate: None) -> None:
    body.pop_all(body.results)
    body.set_unreachable()


def _call(body: Body, instruction: Instruction, index: int) -> None:
    type_ = body.context.function_type(index)
    body.pop_all(type_.params)
    body.stack.extend(type_.results)


def indirect_type(body: Body, immediate: tuple[int, int]) -> FuncType:
    """Check the table of an indirect call, take the index into it, and return the callee's type."""
    type_index, table_index = immediate
    context = body.context
    table = context.table(table_index)
    if table.element is not FUNCREF and not matches(table.element, FUNCREF):
        raise TypeMismatch("a table of functions", f"one of {table.element}")
    type_ = context.function_type_at(type_index)
    body.pop(table.address)
    return type_


def _call_indirect(body: Body, instruction: Instruction, immediate: tuple[int, int]) -> None:
    type_ = indirect_type(body, immediate)
    body.pop_all(type_.params)
    body.stack.extend(type_.results)


def _call_ref(body: Body, instruction: Instruction, index: int) -> None:
    type_ = body.context.function_type_at(index)
    body.pop(body.context.reference_to(index, nullable=True))
    body.pop_all(type_.params)
    body.stack.extend(type_.results)


def tail_call(body: Body, type_: FuncType) -> None:
    """Check a call in tail position: the callee's results are the caller's."""
    if not matches_results(type_.results, body.results):
        raise ValidationError(
            f"type mismatch: current function requires result type {show(body.results)} "
            f"but callee returns {show(type_.results)}"
        )
    body.pop_all(type_.params)
    body.set_unreachable()


def _return_call(body: Body, instruction: Instruction, index: int) -> None:
    tail_call(body, body.context.function_type(index))


def _return_call_indirect(body: Body, instruction: Instruction, immediate: tuple[int, int]) -> None:
    tail_call(body, indirect_type(body, immediate))


def _return_call_ref(body: Body, instruction: Instruction, index: int) -> None:
    type_ = body.context.function_type_at(index)
    body.pop(body.context.reference_to(index, nullable=True))
    tail_call(body, type_)


SPECIALS: dict[str, Callable[[Body, Instruction, Any], None]] = {
    "unreachable": _unreachable,
    "drop": _drop,
    "select": _select,
    "select_t": _select_typed,
    "block": _block,
    "loop": _loop,
    "if": _if,
    "else": _else,
    "end": _end,
    "br": _br,
    "br_if": _br_if,
    "br_table": _br_table,
    "return": _return,
    "call": _call,
    "call_indirect": _call_indirect,
    "call_ref": _call_ref,
    "return_call": _return_call,
    "return_call_indirect": _return_call_indirect,
    "return_call_ref": _return_call_ref,
}
"""The instructions that this file types, by name."""
