"""Templates of vector loads and stores.

They go through `struct`, on the byte view: a slice of a view ends where the memory does and says nothing, struct
raises `struct.error`, or `OverflowError` for what no address can be, and writes nothing then.
"""

from __future__ import annotations

from struct import Struct
from typing import Any

from wrt_core.engines.stackless.translation.operand import ADD, ATOM, MULTIPLY, READS, TRAPS, Operand
from wrt_core.engines.stackless.translation.stack import WRITES
from wrt_core.engines.stackless.translation.templates.memory import effective, item, pop_address, steady
from wrt_core.engines.stackless.translation.templates.vectors import replaced
from wrt_core.engines.stackless.translation.translator import Translator, template
from wrt_foundation.immediates import MemArg
from wrt_foundation.instructions import Instruction
from wrt_foundation.types import V128

__all__ = ["NAMES"]

_WIDTHS = (2, 4, 8, 16)

NAMES: dict[str, Any] = {
    **{f"take{width}": Struct(f"{width}s").unpack_from for width in _WIDTHS},
    **{f"put{width}": Struct(f"{width}s").pack_into for width in _WIDTHS},
}
"""What the templates here call by name: as many bytes of a view as the name says, taken as a tuple of one, and put."""


def _taken(width: int, memory: int, address: Operand) -> str:
    """The text of `width` bytes of memory."""
    return f"take{width}(B{memory}, {address.text})[0]"


def _loaded(t: Translator, text: str, precedence: int, *operands: Operand) -> None:
    t.combine(text, precedence, V128, operands, effects=READS | TRAPS)


@template("v128.load")
def load(t: Translator, instruction: Instruction, argument: MemArg) -> None:
    address = pop_address(t, argument)
    _loaded(t, _taken(16, argument.memory, address), ATOM, address)


@template("v128.load32_zero", "v128.load64_zero")
def load_zero(t: Translator, instruction: Instruction, argument: MemArg) -> None:
    address = pop_address(t, argument)
    width = instruction.width
    _loaded(t, f"{_taken(width, argument.memory, address)} + {bytes(16 - width)!r}", ADD, address)


@template("v128.load8_splat")
def load8_splat(t: Translator, instruction: Instruction, argument: MemArg) -> None:
    address = pop_address(t, argument)
    _loaded(t, f"splat8[{item(t, 'B', argument.memory, 1, address)}]", ATOM, address)


@template("v128.load16_splat", "v128.load32_splat", "v128.load64_splat")
def load_splat(t: Translator, instruction: Instruction, argument: MemArg) -> None:
    address = pop_address(t, argument)
    width = instruction.width
    _loaded(t, f"{_taken(width, argument.memory, address)} * {16 // width}", MULTIPLY, address)


_EXTENSIONS = {"8x8": "i16x8_extend_low_i8x16", "16x4": "i32x4_extend_low_i16x8", "32x2": "i64x2_extend_low_i32x4"}


@template(*[f"v128.load{lanes}_{sign}" for lanes in _EXTENSIONS for sign in "su"])
def load_extend(t: Translator, instruction: Instruction, argument: MemArg) -> None:
    address = pop_address(t, argument)
    lanes, _, sign = instruction.name.removeprefix("v128.load").partition("_")
    text = f"{_EXTENSIONS[lanes]}_{sign}({_taken(8, argument.memory, address)} + {bytes(8)!r})"
    _loaded(t, text, ATOM, address)


@template("v128.load8_lane", "v128.load16_lane", "v128.load32_lane", "v128.load64_lane")
def load_lane(t: Translator, instruction: Instruction, immediates: tuple[MemArg, int]) -> None:
    argument, index = immediates
    base, vector = t.pop_simple(2)
    address = effective(base, argument)
    width = instruction.width
    if width == 1:
        lane = f"byte[{item(t, 'B', argument.memory, 1, address)}]"
    else:
        lane = _taken(width, argument.memory, address)
    _loaded(t, replaced(vector, lane, index, width), ADD, address, vector)


def _put(t: Translator, memory: int, width: int, address: Operand, text: str, operands: tuple[Operand, ...]) -> None:
    effects = WRITES | TRAPS
    for operand in operands:
        effects |= operand.effects
    t.statement(f"put{width}(B{memory}, {address.text}, {text})", effects)


def _steady_both(t: Translator, memory: int) -> None:
    # Python looks up the view, then evaluates the address and the vector.
    height = len(t.stack)
    steady(t, height - 2, memory)
    steady(t, height - 1, memory)


@template("v128.store")
def store(t: Translator, instruction: Instruction, argument: MemArg) -> None:
    _steady_both(t, argument.memory)
    vector, base = t.pop(), t.pop_clean()
    _put(t, argument.memory, 16, effective(base, argument), vector.text, (base, vector))


@template("v128.store8_lane", "v128.store16_lane", "v128.store32_lane", "v128.store64_lane")
def store_lane(t: Translator, instruction: Instruction, immediates: tuple[MemArg, int]) -> None:
    argument, index = immediates
    width = instruction.width
    if width == 1:
        base, vector = t.pop_simple(2)
        target = item(t, "B", argument.memory, 1, effective(base, argument))
        t.statement(f"{target} = {vector.text}[{index}]", WRITES | TRAPS)
        return
    _steady_both(t, argument.memory)
    vector, base = t.pop(), t.pop_clean()
    # Packing takes as many bytes as it needs and leaves the rest.
    text = f"{vector.at(ATOM)}[{index * width}:]" if index else vector.text
    _put(t, argument.memory, width, effective(base, argument), text, (base, vector))
