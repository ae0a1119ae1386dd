"""Tolls: where fuel is counted, what is done in place of a call pays what the call would have paid.

If there is not so much, the call is made after all, and its function does about that what it always does.
"""

from __future__ import annotations

from collections.abc import Callable

from wrt_core.engines.stackless.translation.operand import CALLS, Operand
from wrt_core.engines.stackless.translation.stack import WRITES
from wrt_core.engines.stackless.translation.templates.control import open_if
from wrt_core.engines.stackless.translation.translator import TEMPLATES, Translator
from wrt_core.engines.stackless.translation.variant import Form
from wrt_core.engines.stackless.translation.writing.tree import Conditional
from wrt_foundation.instructions import BY_NAME
from wrt_foundation.types import I32, FuncType

__all__ = ["call_directly", "instead", "paid"]

_ELSE = BY_NAME["else"]
_WHOLE = Form()


def call_directly(t: Translator, index: int, type_: FuncType, form: Form = _WHOLE) -> None:
    """Call the function at `index` with what it takes from the stack, and push its results."""
    texts = ", ".join([each.text for each in t.pop_many(len(type_.params))])
    t.call(f"{form.entry(index)}({texts})", type_.results, CALLS)


def instead(t: Translator, type_: FuncType, act: Callable[[], object], call: Callable[[], object]) -> Conditional:
    """Do what pushes the results of a function of a type, if what is on top of the stack holds; else make the call."""
    open_if(t, FuncType((), type_.results))
    act()
    TEMPLATES[_ELSE](t, _ELSE, None)
    call()
    t.close()
    node = t.sequence.nodes[-1]
    assert isinstance(node, Conditional)
    return node


def paid(t: Translator, type_: FuncType, act: Callable[[], object], call: Callable[[], object]) -> Conditional:
    """Do what pushes the results of a function of a type, if that can be paid; else make the call.

    What it costs is to be told to what is returned; see `charge`.
    """

    def pay() -> None:
        t.statement("F = n", WRITES)
        act()

    t.push(Operand("", I32))  # for want of a condition
    return instead(t, type_, pay, call)
