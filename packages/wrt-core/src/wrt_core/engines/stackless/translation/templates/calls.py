"""Templates of calls. Python calls of Python functions do not grow the host's stack."""

from __future__ import annotations

from wrt_core.engines.stackless.translation.operand import CALLS, READS, TRAPS
from wrt_core.engines.stackless.translation.templates.in_place.base_case import decided
from wrt_core.engines.stackless.translation.templates.in_place.inlining import inlined
from wrt_core.engines.stackless.translation.templates.in_place.promotion import promoted
from wrt_core.engines.stackless.translation.templates.in_place.tolls import call_directly
from wrt_core.engines.stackless.translation.templates.tables import pop_index
from wrt_core.engines.stackless.translation.translator import Translator, template
from wrt_core.engines.stackless.translation.variant import Flavour, Variant
from wrt_foundation.instructions import Instruction
from wrt_foundation.traps import TrapCode
from wrt_foundation.types import FuncType

_C = frozenset(("c",))


def entry(t: Translator, func: str, tail: bool = False) -> str:
    """The text of the way into the function that the text `func` stands for, from a call or a tail call."""
    if t.variant.is_coroutine:
        name = "coroutine_tail" if tail else "coroutine"
    elif tail:
        name = "tail"
    else:
        name = "code"
    if t.form.flavour is not Flavour.PLAIN:  # the edition's
        return f"{name}s[{func}]"
    if name == "code":
        return f"{func}.code"
    if func[0] == "(":
        return f"{name}_of({func})"
    return f"({func}.{name} or {name}_of({func}))"  # cheap to evaluate twice, and cheaper than a call


def call_through(t: Translator, func: str, type: FuncType) -> None:
    """Call the function that the text `func` stands for with what `type` takes from the stack, and push its results."""
    arguments = t.pop_many(len(type.params))
    texts = [each.text for each in arguments]
    if t.variant.is_coroutine:
        text = f"(yield from {entry(t, func)}({', '.join((*texts, 'd + 1'))}))"
    else:
        text = f"{entry(t, func)}({', '.join(texts)})"
    t.call(text, type.results, CALLS)


@template("call")
def call(t: Translator, instruction: Instruction, index: int) -> None:
    type_ = t.module.function_types[index]
    if t.variant.is_coroutine and t.may_suspend(index):
        call_through(t, f"functions[{index}]", type_)
        return
    if inlined(t, index) or decided(t, index):
        return
    call_directly(t, index, type_)


def callee_in_table(t: Translator, type_index: int, table: str) -> FuncType:
    """Fetch what the list `table` has at the index that is the operand into the variable `c`; return the type."""
    index = pop_index(t)
    # On a line of its own: its IndexError is the table's.
    t.statement(f"c = {table}[{index.text}]", index.effects | READS | TRAPS, _C, TrapCode.UNDEFINED_ELEMENT)
    type_ = t.module.types[type_index].composite
    assert isinstance(type_, FuncType)
    return type_


_LONGEST = 1 << 16
"""Elements up to which a settled table's codes are listed, once for each type that is called."""


def _is_listed(t: Translator, table: int) -> bool:
    minimum: int = t.module.tables[table].limits.minimum
    return t.module.is_settled(table) and minimum <= _LONGEST and not t.variant.is_coroutine


@template("call_indirect")
def call_indirect(t: Translator, instruction: Instruction, immediates: tuple[int, int]) -> None:
    type_index, table = immediates
    if _is_listed(t, table):

        def call() -> None:
            type_ = callee_in_table(t, type_index, f"C{table}_{type_index}")
            arguments = t.pop_many(len(type_.params))
            t.call(f"c({', '.join(each.text for each in arguments)})", type_.results, CALLS)

        if not promoted(t, type_index, table, call):
            call()
        return
    type_ = callee_in_table(t, type_index, f"T{table}")
    expected = f"y{type_index}"
    # `checked` raises for null and for another type, and passes a declared subtype.
    if t.variant is Variant.CODE and t.form.flavour is Flavour.PLAIN:
        # `c.code(…)` would be a call of a method, which Python looks for in the class first.
        text = f"(c.code if c is not None and c.type is {expected} else checked(c, {expected}).code)"
        arguments = t.pop_many(len(type_.params))
        t.call(f"{text}({', '.join(each.text for each in arguments)})", type_.results, CALLS)
        return
    call_through(t, f"(c if c is not None and c.type is {expected} else checked(c, {expected}))", type_)
