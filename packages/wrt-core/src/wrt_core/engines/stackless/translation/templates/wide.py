"""Templates of 128-bit arithmetic on pairs of i64, low half first: the wide-arithmetic proposal."""

from __future__ import annotations

from wrt_core.engines.stackless.translation.operand import ADD, MULTIPLY, NOTHING, WIDTH_MASK, Operand, name
from wrt_core.engines.stackless.translation.translator import Translator, template
from wrt_foundation.instructions import Instruction
from wrt_foundation.types import I64

_MASK = f"{WIDTH_MASK[I64]:#x}"


def _push_halves(t: Translator, low: str, high: str, operands: list[Operand]) -> None:
    """Push two results; `low` is evaluated first, and has put into `p` what `high` needs."""
    effects = NOTHING
    for operand in operands:
        effects |= operand.effects
    height = len(t.stack)
    slots = [f"s{height}", f"s{height + 1}"]
    t.statement(f"{', '.join(slots)} = {low}, {high}", effects, frozenset(slots))
    for slot in slots:
        t.push(name(slot, I64))


@template("i64.add128", "i64.sub128")
def add128(t: Translator, instruction: Instruction, _: None) -> None:
    # The low halves are evaluated before the high ones.
    operands = t.pop_unordered(4)
    low, high, other_low, other_high = (each.at(ADD + 1) for each in operands)
    sign = "+" if instruction.name == "i64.add128" else "-"
    # What is past 64 bits is the carry; a borrow makes the difference negative, and its shift -1.
    t_low = f"(p := {low} {sign} {other_low}) & {_MASK}"
    _push_halves(t, t_low, f"{high} {sign} {other_high} + (p >> 64) & {_MASK}", operands)


@template("i64.mul_wide_s", "i64.mul_wide_u")
def mul_wide(t: Translator, instruction: Instruction, _: None) -> None:
    operands = t.pop_many(2)
    if instruction.name == "i64.mul_wide_s":
        a, b = (each.signed() for each in operands)
        _push_halves(t, f"(p := {a.at(MULTIPLY)} * {b.at(MULTIPLY + 1)}) & {_MASK}", f"p >> 64 & {_MASK}", operands)
        return
    a, b = operands
    _push_halves(t, f"(p := {a.at(MULTIPLY)} * {b.at(MULTIPLY + 1)}) & {_MASK}", "p >> 64", operands)
