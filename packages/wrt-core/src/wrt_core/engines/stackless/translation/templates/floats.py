"""Templates of f32 and f64 arithmetic and of conversions.

An f64 is a Python float. An f32 is a Python float too, rounded after each operation: double arithmetic
followed by one rounding gives the correctly rounded single result for +, -, *, / and the square root.
`R` is a one-element view of floats of 32 bits, the instance's own: storing to it rounds, without an
exception where the value overflows, and cheaper than any call.
"""

from __future__ import annotations

import math

from wrt_core.engines.stackless.translation.operand import (
    ADD,
    ATOM,
    COMPARE,
    CONDITIONAL,
    MULTIPLY,
    TRAPS,
    UNARY,
    WIDTH_MASK,
    Operand,
)
from wrt_core.engines.stackless.translation.translator import Translator, template
from wrt_foundation.instructions import Instruction
from wrt_foundation.types import F32, F64, I32, NumType
from wrt_foundation.values import f32_from_bits, f64_from_bits


def _both(*names: str) -> list[str]:
    return [f"{type_}.{each}" for each in names for type_ in ("f32", "f64")]


def _type(instruction: Instruction) -> NumType:
    return F32 if instruction.name.startswith("f32") else F64


def float_constant(t: Translator, bits: int, type: NumType) -> Operand:
    """A constant by its bit pattern; NaNs and infinities have no literal and become named constants."""
    value = f32_from_bits(bits) if type is F32 else f64_from_bits(bits)
    if math.isfinite(value):
        text = repr(value)
        return Operand(text, type, UNARY if text.startswith("-") else ATOM)
    return Operand(t.constant_name("k", f"{type}_{bits:x}", value), type, ATOM)


@template("f32.const", "f64.const")
def const(t: Translator, instruction: Instruction, bits: int) -> None:
    t.push(float_constant(t, bits, _type(instruction)))


_EXACT = {F32: 1 << 24, F64: 1 << 53}
"""Up to that, each integer is a float of the type."""


def round_to_f32(t: Translator, text: str, effects: int) -> None:
    """Push `text`, a float, rounded to 32 bits. The operands it was made of have been popped."""
    slot = f"s{len(t.stack)}"
    t.statement(f"R[()] = {text}", effects, frozenset((slot,)))
    t.into_slot("R[()]", F32, 0)
    t.rounded = t.sequence.nodes[-1], slot, Operand(text, F32, effects=effects)


def take_unrounded(t: Translator) -> Operand | None:
    """Pop what `round_to_f32` has just pushed, and return it as it was before; None if the top is something else."""
    top = t.stack.items[-1]
    nodes = t.sequence.nodes
    if t.rounded is None or len(nodes) < 2 or nodes[-1] is not t.rounded[0] or top.text != t.rounded[1]:
        return None
    unrounded = t.rounded[2]
    t.pop()
    del nodes[-2:]
    t.ventures.take_back(nodes)
    return unrounded


def _result(
    t: Translator, type: NumType, text: str, precedence: int, operands: tuple[Operand, ...], effects: int = 0
) -> None:
    if type is F64:
        t.combine(text, precedence, F64, operands, effects=effects)
        return
    for operand in operands:
        effects |= operand.effects
    round_to_f32(t, text, effects)


def _any_nan(t: Translator, *operands: Operand) -> None:
    """Note that it does not matter here which NaN some operands are, if they are one."""
    for operand in operands if t.is_first else ():
        if operand.type is F32 and operand.text[0] == "l" and operand.text[1:].isdigit():
            t.votes.exact[int(operand.text[1:])] -= 1


@template(*_both("add", "sub", "mul"))
def arithmetic(t: Translator, instruction: Instruction, _: None) -> None:
    b, a = t.pop(), t.pop()
    _any_nan(t, a, b)
    sign, precedence = {"add": ("+", ADD), "sub": ("-", ADD), "mul": ("*", MULTIPLY)}[instruction.name[4:]]
    left, right = a.quiet(precedence), b.quiet(precedence + 1)
    # Python makes a float of an integer itself, if the other is one.
    if a.integer is not None:
        left = a.integer.at(UNARY)
    elif b.integer is not None:
        right = b.integer.at(UNARY)
    _result(t, _type(instruction), f"{left} {sign} {right}", precedence, (a, b))


@template(*_both("div"))
def div(t: Translator, instruction: Instruction, _: None) -> None:
    type_, divisor = _type(instruction), t.stack.items[-1]
    whole = divisor.integer
    if (divisor.is_literal and float(divisor.text)) or (whole is not None and (whole.low > 0 or whole.high < 0)):
        b, a = t.pop(), t.pop()
        _any_nan(t, a)
        right = (b if whole is None else whole).at(MULTIPLY + 1)
        _result(t, type_, f"{a.quiet(MULTIPLY)} / {right}", MULTIPLY, (a, b))
        return
    # Python raises where the divisor is zero; IEEE 754 has infinities and NaN there.
    if whole is not None and whole.text.isidentifier():
        if not t.stack.items[-2].is_simple:
            t.stack.spill(len(t.stack) - 2)
        b, a = t.pop(), t.pop()
        text = f"{a.text} / {whole.text} if {whole.text} else f64_div({a.text}, {b.text})"
    else:
        a, b = t.pop_simple(2)
        text = f"{a.text} / {b.text} if {b.text} else f64_div({a.text}, {b.text})"
    _any_nan(t, a, b)
    _result(t, type_, text, CONDITIONAL, (a, b))


@template(*_both("sqrt"))
def sqrt(t: Translator, instruction: Instruction, _: None) -> None:
    (a,) = t.pop_simple()
    _any_nan(t, a)
    text = f"sqrt({a.text}) if {a.text} >= 0.0 else f64_sqrt({a.text})"
    _result(t, _type(instruction), text, CONDITIONAL, (a,))


@template(*_both("min", "max"))
def minimum(t: Translator, instruction: Instruction, _: None) -> None:
    a, b = t.pop_simple(2)
    sign = "<" if instruction.name.endswith("min") else ">"
    function = instruction.name.replace(".", "_")
    # Where neither is less they are equal, zeros of either sign, or NaN: the function tells.
    x, y = a.text, b.text
    text = f"{x} if {x} {sign} {y} else {y} if {y} {sign} {x} else {function}({x}, {y})"
    t.combine(text, CONDITIONAL, _type(instruction), (a, b))


@template(*_both("neg"))
def neg(t: Translator, instruction: Instruction, _: None) -> None:
    a = t.pop()
    t.combine(f"-{a.at(UNARY)}", UNARY, a.type, (a,))


@template(*_both("abs"))
def abs_(t: Translator, instruction: Instruction, _: None) -> None:
    a = t.pop()
    t.combine(f"fabs({a.text})", ATOM, a.type, (a,))


@template(*_both("copysign"))
def copysign(t: Translator, instruction: Instruction, _: None) -> None:
    b, a = t.pop(), t.pop()
    t.combine(f"copysign({a.text}, {b.text})", ATOM, a.type, (a, b))


@template(*_both("ceil", "floor", "trunc", "nearest"))
def rounding(t: Translator, instruction: Instruction, _: None) -> None:
    a = t.pop()
    t.combine(f"{instruction.name.replace('.', '_')}({a.text})", ATOM, a.type, (a,))


@template(*_both("eq", "ne", "lt", "gt", "le", "ge"))
def compare(t: Translator, instruction: Instruction, _: None) -> None:
    b, a = t.pop(), t.pop()
    _any_nan(t, a, b)
    sign = {"eq": "==", "ne": "!=", "lt": "<", "gt": ">", "le": "<=", "ge": ">="}[instruction.name[4:]]
    left, right = a.quiet(COMPARE + 1), b.quiet(COMPARE + 1)
    text = f"{left} {sign} {right}"
    # The opposite of an ordering is not the other ordering: NaN is neither less nor greater nor equal.
    opposite = {"==": f"{left} != {right}", "!=": f"{left} == {right}"}.get(sign, f"(not {text})")
    t.combine(text, COMPARE, I32, (a, b), 0, 1, negated=opposite)


@template("f64.convert_i32_s", "f64.convert_i32_u", "f64.convert_i64_s", "f64.convert_i64_u")
def convert(t: Translator, instruction: Instruction, _: None) -> None:
    a = t.pop()
    a = a.signed() if instruction.name.endswith("_s") else a.clean()
    _made_of(t, a, F64)


def _made_of(t: Translator, a: Operand, type: NumType) -> None:
    """Push an integer as a float."""
    t.combine(f"{a.at(MULTIPLY)} * 1.0", MULTIPLY, type, (a,))
    if a.low >= -_EXACT[type] and a.high <= _EXACT[type]:
        t.stack.items[-1].integer = a


@template("f32.convert_i32_s", "f32.convert_i32_u")
def convert_f32(t: Translator, instruction: Instruction, _: None) -> None:
    a = t.pop()
    a = a.signed() if instruction.name.endswith("_s") else a.clean()
    if a.low >= -_EXACT[F32] and a.high <= _EXACT[F32]:
        _made_of(t, a, F32)
    else:
        round_to_f32(t, a.text, a.effects)


@template("f32.demote_f64")
def demote(t: Translator, instruction: Instruction, _: None) -> None:
    a = t.pop()
    round_to_f32(t, a.text, a.effects)


@template("f64.promote_f32")
def promote(t: Translator, instruction: Instruction, _: None) -> None:
    a = t.pop()
    _any_nan(t, a)
    # Multiplying by one quiets a signalling NaN and leaves every number alone.
    t.combine(f"{a.at(MULTIPLY)} * 1.0", MULTIPLY, F64, (a,))


def call_numeric(t: Translator, instruction: Instruction, effects: int = 0, *immediates: object) -> None:
    """Push a call of the instruction's function in `wrt_core.numerics`."""
    assert instruction.operands is not None
    assert instruction.results is not None
    operands = t.pop_many(len(instruction.operands))
    arguments = ", ".join([each.text for each in operands] + [repr(each) for each in immediates])
    text = f"{instruction.name.replace('.', '_')}({arguments})"
    if len(instruction.results) == 1:
        type_ = NumType[instruction.results[0].upper()]
        t.combine(text, ATOM, type_, operands, 0, WIDTH_MASK.get(type_, 0), effects)
        return
    for operand in operands:
        effects |= operand.effects
    height = len(t.stack)
    slots = [f"s{height + index}" for index in range(len(instruction.results))]
    t.statement(f"{', '.join(slots)} = {text}", effects, frozenset(slots))
    for slot, result in zip(slots, instruction.results, strict=True):
        type_ = NumType[result.upper()]
        t.push(Operand(slot, type_, ATOM, 0, WIDTH_MASK.get(type_, 0), reads=frozenset((slot,))))


_TRAPPING = [f"{i}.trunc_{f}_{s}" for i in ("i32", "i64") for f in ("f32", "f64") for s in "su"]
_PURE = [f"{i}.trunc_sat_{f}_{s}" for i in ("i32", "i64") for f in ("f32", "f64") for s in "su"] + [
    "i32.reinterpret_f32",
    "i64.reinterpret_f64",
    "f32.reinterpret_i32",
    "f64.reinterpret_i64",
    "f32.convert_i64_s",
    "f32.convert_i64_u",
]


@template(*_TRAPPING)
def trunc(t: Translator, instruction: Instruction, _: None) -> None:
    call_numeric(t, instruction, TRAPS)


@template(*_PURE)
def reinterpret(t: Translator, instruction: Instruction, _: None) -> None:
    call_numeric(t, instruction)


__all__ = ["call_numeric", "float_constant", "round_to_f32", "take_unrounded"]
