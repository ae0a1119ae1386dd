"""Templates of shifts, rotations, and what makes a number of its last bits."""

from __future__ import annotations

from wrt_core.engines.stackless.translation.holding import climbing
from wrt_core.engines.stackless.translation.knowledge.alignment import known
from wrt_core.engines.stackless.translation.knowledge.digits import positive
from wrt_core.engines.stackless.translation.operand import (
    ADD,
    AND,
    ATOM,
    HEADROOM,
    MULTIPLY,
    NOTHING,
    OR,
    SCALED,
    SHIFT,
    SIGN,
    TAME,
    UNARY,
    WIDTH_MASK,
    WILD,
    XOR,
    Operand,
    named,
)
from wrt_core.engines.stackless.translation.templates.folding import both, folding, type_of
from wrt_core.engines.stackless.translation.translator import Translator
from wrt_foundation.instructions import Instruction
from wrt_foundation.types import I32

__all__ = ["SCALING", "shl"]

SCALING = 8
"""Factors less than that let a number grow slowly."""

_NEAR = 6
"""Bits that an index is shifted by to make an address of it, at most."""


@folding(*both("shl"))
def shl(t: Translator, instruction: Instruction, _: None) -> None:
    b, a = t.pop(), t.pop()
    bits = a.type.bits  # type: ignore[union-attr]
    if b.value is not None:
        climbing.used(t, a)
        count = b.value % bits
        limit = (WIDTH_MASK[a.type] + 1) * HEADROOM
        if a.high << count >= limit or a.low << count <= -limit:
            a = a.clean()
        if a.high << count >= limit:  # clear what would be shifted out before it makes more digits
            keep = WIDTH_MASK[a.type] >> count
            a = a.derive(f"{a.at(AND)} & {keep:#x}", AND, 0, keep)
        if count <= _NEAR and a.temper == TAME:  # small numbers multiply faster than they shift
            t.combine(f"{a.at(MULTIPLY)} * {1 << count}", MULTIPLY, a.type, (a,), a.low << count, a.high << count)
        else:
            t.combine(f"{a.at(SHIFT)} << {count}", SHIFT, a.type, (a,), a.low << count, a.high << count)
        _scaled(t, 1 << count)
        top = t.stack.items[-1]
        top.alignment = known(count)
        if count:
            top.quotient = a, count
        return
    a = a.clean()
    text = f"{a.at(SHIFT)} << ({b.at(AND)} & {bits - 1})"
    t.combine(text, SHIFT, a.type, (a, b), 0, a.high << (bits - 1))
    _scaled(t, SCALING)


def _scaled(t: Translator, factor: int) -> None:
    top = t.stack.items[-1]
    if factor >= SCALING and top.temper == TAME:
        top.temper = SCALED


@folding(*both("shr_u", "shr_s"))
def shr(t: Translator, instruction: Instruction, _: None) -> None:
    b, a = t.pop(), t.pop()
    bits = a.type.bits  # type: ignore[union-attr]
    if b.value is not None and instruction.name.endswith("_s") and a.quotient is not None:
        if a.quotient[1] == b.value % bits:
            _extend(t, a.quotient[0], bits - a.quotient[1])
            return
    whole = a
    a = a.clean() if instruction.name.endswith("_u") else a.signed()
    if b.value is not None:
        count = b.value % bits
        t.combine(f"{a.at(SHIFT)} >> {count}", SHIFT, a.type, (a,), a.low >> count, a.high >> count)
        if a.low < 0 and whole.is_clean and whole.signed_text is None:
            t.stack.items[-1].clean_text = _extended(whole, count)
        return
    text = f"{a.at(SHIFT)} >> ({b.at(AND)} & {bits - 1})"
    t.combine(text, SHIFT, a.type, (a, b), min(a.low, 0), max(a.high, -1))


def _extended(a: Operand, count: int) -> str:
    """The canonical form of a canonical number that is shifted to the right as a signed one."""
    sign = SIGN[a.type]
    signs = WIDTH_MASK[a.type] + 1 - (sign >> count)
    variable, first = named(a.text)
    shifted = f"{variable} >> {count}"
    return f"({shifted} if {positive(variable, sign, first)} else {shifted} | {signs:#x})"


@folding(*both("rotl", "rotr"))
def rotate(t: Translator, instruction: Instruction, _: None) -> None:
    bits = type_of(instruction).bits
    count = t.stack.items[-1].value
    if count is None:
        b, a = t.pop(), t.pop_clean()
        if a.value == WIDTH_MASK[a.type] - 1 and instruction.name.endswith("rotl"):  # all bits but one
            t.combine(f"~(1 << ({b.at(AND)} & {bits - 1}))", UNARY, a.type, (b,), -1 - (1 << bits - 1), -2)
            t.stack.items[-1].temper = WILD
            return
        back = "" if instruction.name.endswith("rotr") else "-"
        doubled = _doubled(t, a)
        text = f"{doubled.at(SHIFT)} >> ({back}{b.at(UNARY)} & {bits - 1})"
        t.combine(text, SHIFT, a.type, (doubled, b), 0, doubled.high)
        t.stack.items[-1].temper = WILD
        return
    t.pop()
    if bits == 32:
        right = (count if instruction.name.endswith("rotr") else -count) % bits
        doubled = _doubled(t, t.pop_clean())
        text = f"{doubled.at(SHIFT)} >> {right}"
        t.combine(text, SHIFT, I32, (doubled,), doubled.low >> right, doubled.high >> right)
        t.stack.items[-1].temper = WILD
        return
    (a,) = t.pop_simple()
    left = count % bits if instruction.name.endswith("rotl") else -count % bits
    high = (WIDTH_MASK[a.type] + 1 << left) - 1
    t.combine(f"{a.text} << {left} | {a.text} >> {bits - left}", OR, a.type, (a,), 0, high)
    t.stack.items[-1].temper = WILD


def _doubled(t: Translator, a: Operand) -> Operand:
    """A number twice, side by side, which every rotation of it is a part of; that of a local is kept."""
    twice = WIDTH_MASK[a.type] + 2
    doubled = a.derive(f"{a.at(MULTIPLY)} * {twice:#x}", MULTIPLY, a.low * twice, a.high * twice)
    if a.local is None:
        return doubled
    variable = f"d{a.local}"
    if t.keep(variable, a.local):
        t.statement(f"{variable} = {doubled.text}", NOTHING, frozenset((variable,)))
    return Operand(variable, a.type, ATOM, doubled.low, doubled.high, reads=a.reads | {variable})


@folding("i32.extend8_s", "i32.extend16_s", "i64.extend8_s", "i64.extend16_s", "i64.extend32_s")
def extend_s(t: Translator, instruction: Instruction, _: None) -> None:
    _extend(t, t.pop(), int(instruction.name[10:-2]))


def _extend(t: Translator, a: Operand, bits: int) -> None:
    """Push the signed number that the last bits of a number are."""
    sign = 1 << bits - 1
    if -sign <= a.low and a.high < sign:
        t.push(a)
        return
    mask = 2 * sign - 1
    low = a if a.low >= 0 and a.high <= mask else a.derive(f"{a.at(AND)} & {mask:#x}", AND, 0, mask)
    t.push(low.derive(f"({low.at(XOR)} ^ {sign:#x}) - {sign:#x}", ADD, -sign, sign - 1))
