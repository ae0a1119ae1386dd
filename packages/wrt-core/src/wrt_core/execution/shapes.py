"""Shapes: what an activation has at each safe point of a function, as the rules of validation type it.

It is the same for every engine and does not need what any has made of the function. It takes a few microseconds an
instruction, so that what comes from elsewhere is checked before any of its functions is translated.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import Any

from wrt_core.execution.activation import ActivationKind, local_types
from wrt_core.execution.runner import Shape
from wrt_core.validation import ValidatedModule
from wrt_core.validation.body import FLOOR, POLYMORPHIC, Body
from wrt_core.validation.context import Context
from wrt_core.validation.signatures import Rules
from wrt_core.validation.validated import context_of
from wrt_foundation.binary.instructions import read_instructions
from wrt_foundation.immediates import Cast
from wrt_foundation.instructions import BY_NAME, Immediate, Instruction
from wrt_foundation.limits import DEFAULT_LIMITS
from wrt_foundation.types import FuncType, ValueType

__all__ = ["Shapes"]

_LOOP, _IF, _ELSE, _END = (BY_NAME[each] for each in ("loop", "if", "else", "end"))
_OPENING = frozenset(BY_NAME[each] for each in ("block", "loop", "if", "try_table", "try"))
_CATCHING = frozenset(BY_NAME[each] for each in ("catch", "catch_all"))
_CLOSING = frozenset(BY_NAME[each] for each in ("end", "delegate"))
_CALLS = frozenset(BY_NAME[each] for each in ("call", "call_indirect", "call_ref"))
_HANDING = frozenset(BY_NAME[each] for each in ("delegate", "rethrow"))
"""Their labels are those of handlers."""
_SWITCHING = frozenset(BY_NAME[each] for each in ("suspend", "switch"))
"""Outside of a continuation, they only trap; and what runs in one is at no safe point."""

_UNLIMITED = replace(
    DEFAULT_LIMITS, nesting=sys.maxsize, br_table_targets=sys.maxsize, catches=sys.maxsize, locals=sys.maxsize
)
"""The module was valid within some limits already."""


class Shapes:
    """The shapes of one module's functions, each found when it is first asked for. Thread-safe: at worst one is found
    twice."""

    def __init__(self, module: ValidatedModule) -> None:
        self._rules = Rules(context_of(module.module, _UNLIMITED))
        self._found: dict[int, dict[int, tuple[ActivationKind, Shape]]] = {}

    def of(self, module: ValidatedModule, function: int) -> dict[int, tuple[ActivationKind, Shape]]:
        """Return the kinds and shapes of a function's safe points past its entry, by their offsets.

        The module must be the one that this was made for. Where control can't come to, there are none.
        """
        found = self._found.get(function)
        if found is None:
            found = self._found[function] = _shapes(module, function, self._rules)
        return found


@dataclass(slots=True)
class _Construct:
    """A construct that is open: whether a branch leaves it, and whether control falls off an end of it so far."""

    opener: Instruction
    is_left: bool = False
    falls: bool = False


def _shapes(module: ValidatedModule, function: int, rules: Rules) -> dict[int, tuple[ActivationKind, Shape]]:
    context, type_ = rules.context, module.function_types[function]
    code = module.code(function)
    runs = [(count, context.close(each)) for count, each in code.locals]
    body = Body(context, type_.results, type_.params, runs, len(code.code))
    locals_ = tuple(local_types(module, function))
    found: dict[int, tuple[ActivationKind, Shape]] = {}
    open_ = [_Construct(_END)]
    reachable, skipped = True, 0

    def note(kind: ActivationKind, offset: int, results: tuple[ValueType, ...]) -> None:
        operands = [each for each in body.stack if each is not FLOOR]
        held = sum([frame.opener in ("catch", "catch_all") for frame in body.frames])
        found[offset] = kind, Shape(locals_, tuple(operands[: len(operands) - len(results)]), held, results)

    for instruction, immediate, offset in read_instructions(code.code, code.offset):
        if not reachable:
            if instruction in _OPENING:
                skipped += 1
                continue
            if skipped:
                skipped -= instruction in _CLOSING
                continue
            if instruction not in _CLOSING and instruction is not _ELSE and instruction not in _CATCHING:
                continue
        for depth in _labels(instruction, immediate):
            open_[-1 - depth].is_left = True
        rules[instruction](body, instruction, immediate)
        if instruction in _OPENING:
            open_.append(_Construct(instruction, falls=instruction is _IF))
            if instruction is _LOOP:
                note(ActivationKind.LOOP, offset, ())
        elif instruction in _CLOSING:
            closed = open_.pop()
            reachable = reachable or (closed.opener is not _LOOP and (closed.falls or closed.is_left))
            if not reachable and open_:  # of which the rules know less
                body.set_unreachable()
        elif instruction is _ELSE or instruction in _CATCHING:
            # The arm of an `if` that is not there would have been one that control falls off.
            open_[-1].falls = reachable or (open_[-1].falls and instruction is not _ELSE)
            reachable = True
        elif instruction in _CALLS:
            note(ActivationKind.CALL, offset, _called(context, instruction, immediate).results)
        elif instruction in _SWITCHING:
            body.set_unreachable()
            reachable = False
        else:
            reachable = body.stack[-1] is not POLYMORPHIC
    return found


def _called(context: Context, instruction: Instruction, immediate: Any) -> FuncType:
    """The type of what a call calls."""
    if instruction.name == "call":
        return context.function_type(immediate)
    return context.function_type_at(immediate[0] if instruction.name == "call_indirect" else immediate)


def _labels(instruction: Instruction, immediate: Any) -> list[int]:
    """The labels that an instruction may branch to."""
    if instruction in _HANDING:
        return []
    kinds = instruction.immediates
    values = immediate if len(kinds) > 1 else (immediate,)
    found: list[int] = []
    for kind, value in zip(kinds, values, strict=False):
        if kind is Immediate.LABEL:
            found.append(value)
        elif kind is Immediate.LABELS:
            found += set(value)
        elif kind is Immediate.CAST:
            assert isinstance(value, Cast)
            found.append(value.label)
        elif kind in (Immediate.CATCHES, Immediate.HANDLERS):
            found += [each.label for each in value if each.label is not None]
    return found
