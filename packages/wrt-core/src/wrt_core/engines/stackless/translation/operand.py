"""Operands: Python expressions for values that translated code has not evaluated yet.

Expressions are folded into one another until something forces an order; what may be folded where is
decided by an operand's `effects` and `reads`, how it is parenthesised by its `precedence`, and whether
it must be masked by its range.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from wrt_core.engines.stackless.translation.knowledge.alignment import Alignment, least, of_constant
from wrt_core.engines.stackless.translation.knowledge.digits import DIGIT, positive
from wrt_foundation.types import I32, I64, V128, ValueType

__all__ = [
    "ATOM",
    "CALLS",
    "HEADROOM",
    "LITERAL",
    "Divided",
    "NOTHING",
    "READS",
    "SIGN",
    "SUM",
    "TRAPS",
    "VENTURES",
    "WIDTH_MASK",
    "SCALED",
    "TAME",
    "WILD",
    "Operand",
    "Relation",
    "constant",
    "is_integer",
    "last_fault",
    "name",
    "named",
    "numbered",
]

# What evaluating an expression does besides giving a value, as a bit set.
NOTHING = 0
READS = 1  # reads memory, tables or globals: not to be moved past a write of them
TRAPS = 2  # may trap: not to be moved past another effect, nor dropped
CALLS = 4  # runs other code: not to be moved past anything that reads, writes or traps
VENTURES = 16  # has an address that is not masked: to be done before any other statement, see `ventures`

# Python's operator precedence, higher binds tighter.
ATOM = 20
UNARY = 15
MULTIPLY = 14
ADD = 13
SHIFT = 12
AND = 11
XOR = 10
OR = 9
COMPARE = 8
NOT = 7
CONDITIONAL = 3
WALRUS = 0

# How likely a value is to leave its width, and so by which operator it is masked.
TAME = 0  # counters, indices, addresses: hardly ever
SCALED = 1  # multiplied or shifted: if that is done again and again
WILD = 2  # hashes, random numbers, bit patterns: about always

WIDTH_MASK: dict[ValueType, int] = {I32: 0xFFFF_FFFF, I64: 0xFFFF_FFFF_FFFF_FFFF}
SIGN: dict[ValueType, int] = {I32: 0x8000_0000, I64: 0x8000_0000_0000_0000}
LITERAL = re.compile(r"-?\d[\d.]*(?:e[+-]?\d+)?")
"""A decimal number."""
_EMPTY: frozenset[str] = frozenset()
_NO_LOCALS: frozenset[int] = frozenset()

HEADROOM = 1 << 56
"""How far past its width a value may grow unmasked, as a factor: one more of Python's digits costs less than a mask."""

SUM = (1 << 80) - 1
"""What a local that is left to grow is taken to be at most: far more than can be reached; see `sums`."""

_STEP = 4096
_SHORT = 8
"""Operators of a text that may be written twice."""
"""Constants up to there are steps: what they are added to is small, nearly always."""

_LARGE = 1 << 28
"""Constants that are farther from zero than that are no offsets."""


class Divided(NamedTuple):
    """A canonical variable that was divided by a positive constant, and multiplied; as a signed number or as it is."""

    variable: str
    divisor: int
    factor: int
    signed: bool


@dataclass(slots=True)
class Operand:
    """A value on the operand stack at translation time.

    `text` evaluates to it. An integer's text may give any int that is congruent to the value modulo
    2**bits, within `low` and `high` (inclusive): masking waits until a use needs the canonical,
    unsigned form. `reads` are the Python variables it reads. `size` counts its operators, so that
    expressions stay within what Python's parser takes.
    """

    text: str
    type: ValueType
    precedence: int = ATOM
    low: int = 0
    high: int = 0
    effects: int = NOTHING
    reads: frozenset[str] = _EMPTY
    size: int = 1
    value: int | None = None
    negated: str | None = field(default=None)
    """For an i32 that is a condition: the text of its opposite, at comparison's precedence or tighter."""
    low_lanes: tuple[Operand, int, int] | None = field(default=None)
    """For a vector whose two low lanes of 32 bits are lanes of another: that one, and the bits where they begin."""
    temper: int = TAME
    """For an integer, how likely it is to leave its width."""
    clean_text: str | None = field(default=None)
    """For an integer whose canonical form is no dearer to come by: the text of that, as tight as a sum."""
    signed_text: str | None = field(default=None)
    """For an integer whose signed value is no dearer to come by: the text of that, as tight as an atom."""
    quiet_text: str | None = field(default=None)
    """For an f32: a text as tight as an atom, for where it does not matter which NaN it is, if it is one."""
    integer: Operand | None = field(default=None)
    """For a float that was made of an integer that Python makes the same float of: that integer."""
    alignment: Alignment | None = field(default=None)
    """For an integer, what is known of its last bits."""
    quotient: tuple[Operand, int] | None = field(default=None)
    """For an integer that was shifted to the left: one that gives it if it is shifted so far, and how far that is."""
    divided: Divided | None = field(default=None)
    """For a canonical variable that was divided by a constant, and multiplied."""
    parts: tuple[str, int | str] | None = field(default=None)
    """For the sum of a variable and a constant or another variable as it is: both."""
    grown: tuple[str, int] | None = field(default=None)
    """For the sum of a variable and what is not negative, as it is: the variable, and how much that is at most.

    For a local alone, that and nothing.
    """
    origin: Operand | None = field(default=None)
    """For an integer in a slot: what has been put there, if that has no effects."""
    terms: tuple[Operand, int] | None = field(default=None)
    """For the sum of a canonical number and a constant that is not negative, as it is: both."""
    whole: Operand | None = field(default=None)
    """For an integer that was masked: what it was before."""
    number: str | None = field(default=None)
    """For a vector that is no dearer to come by as a number of 128 bits: the text of that, as tight as an atom."""
    local: int | None = field(default=None)
    """For an integer that is what a local holds: that local."""
    kin: frozenset[int] = field(default=_NO_LOCALS)
    """For an integer, locals: where they hold signed numbers, its signed value costs what its unsigned one does now."""
    relation: Relation | None = field(default=None)
    """For an i32 that is a condition: what holds if it does."""
    fault: int | None = field(default=None)
    """The offset of the last instruction in it that may trap, as far as it is known."""

    def at(self, precedence: int) -> str:
        """The text, parenthesised unless it binds at least as tight as `precedence`."""
        return self.text if self.precedence >= precedence else f"({self.text})"

    def quiet(self, precedence: int) -> str:
        """The text at a precedence, of a float whose bits do not matter if it is NaN."""
        return self.at(precedence) if self.quiet_text is None else self.quiet_text

    @property
    def is_clean(self) -> bool:
        """Whether the text gives the canonical unsigned value."""
        return self.low >= 0 and self.high <= WIDTH_MASK[self.type]

    @property
    def tells_zero(self) -> bool:
        """Whether the text gives zero just where the value is zero."""
        mask = WIDTH_MASK[self.type]
        return -mask <= self.low and self.high <= mask

    @property
    def is_simple(self) -> bool:
        """Whether evaluating the canonical value twice costs and does nothing more than once."""
        if self.effects != NOTHING:
            return False
        if self.value is not None:
            return True
        if self.type in WIDTH_MASK and not self.is_clean:
            return False
        # A float's literal has no value here: an integer's is what is computed with.
        return self.text.isidentifier() or self.is_literal

    @property
    def is_literal(self) -> bool:
        """Whether the text is a decimal number."""
        return not self.reads and LITERAL.fullmatch(self.text) is not None

    def derive(self, text: str, precedence: int, low: int = 0, high: int = 0, type: ValueType | None = None) -> Operand:
        """An operand computed from this one alone."""
        derived = Operand(text, type or self.type, precedence, low, high, self.effects, self.reads, self.size + 1)
        derived.temper, derived.fault = self.temper, self.fault
        return derived

    def numeric(self) -> Operand:
        """This value, if a condition as one of Python's numbers: it compares faster where it jumps, and is no bool."""
        return self if self.negated is None else self.derive(f"1 if {self.text} else 0", CONDITIONAL, 0, 1)

    def bounded(self) -> Operand:
        """This value, masked if it has grown past its headroom."""
        limit = (WIDTH_MASK[self.type] + 1) * HEADROOM
        return self if -limit < self.low and self.high < limit else self.clean()

    def clean(self) -> Operand:
        """This value in canonical unsigned form."""
        if self.is_clean:
            return self
        mask = WIDTH_MASK[self.type]
        if self.value is not None:
            return constant(self.value & mask, self.type)
        if self.clean_text is not None:
            return self.derive(self.clean_text, ADD, 0, mask)
        masked = self._masked(mask)
        masked.whole, masked.alignment = self, self.alignment
        if self.quotient is not None:
            quotient, shift = self.quotient
            fits = quotient.low >= 0 and quotient.high <= mask >> shift
            masked.quotient = (quotient if fits else quotient._masked(mask >> shift)), shift
        return masked

    def _masked(self, mask: int) -> Operand:
        if self.temper == WILD:
            return self.derive(f"{self.at(AND)} & {mask:#x}", AND, 0, mask)
        if self.temper == TAME and (text := self._stepped(mask)) is not None:
            return self.derive(text, CONDITIONAL, 0, mask)
        # Of a number that is in range already, Python's remainder is the number itself, and costs a third of a mask.
        return self.derive(f"{self.at(MULTIPLY)} % {mask + 1:#x}", MULTIPLY, 0, mask)

    def _stepped(self, mask: int) -> str | None:
        """For the sum of a variable and a small constant: what is added where that does not wrap, and what if it does.

        A comparison of small numbers costs half of what the remainder does.
        """
        if self.step is None:
            return None
        variable, least, most = self.step
        if self.low < least or self.high > mask + most:  # it is no canonical number to which it is added
            return None
        if most > 0:
            return f"{self.text} if {variable} <= {DIGIT - most:#x} else ({self.text}) % {mask + 1:#x}"
        wrapped = f"{variable} + {mask + 1 + most:#x}" if most < -1 else f"{mask:#x}"
        return f"{self.text} if {variable}{f' >= {-most}' if most < -1 else ''} else {wrapped}"

    @property
    def step(self) -> tuple[str, int, int] | None:
        """For the sum of a variable and what is small: the variable, and between which numbers that is."""
        if self.parts is not None and isinstance(value := self.parts[1], int) and -_STEP <= value <= _STEP:
            return self.parts[0], value, value
        if self.grown is not None and 0 < self.grown[1] <= _STEP and self.size <= _SHORT:
            return self.grown[0], 0, self.grown[1]
        return None

    @property
    def is_nearly_signed(self) -> bool:
        """Whether it is the sum of a signed number and what is small: one comparison makes it signed again."""
        if self.low >= 0 or self.step is None:
            return False
        _, least, most = self.step
        sign = SIGN[self.type]
        return self.low >= least - sign and self.high < most + sign

    def plus(self, value: int) -> Operand:
        """This value and a constant, not masked."""
        if self.value is not None:
            return constant(self.value + value, self.type)
        if self.terms is not None and self.terms[1] + value > 0:
            return self.terms[0].plus(self.terms[1] + value)
        text = f"{self.at(ADD)} {'+' if value > 0 else '-'} {constant(abs(value), self.type).text}"
        total = self.derive(text, ADD, self.low + value, self.high + value)
        if self.text.isidentifier():
            total.parts = self.text, value
        if value > 0 and self.grown is not None:
            total.grown = self.grown[0], self.grown[1] + value
        if value > 0 and self.is_clean:
            total.terms = self, value
        if total.step is not None:
            total.kin = self.kin
        total.alignment = least(self.alignment, of_constant(value))
        if self.quotient is not None:
            quotient, shift = self.quotient
            if not value & (1 << shift) - 1:
                total.quotient = quotient.plus(value >> shift), shift
        return total

    def signed(self) -> Operand:
        """This value as a Python int in the signed range."""
        mask, sign = WIDTH_MASK[self.type], SIGN[self.type]
        if -sign <= self.low and self.high < sign:
            return self
        if self.value is not None:
            return constant(((self.value & mask) ^ sign) - sign, self.type)
        if self.signed_text is not None:
            return self.derive(self.signed_text, ATOM, -sign, sign - 1)
        if self.is_nearly_signed and self.step is not None:
            variable, _, most = self.step
            within = f"<= {DIGIT - most:#x}" if most > 0 else f">= {-DIGIT:#x}"
            wrapped = f"({self.text} + {sign:#x}) % {mask + 1:#x} - {sign:#x}"
            return self.derive(f"{self.text} if {variable} {within} else {wrapped}", CONDITIONAL, -sign, sign - 1)
        clean = self.clean()
        variable, first = named(clean.text)
        text = f"{variable} if {positive(variable, sign, first)} else {variable} - {mask + 1:#x}"
        return clean.derive(text, CONDITIONAL, -sign, sign - 1)


Relation = tuple[str, Operand, Operand]
"""An order, or that two numbers are equal or not: the sign, with an `s` if they are ordered as signed, and both."""


def named(text: str) -> tuple[str, str]:
    """A variable that has what a text gives, and what is to be written where it is first used."""
    return (text, text) if text.isidentifier() else ("w", f"(w := {text})")


def last_fault(operands: Iterable[Operand]) -> int | None:
    """The offset of the last instruction in some operands that may trap, as far as it is known."""
    return max((operand.fault for operand in operands if operand.fault is not None), default=None)


def constant(value: int, type: ValueType) -> Operand:
    """An integer constant; the text keeps it short."""
    precedence = ATOM if value >= 0 else UNARY
    text = str(value) if -4096 < value < 4096 else hex(value)
    made = Operand(text, type, precedence, value, value, value=value)
    made.alignment = of_constant(value)
    if _LARGE < value < WIDTH_MASK[type] - _LARGE:
        made.temper = WILD
    return made


def name(text: str, type: ValueType) -> Operand:
    """A variable that holds a canonical value."""
    return Operand(text, type, ATOM, 0, WIDTH_MASK.get(type, 0), reads=frozenset((text,)))


def numbered(text: str) -> Operand:
    """A variable that holds a vector as a number."""
    return Operand(f"{text}.to_bytes(16, 'little')", V128, reads=frozenset((text,)), number=text)


def is_integer(type: ValueType) -> bool:
    """Whether values of the type are Python ints, which may be pending in unmasked form."""
    return type is I32 or type is I64
