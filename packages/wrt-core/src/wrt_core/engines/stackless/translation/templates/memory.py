"""Templates of memory instructions.

A memory's bytes are reached through typed views in the instance's namespace: `B0` and `b0` are bytes
of memory 0, unsigned and signed; `I0` has a 32-bit word at every byte, so that `I0[a]` is the word at
any address, aligned or not; `Ia0` has only those at multiples of four, for addresses that were an index
and shifted; `H`, `Q`, `F`, `D` likewise. `I0_8` begins at byte 8 and so has what an address lacks by as
much. A view ends where the memory does, and its IndexError is the trap.
"""

from __future__ import annotations

from dataclasses import replace

from wrt_core.engines.stackless.translation.holding import climbing, sums
from wrt_core.engines.stackless.translation.holding.signs import SAME, is_near, vote
from wrt_core.engines.stackless.translation.operand import (
    AND,
    ATOM,
    CALLS,
    CONDITIONAL,
    NOTHING,
    READS,
    TAME,
    TRAPS,
    VENTURES,
    WALRUS,
    WIDTH_MASK,
    Operand,
    constant,
    name,
)
from wrt_core.engines.stackless.translation.stack import WRITES
from wrt_core.engines.stackless.translation.templates.floats import take_unrounded
from wrt_core.engines.stackless.translation.translator import Translator, template
from wrt_foundation.immediates import MemArg
from wrt_foundation.instructions import Instruction
from wrt_foundation.types import F32, F64, I32, I64

_SHIFT = {1: 0, 2: 1, 4: 2, 8: 3}
_UNSIGNED = {1: "B", 2: "H", 4: "I", 8: "Q"}
_SIGNED = {1: "b", 2: "h", 4: "i"}


def effective(base: Operand, argument: MemArg) -> Operand:
    """The effective address: it may pass 2**32, where no view reaches."""
    return base.plus(argument.offset) if argument.offset else base


def steady(t: Translator, height: int, memory: int) -> None:
    """Evaluate the address at `height` into its slot if the memory may grow meanwhile.

    Python looks a view up before it evaluates the index, and a call in the index may grow the memory: the
    view would be the old one. If the memory is shared, another thread may grow it, and tell by what the index reads.
    """
    effects = t.stack.items[height].effects
    if effects & CALLS or (effects and t.module.memories[memory].shared):
        t.stack.spill(height)


def venture(t: Translator, base: Operand, argument: MemArg, stored: Operand | None = None) -> Operand:
    """The effective address of what was popped, not masked if that may be ventured.

    It may not be if something that is pending, or `stored`, does what must not be done twice: a memory grows.
    """
    if t.is_first:
        t.addressed.update([int(each[1:]) for each in base.reads if each[0] == "l"])
        climbing.used(t, base)
        if base.type is I32 and t.ventures.may(base):
            sums.used(t, base)
    if base.is_clean or base.type is not I32 or _acts(t, stored) or not t.ventures.has(base):
        return effective(base.clean(), argument)
    address = effective(base, argument) if argument.offset else replace(base)
    if address.terms is None and address.parts is not None and isinstance(address.parts[1], int):
        address.terms = name(address.parts[0], address.type), address.parts[1]
    elif argument.offset and address.terms is None:
        address.terms = base, argument.offset
    address.effects |= VENTURES
    return address


def _acts(t: Translator, stored: Operand | None) -> bool:
    """Whether anything that is pending, or stored, does what must not be done twice."""
    return (stored is not None and bool(stored.effects & (CALLS | WRITES))) or t.stack.acts()


def pop_ventured(t: Translator, argument: MemArg) -> Operand:
    """Pop the address on top of the stack, and return the effective address, which may be ventured."""
    steady(t, len(t.stack) - 1, argument.memory)
    return venture(t, t.pop(), argument)


def pop_address(t: Translator, argument: MemArg) -> Operand:
    """Pop the address on top of the stack, and return the effective address."""
    steady(t, len(t.stack) - 1, argument.memory)
    return effective(t.pop_clean(), argument)


def item(t: Translator, view: str, memory: int, width: int, address: Operand) -> str:
    """The text of the item of a view at an effective address."""
    shift = _SHIFT[width]
    if shift and address.quotient is not None and address.quotient[1] == shift:
        return _in_view(t, f"{view}a{memory}", address.quotient[0], shift)
    return _in_view(t, f"{view}{memory}", address, 0)


_FIELDS = 256
"""Offsets below that are of fields in structures: views that begin there are shared by much code."""


def _has_view(t: Translator, offset: int) -> bool:
    """Whether there is to be a view that begins at an offset: each is made anew whenever the memory grows."""
    return offset < _FIELDS or bool(t.loops)


def _in_view(t: Translator, view: str, index: Operand, shift: int) -> str:
    """The text of an item of a view by its index."""
    if index.terms is not None and _has_view(t, index.terms[1] << shift):
        index, offset = index.terms
        return f"{view}_{offset << shift}[{index.text}]"
    return f"{view}[{index.text}]"


_LOADS = [
    *("i32.load", "i64.load", "i32.load8_s", "i32.load8_u", "i32.load16_s", "i32.load16_u", "i64.load8_s"),
    *("i64.load8_u", "i64.load16_s", "i64.load16_u", "i64.load32_s", "i64.load32_u"),
]


@template(*_LOADS)
def load(t: Translator, instruction: Instruction, argument: MemArg) -> None:
    address = pop_ventured(t, argument)
    width = instruction.width
    signed = instruction.name.endswith("_s")
    view = _SIGNED[width] if signed else _UNSIGNED[width]
    bits = 8 * width
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    type_ = I32 if instruction.name.startswith("i32") else I64
    t.combine(item(t, view, argument.memory, width, address), ATOM, type_, (address,), low, high, READS | TRAPS)
    loaded = t.stack.items[-1]
    loaded.temper = TAME
    if instruction.name == "i32.load" and loaded.text == item(t, view, argument.memory, width, address):
        loaded.signed_text = item(t, "i", argument.memory, width, address)


@template("f64.load")
def load_f64(t: Translator, instruction: Instruction, argument: MemArg) -> None:
    address = pop_ventured(t, argument)
    t.combine(item(t, "D", argument.memory, 8, address), ATOM, F64, (address,), effects=READS | TRAPS)


@template("f32.load")
def load_f32(t: Translator, instruction: Instruction, argument: MemArg) -> None:
    steady(t, len(t.stack) - 1, argument.memory)
    base = t.pop()
    address = venture(t, base, argument) if base.effects == NOTHING else effective(base.clean(), argument)
    if base.effects != NOTHING:  # else it may be named twice: it is seldom evaluated twice
        # An effective address may pass the width of its type, so it is kept aside as it is.
        slot = f"a{len(t.stack)}"
        t.statement(f"{slot} = {address.text}", address.effects, frozenset((slot,)))
        kept = Operand(slot, address.type, ATOM, address.low, address.high, NOTHING, frozenset((slot,)))
        address = kept
    value = item(t, "F", argument.memory, 4, address)
    bits = item(t, "I", argument.memory, 4, address)
    # The conversion to double that reading a view implies would quiet a signalling NaN.
    text = f"v if (v := {value}) == v else f32_reinterpret_i32({bits})"
    t.combine(text, CONDITIONAL, F32, (address,), effects=READS | TRAPS)
    loaded = t.stack.items[-1]
    if loaded.text == text:
        loaded.quiet_text = value


_STORES = [
    *("i32.store", "i64.store", "i32.store8", "i32.store16", "i64.store8", "i64.store16", "i64.store32", "f64.store"),
]


def _narrow(value: Operand, width: int) -> Operand:
    """The value's low bytes, unsigned."""
    mask = (1 << 8 * width) - 1
    if value.low >= 0 and value.high <= mask:
        return value
    if value.value is not None:
        return constant(value.value & mask, value.type)
    if mask == WIDTH_MASK[value.type]:
        return value.clean()
    return value.derive(f"{value.at(AND)} & {mask:#x}", AND, 0, mask)


@template(*_STORES)
def store(t: Translator, instruction: Instruction, argument: MemArg) -> None:
    # Python evaluates the right-hand side first, so the address must not have effects that the value could see.
    if t.stack.items[-1].effects and t.stack.items[-2].effects:
        t.stack.spill(len(t.stack) - 2)
    steady(t, len(t.stack) - 2, argument.memory)
    value, base = t.pop().numeric(), t.pop()
    address = venture(t, base, argument, value)
    effects = value.effects | address.effects | WRITES | TRAPS
    if instruction.name == "f64.store":
        view = "D"
    elif instruction.name == "i32.store" and value.low < 0 and value.value is None and is_near(value):
        view = "i"
        value = value.signed()
    else:
        if instruction.name == "i32.store":
            vote(t, value, SAME)
        view = _UNSIGNED[instruction.width]
        if _is_ventured(t, value, instruction.width):
            effects |= VENTURES
        else:
            value = _narrow(value, instruction.width)
    text = value.text if value.precedence > WALRUS else f"({value.text})"
    target = item(t, view, argument.memory, instruction.width, address)
    t.statement(f"{target} = {text}", effects)


def _is_ventured(t: Translator, value: Operand, width: int) -> bool:
    """Whether a number is to be stored without a mask: a view that it is too large for raises."""
    if value.type not in (I32, I64) or width * 8 != value.type.bits or value.is_clean or value.clean_text is not None:
        return False
    return value.value is None and value.temper == TAME and not _acts(t, value) and t.ventures.has(value)


@template("f32.store")
def store_f32(t: Translator, instruction: Instruction, argument: MemArg) -> None:
    unrounded = take_unrounded(t)
    if unrounded is not None:  # the view rounds, and what was computed has no NaN whose bits matter
        address = pop_ventured(t, argument)
        target = item(t, "F", argument.memory, 4, address)
        t.statement(f"{target} = {unrounded.text}", unrounded.effects | address.effects | WRITES | TRAPS)
        return
    base, value = t.pop_simple(2)
    address = effective(base, argument)
    plain = f"{item(t, 'F', argument.memory, 4, address)} = {value.text}"
    if not value.text.isidentifier():  # a literal: a number
        t.statement(plain, WRITES | TRAPS)
        return
    exact = f"{item(t, 'I', argument.memory, 4, address)} = i32_reinterpret_f32({value.text})"
    t.statement(f"if {value.text} == {value.text}: {plain}", WRITES | TRAPS)
    t.statement(f"else: {exact}", WRITES | TRAPS)


@template("memory.size")
def size(t: Translator, instruction: Instruction, memory: int) -> None:
    type_ = t.module.memories[memory].address
    if t.module.memories[memory].shared:
        # Another thread's growth is seen when all views have been fetched: growing tells, and takes its turn.
        t.into_slot(f"m{memory}.grow(0)", type_, CALLS)
        return
    t.combine(f"m{memory}.size", ATOM, type_, (), 0, WIDTH_MASK[type_], READS)


@template("memory.grow")
def grow(t: Translator, instruction: Instruction, memory: int) -> None:
    delta = t.pop_clean()
    type_ = t.module.memories[memory].address
    t.combine(f"m{memory}.grow({delta.text})", ATOM, type_, (delta,), -1, WIDTH_MASK[type_], CALLS)


@template("memory.fill")
def fill(t: Translator, instruction: Instruction, memory: int) -> None:
    _bulk(t, f"m{memory}.fill", "")


@template("memory.copy")
def copy(t: Translator, instruction: Instruction, memories: tuple[int, int]) -> None:
    destination, source = memories
    _bulk(t, f"m{destination}.copy", "" if destination == source else f", origin=m{source}")


@template("memory.init")
def init(t: Translator, instruction: Instruction, immediates: tuple[int, int]) -> None:
    segment, memory = immediates
    _bulk(t, f"m{memory}.init", f", data[{segment}]")


def _bulk(t: Translator, function: str, more: str) -> None:
    operands = t.pop_many(3)
    effects = WRITES | TRAPS
    for operand in operands:
        effects |= operand.effects
    t.statement(f"{function}({', '.join(each.text for each in operands)}{more})", effects)


@template("data.drop")
def drop(t: Translator, instruction: Instruction, segment: int) -> None:
    t.statement(f"data[{segment}] = b''", WRITES)


__all__ = ["effective", "item", "pop_address", "steady"]
