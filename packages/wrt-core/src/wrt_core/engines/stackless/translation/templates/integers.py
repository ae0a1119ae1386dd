"""Templates of i32 and i64 arithmetic.

Sums, differences, products and shifts to the left stay unmasked until a use needs the canonical value;
what is known of a value's range saves masks and sign conversions.
"""

from __future__ import annotations

from wrt_core.engines.stackless.translation.holding import climbing, sums
from wrt_core.engines.stackless.translation.knowledge.alignment import least
from wrt_core.engines.stackless.translation.knowledge.digits import DIGIT
from wrt_core.engines.stackless.translation.operand import (
    ADD,
    AND,
    ATOM,
    HEADROOM,
    MULTIPLY,
    OR,
    SCALED,
    SUM,
    TAME,
    UNARY,
    WIDTH_MASK,
    WILD,
    XOR,
    Operand,
    constant,
    last_fault,
)
from wrt_core.engines.stackless.translation.templates.division import remainder
from wrt_core.engines.stackless.translation.templates.folding import both, folding, signed_value, type_of
from wrt_core.engines.stackless.translation.templates.shifts import SCALING, shl
from wrt_core.engines.stackless.translation.translator import Translator, template
from wrt_foundation.instructions import Instruction
from wrt_foundation.types import I32, I64

_HASHING = 1 << 12
"""Factors greater than that are hardly the size of something in an array."""

_FAR = 255
"""Numbers greater than that are added to an index to make an address of it, and not to come to the next."""

_TWO_DIGITS = 1 << 60


def _fits(low: int, high: int) -> bool:
    """Whether numbers up to there have two of Python's digits at most."""
    return low > -_TWO_DIGITS and high < _TWO_DIGITS


@template("i32.const", "i64.const")
def const(t: Translator, instruction: Instruction, value: int) -> None:
    type_ = type_of(instruction)
    t.push(constant(value & WIDTH_MASK[type_], type_))


def _commuted(t: Translator) -> tuple[Operand, Operand]:
    b, a = t.pop(), t.pop()
    return (b, a) if a.value is not None and b.value is None else (a, b)


@folding(*both("add"))
def add(t: Translator, instruction: Instruction, _: None) -> None:
    a, b = (each.numeric() for each in _commuted(t))
    sums.used(t, a)
    climbing.used(t, a)
    if b.value is not None:
        value = signed_value(b)
        if value == 0:
            t.push(a)
            return
        total = a.bounded().plus(value)
        whole = WIDTH_MASK[a.type] + 1
        if total.low // whole == total.high // whole != 0:  # it wraps in any case
            total = a.plus(value - total.low // whole * whole)
        total.temper = max(a.temper, b.temper)
        if value > _FAR and a.local in t.below:  # it gets to zero where an array ends, and this wraps each time
            total.temper = WILD
        t.push(total)
        return
    climbing.used(t, b)
    rest = remainder(a, b, -1) or remainder(b, a, -1)
    if rest is not None:
        t.push(rest)
        return
    sums.used(t, b)
    a, b = a.bounded(), b.bounded()
    t.combine(f"{a.at(ADD)} + {b.at(ADD + 1)}", ADD, a.type, (a, b), a.low + b.low, a.high + b.high)
    if a.grown == (a.text, 0) and b.grown == (b.text, 0):
        t.stack.items[-1].parts = a.text, b.text
    if a.local in t.below or b.local in t.below:  # a difference, written as a sum: this wraps each time
        t.stack.items[-1].temper = WILD
    more, less = (a, b) if a.high >= b.high else (b, a)
    _grow(t.stack.items[-1], more, less)
    t.stack.items[-1].alignment = least(a.alignment, b.alignment)


def _grow(total: Operand, *operands: Operand) -> None:
    """Note of a sum of two with which variable it begins, and how much is added at most, if that is not negative."""
    for a, b in (operands, operands[::-1]):
        if b.low >= 0 and a.grown is not None:
            total.grown = a.grown[0], a.grown[1] + b.high
            if total.step is not None:
                total.kin = a.kin
            return


@folding(*both("sub"))
def sub(t: Translator, instruction: Instruction, _: None) -> None:
    b, a = t.pop().numeric(), t.pop().numeric()
    if b.value is not None:
        t.push(a)
        t.push(constant(-signed_value(b), b.type).clean())
        add(t, instruction, None)
        return
    rest = remainder(a, b, 1)
    if rest is not None:
        t.push(rest)
        return
    sums.used(t, a)
    sums.used(t, b)
    a, b = a.bounded(), b.bounded()
    t.combine(f"{a.at(ADD)} - {b.at(ADD + 1)}", ADD, a.type, (a, b), a.low - b.high, a.high - b.low)
    t.stack.items[-1].alignment = least(a.alignment, b.alignment)


@folding(*both("mul"))
def mul(t: Translator, instruction: Instruction, _: None) -> None:
    a, b = _commuted(t)
    climbing.used(t, a)
    climbing.used(t, b)
    mask = WIDTH_MASK[a.type]
    if b.value is not None:
        if b.value > 1 and b.value.bit_count() == 1 and a.value is None:
            t.push(a)
            t.push(constant(b.value.bit_length() - 1, b.type))
            shl(t, instruction, None)
            return
        b = constant(signed_value(b), b.type)
    sums.used(t, a)
    sums.used(t, b)
    if b.value is None or not _fits(a.low * b.value, a.high * b.value):
        a = a if (-mask <= a.low and a.high <= mask) or a.high == SUM else a.clean()
        b = b if (-mask <= b.low and b.high <= mask) or b.high == SUM else b.clean()
    corners = [x * y for x in (a.low, a.high) for y in (b.low, b.high)]
    product = Operand(f"{a.at(MULTIPLY)} * {b.at(MULTIPLY + 1)}", a.type, MULTIPLY, min(corners), max(corners))
    product.effects, product.reads = a.effects | b.effects, a.reads | b.reads
    product.temper = max(a.temper, b.temper, SCALED)
    if b.value is not None:
        size = abs(b.value)
        again = a.temper != TAME and size % 2 != 0 and (a.whole is not None or a.high > mask)
        product.temper = WILD if size > _HASHING or again else a.temper if size < SCALING else product.temper
        product.alignment = b.alignment or a.alignment
        if a.divided is not None:
            product.divided = a.divided._replace(factor=a.divided.factor * b.value)
    product.size = a.size + b.size + 1
    product.fault = last_fault((a, b))
    # A product of two full values is masked at once: it is the one operation that doubles the digits.
    t.push(product.clean() if max(corners) > mask * HEADROOM else product)


@folding(*both("and"))
def and_(t: Translator, instruction: Instruction, _: None) -> None:
    a, b = (each if each.clean_text is None else each.clean() for each in _commuted(t))
    if b.value is not None and b.value & b.value + 1 == 0 and a.low >= 0 and a.high <= b.value:
        t.push(a)
        return
    low, high = _bitwise_range(a, b)
    # What is not negative bounds the result, and clears whatever the other has outside of its width.
    highs = [each.high for each in (a, b) if each.low >= 0]
    if highs:
        low, high = 0, min(highs)
    if b.value is not None and a.is_clean and WIDTH_MASK[a.type] - b.value & WIDTH_MASK[a.type] - b.value + 1 == 0:
        low, high = a.low & b.value, a.high & b.value  # which clears last bits only
    if b.value is not None and a.temper == WILD and b.value <= DIGIT and b.value & b.value + 1 == 0:
        # of many digits, the remainder of a division by one is faster
        t.combine(f"{a.at(MULTIPLY)} % {b.value + 1:#x}", MULTIPLY, a.type, (a,), low, high)
    else:
        t.combine(f"{a.at(AND)} & {b.at(AND + 1)}", AND, a.type, (a, b), low, high)
    if b.value is not None:
        t.stack.items[-1].alignment = b.alignment or a.alignment


def _bitwise_range(a: Operand, b: Operand) -> tuple[int, int]:
    """The range of a bitwise operation: Python's keep congruence modulo 2**bits, of negative numbers too."""
    width = max(x.bit_length() for x in (a.low, a.high, b.low, b.high))
    return (0 if a.low >= 0 and b.low >= 0 else -(1 << width)), (1 << width) - 1


@folding(*both("or", "xor"))
def or_(t: Translator, instruction: Instruction, _: None) -> None:
    a, b = _commuted(t)
    if b.value == WIDTH_MASK[a.type] and instruction.name.endswith(".xor"):
        _invert(t, a)
        return
    sign, precedence = ("|", OR) if instruction.name.endswith(".or") else ("^", XOR)
    text = f"{a.at(precedence)} {sign} {b.at(precedence + 1)}"
    t.combine(text, precedence, a.type, (a, b), *_bitwise_range(a, b))


def _invert(t: Translator, a: Operand) -> None:
    """Push a number with all bits turned."""
    a = a.bounded()
    t.combine(f"~{a.at(UNARY)}", UNARY, a.type, (a,), -1 - a.high, -1 - a.low)
    if a.is_clean:
        t.stack.items[-1].clean_text = f"{constant(WIDTH_MASK[a.type], a.type).text} - {a.at(ADD + 1)}"


@folding(*both("clz"))
def clz(t: Translator, instruction: Instruction, _: None) -> None:
    a = t.pop_clean()
    bits = type_of(instruction).bits
    text = a.at(ATOM) if a.value is None else f"({a.text})"
    t.combine(f"{bits} - {text}.bit_length()", ADD, a.type, (a,), 0, bits)


@folding(*both("popcnt"))
def popcnt(t: Translator, instruction: Instruction, _: None) -> None:
    a = t.pop_clean()
    text = a.at(ATOM) if a.value is None else f"({a.text})"
    t.combine(f"{text}.bit_count()", ATOM, a.type, (a,), 0, type_of(instruction).bits)


@folding(*both("ctz"))
def ctz(t: Translator, instruction: Instruction, _: None) -> None:
    a = t.pop_clean()
    t.combine(f"{instruction.name.replace('.', '_')}({a.text})", ATOM, a.type, (a,), 0, type_of(instruction).bits)


@folding("i32.wrap_i64")
def wrap(t: Translator, instruction: Instruction, _: None) -> None:
    a = t.pop()
    # Congruent modulo 2**64 is congruent modulo 2**32: the same text serves.
    a.type, a.negated, a.signed_text, a.local, a.relation = I32, None, None, None, None
    t.push(a if a.low > -(HEADROOM << 32) and a.high < HEADROOM << 32 else a.clean())


@folding("i64.extend_i32_u", "i64.extend_i32_s")
def extend_i32(t: Translator, instruction: Instruction, _: None) -> None:
    a = t.pop()
    a = a.clean() if instruction.name.endswith("_u") else a.signed()
    extended = Operand(a.text, I64, a.precedence, a.low, a.high, a.effects, a.reads, a.size, a.value)
    extended.temper, extended.fault = a.temper, a.fault
    t.push(extended.clean() if a.value is not None else extended)
