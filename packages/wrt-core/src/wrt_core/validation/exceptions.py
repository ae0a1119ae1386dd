"""Typing rules of exceptions.

Specification, section 3.4.2 "Control Instructions".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wrt_core.validation.body import Body
from wrt_core.validation.control import block_type, show
from wrt_foundation.errors import ValidationError
from wrt_foundation.immediates import BlockType, Catch, CatchKind
from wrt_foundation.instructions import Instruction
from wrt_foundation.subtyping import matches_results
from wrt_foundation.types import EXNREF, AbstractHeapType, RefType

__all__ = ["SPECIALS"]

_EXCEPTION = RefType(False, AbstractHeapType.EXN)


def _throw(body: Body, instruction: Instruction, tag: int) -> None:
    body.pop_all(body.context.tag(tag).params)
    body.set_unreachable()


def _throw_ref(body: Body, instruction: Instruction, immediate: None) -> None:
    body.pop(EXNREF)
    body.set_unreachable()


def _try_table(body: Body, instruction: Instruction, immediate: tuple[BlockType, tuple[Catch, ...]]) -> None:
    block, catches = immediate
    type_ = block_type(body.context, block)
    if len(catches) > body.context.limits.catches:
        raise ValidationError(f"too many catches: {len(catches)} where {body.context.limits.catches} is the limit")
    for kind, tag, depth in catches:
        payload = () if tag is None else body.context.tag(tag).params
        if kind in (CatchKind.CATCH_REF, CatchKind.CATCH_ALL_REF):
            payload = (*payload, _EXCEPTION)
        types = body.label(depth)
        if not matches_results(payload, types):
            raise ValidationError(
                f"type mismatch: {kind.keyword} gives {show(payload)}, but label {depth} takes {show(types)}"
            )
    body.enter("try_table", type_.params, type_.results, type_.results)


SPECIALS: dict[str, Callable[[Body, Instruction, Any], None]] = {
    "throw": _throw,
    "throw_ref": _throw_ref,
    "try_table": _try_table,
}
"""The instructions that this file types, by name."""
