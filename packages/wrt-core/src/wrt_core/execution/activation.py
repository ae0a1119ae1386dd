"""Activations: what is alive of a function that is in the middle of running, the same for every engine."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from wrt_core.debugging import positions
from wrt_foundation.canonical import close
from wrt_foundation.traps import Frame
from wrt_foundation.types import ValueType

if TYPE_CHECKING:
    from wrt_core.runtime.instance import Instance
    from wrt_core.validation import ValidatedModule

__all__ = ["Activation", "ActivationKind", "backtrace", "local_types"]


class ActivationKind(StrEnum):
    """Which kind of safe point an activation is at."""

    ENTRY = "entry"
    """Before the first instruction; of the locals there are the parameters, the operand stack is empty."""
    CALL = "call"
    """In the call at the offset, whose arguments are gone from the operand stack, waiting for its results."""
    LOOP = "loop"
    """Before the first instruction of the loop at the offset, whose parameters are on the operand stack."""


@dataclass(slots=True)
class Activation:
    """A function of an instance at a safe point (the specification's frame and labels, section 4.2.13).

    `function` is its index, `offset` that of the instruction in the module's binary (of the function's first one at
    the entry). `locals` and `stack` are values in the engines' representation, the stack's deepest first. `held` are
    the exceptions of the legacy `catch` blocks around it, outermost first.
    """

    instance: Instance
    function: int
    kind: ActivationKind
    offset: int
    locals: tuple[Any, ...]
    stack: tuple[Any, ...] = ()
    held: tuple[Any, ...] = ()


def backtrace(stack: list[Activation]) -> tuple[Frame, ...]:
    """Return the frames of a stack, whose innermost activation is the last, as traps have them: innermost first."""
    frames = []
    for each in reversed(stack):
        module = each.instance.module
        name = module.function_name(each.function)
        frames.append(Frame(each.function, name, each.offset, module.module.names.module, positions(module)))
    return tuple(frames)


def local_types(module: ValidatedModule, function: int) -> list[ValueType]:
    """Return the closed types of the locals of a function that the module defines, parameters first."""
    types = list(module.function_types[function].params)
    for count, each in module.code(function).locals:
        types += [close(each, module.types)] * count
    return types
