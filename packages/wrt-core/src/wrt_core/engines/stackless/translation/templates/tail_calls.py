"""Templates of tail calls: the caller's frame is gone, or has nothing left to do, while the callee runs.

A function that calls itself so becomes a loop. Any other tail call enters the callee's `tail` variant, which does not
make its own tail calls but returns what to call, as a tuple that begins with `TAIL`. Whoever was called and not
tail-called, and so must return a result, makes one call after the other until it has one.
"""

from __future__ import annotations

from wrt_core.engines.stackless.translation.operand import TRAPS
from wrt_core.engines.stackless.translation.stack import assignment
from wrt_core.engines.stackless.translation.templates.calls import callee_in_table, entry
from wrt_core.engines.stackless.translation.templates.references import present
from wrt_core.engines.stackless.translation.translator import Translator, template
from wrt_core.engines.stackless.translation.writing.source import DEPARTED, Line
from wrt_core.engines.stackless.translation.writing.tree import Branch, Stop
from wrt_foundation.instructions import Instruction
from wrt_foundation.types import FuncType

__all__: list[str] = []


def _tail_call(t: Translator, type_: FuncType, func: str) -> None:
    """Tail-call the function that the text `func` stands for."""
    arguments = t.pop_many(len(type_.params))
    effects = TRAPS
    for argument in arguments:
        effects |= argument.effects
    t.stack.before(effects)
    wanted = f"({', '.join(('TAIL', entry(t, func, tail=True), *(each.text for each in arguments)))})"
    if t.variant.is_tail:
        t.stop(Stop(f"return {wanted}", t.offset))
        return
    t.append(Line(f"r = {wanted}", t.offset))
    if t.frames[-1].handling is None:
        t.append(Line(t.make, DEPARTED))
        t.stop(Stop("return r", t.offset))
    else:  # the handlers around are the caller's, and not the callee's: they are left before the call
        t.escape(t.departure)
        t.stop(Branch(t.departure, t.offset))


@template("return_call")
def return_call(t: Translator, instruction: Instruction, index: int) -> None:
    if index != t.index:
        _tail_call(t, t.module.function_types[index], f"functions[{index}]")
        return
    count = len(t.type.params)
    arguments = t.pop_many(count)
    effects = TRAPS
    for argument in arguments:
        effects |= argument.effects
    t.stack.before(effects)
    moves = [(f"l{index}", argument.text) for index, argument in enumerate(arguments) if argument.text != f"l{index}"]
    if moves:
        t.append(Line(assignment(moves), t.offset))
    t.escape(t.head)
    t.stop(Branch(t.head, t.offset))


@template("return_call_indirect")
def return_call_indirect(t: Translator, instruction: Instruction, immediates: tuple[int, int]) -> None:
    type_index, table = immediates
    type_ = callee_in_table(t, type_index, f"T{table}")
    # The callee's type is checked before the frame goes: the trap is this function's.
    t.statement(f"c is not None and c.type is y{type_index} or checked(c, y{type_index})", TRAPS)
    _tail_call(t, type_, "c")


@template("return_call_ref")
def return_call_ref(t: Translator, instruction: Instruction, type_index: int) -> None:
    type_ = t.module.types[type_index].composite
    assert isinstance(type_, FuncType)
    check = present(t)
    if check != "c":
        t.statement(check, TRAPS)
    _tail_call(t, type_, "c")
