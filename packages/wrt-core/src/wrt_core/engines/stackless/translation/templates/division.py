"""Templates of integer division and remainder."""

from __future__ import annotations

from wrt_core.engines.stackless.translation.knowledge.digits import DIGIT, positive
from wrt_core.engines.stackless.translation.operand import (
    ATOM,
    CONDITIONAL,
    MULTIPLY,
    SIGN,
    TRAPS,
    WIDTH_MASK,
    Divided,
    Operand,
)
from wrt_core.engines.stackless.translation.templates.folding import both
from wrt_core.engines.stackless.translation.translator import Translator, template
from wrt_foundation.instructions import BY_NAME, Instruction

__all__ = ["remainder"]


@template(*both("div_u", "rem_u"))
def div_u(t: Translator, instruction: Instruction, _: None) -> None:
    b, a = t.pop_clean(), t.pop_clean()
    divides = instruction.name.endswith("div_u")
    effects = 0 if b.value else TRAPS
    if divides:
        high = a.high // b.value if b.value else a.high
    else:
        high = min(a.high, max(b.high - 1, 0))
    sign = "//" if divides else "%"
    t.combine(f"{a.at(MULTIPLY)} {sign} {b.at(MULTIPLY + 1)}", MULTIPLY, a.type, (a, b), 0, high, effects)
    if divides and b.value and a.text.isidentifier():
        t.stack.items[-1].divided = Divided(a.text, b.value, 1, signed=False)


def remainder(a: Operand, b: Operand, sign: int) -> Operand | None:
    """What `x - x // c * c` is, which compilers make of `x % c`, if `a` is `x` and `b` the rest, by its sign."""
    if b.divided is None:
        return None
    variable, divisor, factor, signed = b.divided
    if a.text != variable or factor != sign * divisor:
        return None
    least = f"{variable} % {divisor}"
    if not signed:
        return a.derive(least, MULTIPLY, 0, min(a.high, divisor - 1))
    opposite = f"-(({WIDTH_MASK[a.type] + 1:#x} - {variable}) % {divisor})"
    text = f"{least} if {positive(variable, SIGN[a.type])} else {opposite}"
    return a.derive(text, CONDITIONAL, 1 - divisor, divisor - 1)


@template(*both("div_s", "rem_s"))
def div_s(t: Translator, instruction: Instruction, _: None) -> None:
    b, a = t.pop_clean(), t.pop_clean()
    for each in (a, b):
        local = (each.origin or each).local
        if local is not None:
            t.divided.add(local)
    sign = SIGN[a.type]
    if a.high < sign and b.high < sign and (b.value or a.value is None):
        t.push(a)
        t.push(b)
        div_u(t, _UNSIGNED[instruction.name], None)
        return
    t.push(a)
    t.push(b)
    a, b = t.pop_simple(2)
    divides = instruction.name.endswith("div_s")
    operator = "//" if divides else "%"
    if b.value is not None and 0 < b.value < sign:
        # Python rounds down and WebAssembly to zero: what is negative is divided as its opposite.
        x, y = a.text, b.text
        whole = f"{2 * sign:#x}"
        divided, opposite = f"{x} {operator} {y} if {positive(x, sign)}", f"-(({whole} - {x}) {operator} {y})"
        t.combine(f"{divided} else {opposite} % {whole}", CONDITIONAL, a.type, (a, b), 0, 2 * sign - 1)
        t.stack.items[-1].signed_text = f"({divided} else {opposite})"
        if divides:
            t.stack.items[-1].divided = Divided(x, b.value, 1, signed=True)
        return
    function = f"{instruction.name.replace('.', '_')}({a.text}, {b.text})"
    if b.value is not None or a.value is not None:
        t.combine(function, ATOM, a.type, (a, b), 0, WIDTH_MASK[a.type], TRAPS)
        return
    small = f"{a.text} <= {DIGIT:#x} >= {b.text} or {a.text} < {sign:#x} > {b.text}"
    text = f"{a.text} {operator} {b.text} if {small} else {function}"
    t.combine(text, CONDITIONAL, a.type, (a, b), 0, WIDTH_MASK[a.type], TRAPS)


_UNSIGNED = {each: BY_NAME[each[:-1] + "u"] for each in both("div_s", "rem_s")}
