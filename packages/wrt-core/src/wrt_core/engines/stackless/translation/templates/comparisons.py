"""Templates of comparisons of i32 and i64: unsigned numbers as they are, signed ones by what is known of them."""

from __future__ import annotations

from wrt_core.engines.stackless.translation.holding import climbing
from wrt_core.engines.stackless.translation.holding.signs import LIMITED, ORDERED, SAME, is_free, is_near, vote
from wrt_core.engines.stackless.translation.knowledge.digits import DIGIT, negative, positive
from wrt_core.engines.stackless.translation.knowledge.relation import OPPOSITE, opposite
from wrt_core.engines.stackless.translation.operand import ATOM, COMPARE, SIGN, Operand, constant
from wrt_core.engines.stackless.translation.templates.folding import both, folding, signed_value
from wrt_core.engines.stackless.translation.translator import Translator
from wrt_foundation.instructions import Instruction
from wrt_foundation.types import I32

_COMPARISON = {"eq": "==", "ne": "!=", "lt": "<", "gt": ">", "le": "<=", "ge": ">="}


def compare(t: Translator, sign: str, a: Operand, b: Operand) -> None:
    """Push the condition `a sign b`, of operands whose texts compare as Python ints."""
    left, right = a.at(COMPARE + 1), b.at(COMPARE + 1)
    text = f"{left} {sign} {right}"
    t.combine(text, COMPARE, I32, (a, b), 0, 1, negated=f"{left} {OPPOSITE[sign]} {right}")
    t.stack.items[-1].relation = (sign, a, b)


@folding(*both("eq", "ne", "lt_u", "gt_u", "le_u", "ge_u"))
def compare_unsigned(t: Translator, instruction: Instruction, _: None) -> None:
    b, a = t.pop(), t.pop()
    sign = _COMPARISON[instruction.name[4:6]]
    for one in (a, b):
        climbing.used(t, one)
    if sign in ("==", "!="):
        vote(t, a, SAME)
        vote(t, b, SAME)
        if min(a.low, b.low) < 0 and is_free(a) and is_free(b):
            compare(t, sign, a.signed(), b.signed())
            return
    compare(t, sign, a.clean(), b.clean())


@folding(*both("lt_s", "gt_s", "le_s", "ge_s"))
def compare_signed(t: Translator, instruction: Instruction, _: None) -> None:
    comparison = _COMPARISON[instruction.name[4:6]]
    a, b = t.stack.items[-2:]
    sign = SIGN[a.type]
    is_limited = a.value is not None or b.value is not None
    for one in (a, b):
        vote(t, one, SAME if is_free(one) else LIMITED if is_limited else ORDERED)
        climbing.used(t, one)
    if is_near(a) and is_near(b):
        b, a = t.pop(), t.pop()
        compare(t, comparison, a.signed(), b.signed())
        t.stack.items[-1].relation = (f"{comparison}s", a, b)
        return
    if a.value is not None:
        b, a = t.pop(), t.pop()
        _compare_with_constant(t, _MIRRORED[comparison], b, signed_value(a))
    elif b.value is not None:
        b, a = t.pop(), t.pop()
        _compare_with_constant(t, comparison, a, signed_value(b))
    elif b.low >= 0 and b.high < sign:
        a, b = t.pop_unordered(2)
        _compare_with_positive(t, comparison, a, b)
    elif a.low >= 0 and a.high < sign:
        a, b = t.pop_unordered(2)
        _compare_with_positive(t, _MIRRORED[comparison], b, a)
    elif _is_signed(b) and a.is_simple:
        b, a = t.pop(), t.pop()
        _compare_with_signed(t, comparison, a, b)
    elif _is_signed(a) and b.is_simple:
        b, a = t.pop(), t.pop()
        _compare_with_signed(t, _MIRRORED[comparison], b, a)
    else:
        # Nearly always neither is negative: if so, one comparison of small numbers tells, and one that they are small.
        a, b = t.pop_simple(2)
        less, more = (a.text, b.text) if comparison[0] == "<" else (b.text, a.text)
        order = "<" if len(comparison) == 1 else "<="
        ordered = f"{less} {order} {more} and ({positive(more, sign)} or {less} >= {sign:#x})"
        text = f"({ordered} or {negative(less, sign)} and {more} < {sign:#x})"
        t.combine(text, ATOM, I32, (a, b), 0, 1, negated=f"(not {text})")
    t.stack.items[-1].relation = (f"{comparison}s", a, b)


_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}


def _is_signed(operand: Operand) -> bool:
    """Whether the operand is a variable that holds a signed number."""
    return operand.low < 0 and operand.text.isidentifier()


def _compare_with_signed(t: Translator, comparison: str, a: Operand, b: Operand) -> None:
    """Push a signed comparison of an unsigned variable with a signed one."""
    sign = SIGN[a.type]
    less_whole = f"{a.text} - {2 * sign:#x}"
    if comparison[0] == "<":
        wraps = negative(a.text, sign)
        text = f"({a.text} {comparison} {b.text} or {wraps} and {less_whole} {comparison} {b.text})"
    else:
        less = _MIRRORED[comparison]
        ordered = f"{b.text} {less} {a.text} and ({positive(a.text, sign)})"
        text = f"({ordered} or {negative(a.text, sign)} and {b.text} {less} {less_whole})"
    t.combine(text, ATOM, I32, (a, b), 0, 1, negated=f"(not {text})")


def _compare_with_constant(t: Translator, comparison: str, a: Operand, value: int) -> None:
    """Push a signed comparison with a constant: those that pass are one range of unsigned numbers, or all others."""
    sign = SIGN[a.type]
    a = a.clean()
    if comparison in ("<=", ">"):  # as < or >= of the next
        value += 1
        comparison = "<" if comparison == "<=" else ">="
    if value == sign:  # all are less
        result = constant(int(comparison == "<"), I32)
        if a.effects:
            t.push(a)
            t.stack.spill(len(t.stack) - 1)
            t.pop()
        t.push(result)
        return
    text = a.at(COMPARE + 1)
    if value > 0:
        least, most, inside = value, sign, ">="
    else:
        least, most, inside = sign, value + 2 * sign, "<"
    if most == 2 * sign and least == sign and a.is_simple:
        within, outside = f"({negative(text, sign)})", f"({positive(text, sign)})"
    elif most == 2 * sign:
        within, outside = f"{text} >= {least:#x}", f"{text} < {least:#x}"
    elif most == sign and a.is_simple and least <= DIGIT:
        within = f"({text} >= {least} and ({positive(text, sign)}))"
        outside = f"(not {within})"
    else:
        within = f"{constant(least, a.type).text} <= {text} < {most:#x}"
        outside = f"(not {within})"
    text, negated = (within, outside) if comparison == inside else (outside, within)
    t.combine(text, COMPARE, I32, (a,), 0, 1, negated=negated)


def _compare_with_positive(t: Translator, comparison: str, a: Operand, b: Operand) -> None:
    """Push a signed comparison with what is known not to be negative; `a` is in unsigned form."""
    least = "<=" if comparison in ("<", ">=") else "<"
    within = f"{b.at(COMPARE + 1)} {least} {a.at(COMPARE + 1)}"
    if a.is_simple:
        within = f"({within} and ({positive(a.text, SIGN[a.type])}))"
    else:
        within = f"{within} < {SIGN[a.type]:#x}"
    outside = f"(not {within})"
    text, negated = (within, outside) if comparison in (">", ">=") else (outside, within)
    t.combine(text, COMPARE, I32, (a, b), 0, 1, negated=negated)


@folding(*both("eqz"))
def eqz(t: Translator, instruction: Instruction, _: None) -> None:
    a = t.pop()
    vote(t, a, SAME)
    climbing.used(t, a)
    a = a if a.tells_zero else a.clean()
    if a.negated is not None:
        t.push(Operand(a.negated, I32, COMPARE, 0, 1, a.effects, a.reads, a.size, None, a.text, fault=a.fault))
        t.stack.items[-1].relation = opposite(a.relation)
        return
    compare(t, "==", a, constant(0, a.type))
