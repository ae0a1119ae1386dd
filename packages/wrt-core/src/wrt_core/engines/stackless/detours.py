"""Detours: what code goes on with where something that it stands on does not hold.

A loop that counts is written for numbers that stay within their width; see `translation.counting`. Where they might
not, the function goes on from the loop's head in the code that is there for what was paused, and expects nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any

from wrt_core.engines.stackless.capture import activation_at
from wrt_core.engines.stackless.compiled import MARK
from wrt_core.engines.stackless.translation.variant import Flavour, Form, Variant

__all__ = ["Detour", "detour_of"]

Detour = Callable[[int, int, Mapping[str, Any]], tuple[Any, ...]]
"""Called with a function's index, the offset of one of its loops and its code's variables.

It returns the code that does the rest of the function, and what that wants to be called with first: the locals, the
operands and the exceptions that are held.
"""


def detour_of(names: dict[str, Any], flavour: Flavour) -> Detour:
    """Return the detours of the functions that have these globals."""
    rests: dict[tuple[int, int], FunctionType] = {}
    form = Form(Variant.CODE, flavour)

    def rest_at(index: int, offset: int, variables: Mapping[str, Any]) -> tuple[Any, ...]:
        rest = rests.get((index, offset))
        if rest is None:
            resumed = Form(Variant.CODE, flavour, offset)
            rest = rests[index, offset] = names[MARK].function(index, resumed, names)
        here = activation_at(names, index, form, offset, variables)
        return rest, here.locals, here.stack, here.held  # not called here: no frame of ours may be between the guest's

    return rest_at
