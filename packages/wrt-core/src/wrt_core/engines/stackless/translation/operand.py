"""Operands: Python expressions for values that translated code has not evaluated yet.

Expressions are folded into one another until something forces an order; what may be folded where is
decided by an operand's `effects` and `reads`, how it is parenthesised by its `precedence`, and whether
it must be masked by its range.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from wrt_foundation.types import I32, I64, V128, ValueType

__all__ = [
    "ATOM",
    "CALLS",
    "NOTHING",
    "READS",
    "SIGN",
    "TRAPS",
    "WIDTH_MASK",
    "Operand",
    "constant",
    "is_integer",
    "name",
    "numbered",
]

# What evaluating an expression does besides giving a value, as a bit set.
NOTHING = 0
READS = 1  # reads memory, tables or globals: not to be moved past a write of them
TRAPS = 2  # may trap: not to be moved past another effect, nor dropped
CALLS = 4  # runs other code: not to be moved past anything that reads, writes or traps

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

WIDTH_MASK: dict[ValueType, int] = {I32: 0xFFFF_FFFF, I64: 0xFFFF_FFFF_FFFF_FFFF}
SIGN: dict[ValueType, int] = {I32: 0x8000_0000, I64: 0x8000_0000_0000_0000}
_EMPTY: frozenset[str] = frozenset()


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
    number: str | None = field(default=None)
    """For a vector that is no dearer to come by as a number of 128 bits: the text of that, as tight as an atom."""

    def at(self, precedence: int) -> str:
        """The text, parenthesised unless it binds at least as tight as `precedence`."""
        return self.text if self.precedence >= precedence else f"({self.text})"

    @property
    def is_clean(self) -> bool:
        """Whether the text gives the canonical unsigned value."""
        return self.low >= 0 and self.high <= WIDTH_MASK[self.type]

    @property
    def is_simple(self) -> bool:
        """Whether evaluating the text twice costs and does nothing more than once."""
        return self.effects == NOTHING and (self.value is not None or self.text.isidentifier())

    def derive(self, text: str, precedence: int, low: int = 0, high: int = 0, type: ValueType | None = None) -> Operand:
        """An operand computed from this one alone."""
        return Operand(text, type or self.type, precedence, low, high, self.effects, self.reads, self.size + 1)

    def clean(self) -> Operand:
        """This value in canonical unsigned form."""
        if self.is_clean:
            return self
        mask = WIDTH_MASK[self.type]
        if self.value is not None:
            return constant(self.value & mask, self.type)
        return self.derive(f"{self.at(AND)} & {mask:#x}", AND, 0, mask)

    def signed(self) -> Operand:
        """This value as a Python int in the signed range."""
        mask, sign = WIDTH_MASK[self.type], SIGN[self.type]
        if -sign <= self.low and self.high < sign:
            return self
        if self.value is not None:
            return constant(((self.value & mask) ^ sign) - sign, self.type)
        return self.derive(f"({self.clean().at(XOR)} ^ {sign:#x}) - {sign:#x}", ADD, -sign, sign - 1)


def constant(value: int, type: ValueType) -> Operand:
    """An integer constant; the text keeps it short."""
    precedence = ATOM if value >= 0 else UNARY
    text = str(value) if -4096 < value < 4096 else hex(value)
    return Operand(text, type, precedence, value, value, value=value)


def name(text: str, type: ValueType) -> Operand:
    """A variable that holds a canonical value."""
    return Operand(text, type, ATOM, 0, WIDTH_MASK.get(type, 0), reads=frozenset((text,)))


def numbered(text: str) -> Operand:
    """A variable that holds a vector as a number."""
    return Operand(f"{text}.to_bytes(16, 'little')", V128, reads=frozenset((text,)), number=text)


def is_integer(type: ValueType) -> bool:
    """Whether values of the type are Python ints, which may be pending in unmasked form."""
    return type is I32 or type is I64
