"""Templates of atomic instructions.

An atomic access happens where it stands: nothing that is pending moves past it. Python runs one thread at a time and
switches between bytecodes, so that a load is atomic by itself; whatever stores in a shared memory holds the memory's
lock, or it could come between the two halves of another thread's read-modify-write.
"""

from __future__ import annotations

from wrt_core.engines.stackless.translation.operand import ADD, AND, ATOM, CALLS, NOTHING, OR, TRAPS, XOR, Operand
from wrt_core.engines.stackless.translation.stack import WRITES
from wrt_core.engines.stackless.translation.templates.folding import type_of
from wrt_core.engines.stackless.translation.templates.memory import effective
from wrt_core.engines.stackless.translation.translator import Translator, template
from wrt_foundation.immediates import MemArg
from wrt_foundation.instructions import INSTRUCTIONS, Instruction
from wrt_foundation.types import I32

__all__: list[str] = []

_VIEW = {1: "B", 2: "H", 4: "I", 8: "Q"}
_SHIFT = {2: 1, 4: 2, 8: 3}
_EFFECTS = WRITES | TRAPS | CALLS


def _named(*kinds: str) -> list[str]:
    return [each.name for each in INSTRUCTIONS if each.atomic and any(kind in each.name for kind in kinds)]


def _pop(t: Translator, argument: MemArg, count: int) -> list[Operand]:
    """Pop operands, the first of them an address, which comes back as the effective one; each may be named twice."""
    base, *operands = t.pop_simple(count)
    address = effective(base, argument)
    if address.value is None and not address.text.isidentifier():
        slot = f"a{len(t.stack)}"
        t.statement(f"{slot} = {address.text}", NOTHING, frozenset((slot,)))
        address = Operand(slot, address.type, ATOM, address.low, address.high, NOTHING, frozenset((slot,)))
    return [address, *operands]


def _view(t: Translator, memory: int, width: int, address: Operand) -> tuple[str, str]:
    """The view of aligned items, and the index in it; what is not aligned has trapped before."""
    if width == 1:
        return f"B{memory}", address.text
    t.statement(f"if {address.text} & {width - 1}: unaligned()", _EFFECTS)
    return f"{_VIEW[width]}a{memory}", f"{address.text} >> {_SHIFT[width]}"


def _change(t: Translator, memory: int, text: str, writes: frozenset[str] = frozenset()) -> None:
    """Append statements, on one line, that no other thread's come between."""
    held = f"with m{memory}.atomics: " if t.module.memories[memory].shared else ""
    t.statement(held + text, _EFFECTS, writes)


@template(*_named("atomic.load"))
def load(t: Translator, instruction: Instruction, argument: MemArg) -> None:
    (address,) = _pop(t, argument, 1)
    view, index = _view(t, argument.memory, instruction.width, address)
    t.into_slot(f"{view}[{index}]", type_of(instruction), _EFFECTS)


def _low(value: Operand, width: int) -> str:
    """The text of a value's low bytes, at the precedence of `&` or tighter."""
    return value.text if value.high >> 8 * width == 0 else f"{value.text} & {(1 << 8 * width) - 1:#x}"


@template(*_named("atomic.store"))
def store(t: Translator, instruction: Instruction, argument: MemArg) -> None:
    address, value = _pop(t, argument, 2)
    view, index = _view(t, argument.memory, instruction.width, address)
    _change(t, argument.memory, f"{view}[{index}] = {_low(value, instruction.width)}")


_SIGNS = {"add": ("+", ADD), "sub": ("-", ADD), "and": ("&", AND), "or": ("|", OR), "xor": ("^", XOR)}


@template(*_named(".add", ".sub", ".and", ".or", ".xor", ".xchg"))
def modify(t: Translator, instruction: Instruction, argument: MemArg) -> None:
    address, value = _pop(t, argument, 2)
    width = instruction.width
    view, index = _view(t, argument.memory, width, address)
    slot = f"s{len(t.stack)}"
    operation = instruction.name.rpartition(".")[2].removesuffix("_u")
    if operation == "xchg":
        new = _low(value, width)
    else:
        sign, precedence = _SIGNS[operation]
        new = f"{slot} {sign} {value.at(precedence + 1)}"
        if operation != "and":
            new = f"({new}) & {(1 << 8 * width) - 1:#x}"
    _exchange(t, argument.memory, instruction, f"{slot} = {view}[{index}]; {view}[{index}] = {new}")


@template(*_named(".cmpxchg"))
def compare_exchange(t: Translator, instruction: Instruction, argument: MemArg) -> None:
    address, expected, value = _pop(t, argument, 3)
    view, index = _view(t, argument.memory, instruction.width, address)
    slot = f"s{len(t.stack)}"
    wanted = _low(expected, instruction.width)
    # As an expression: a statement that is itself conditional does not go on a line with others.
    stored = f"{view}.__setitem__({index}, {_low(value, instruction.width)})"
    _exchange(t, argument.memory, instruction, f"{slot} = {view}[{index}]; {slot} != {wanted} or {stored}")


def _exchange(t: Translator, memory: int, instruction: Instruction, text: str) -> None:
    """Append what leaves the old value in the slot of the stack's next height, and push that."""
    slot = f"s{len(t.stack)}"
    _change(t, memory, text, frozenset((slot,)))
    high = (1 << 8 * instruction.width) - 1
    t.push(Operand(slot, type_of(instruction), ATOM, 0, high, reads=frozenset((slot,))))


@template("memory.atomic.wait32", "memory.atomic.wait64")
def wait(t: Translator, instruction: Instruction, argument: MemArg) -> None:
    address, expected, timeout = _pop(t, argument, 3)
    arguments = f"{address.text}, {expected.text}, {timeout.signed().text}, width={instruction.width}"
    t.into_slot(f"m{argument.memory}.wait({arguments})", I32, _EFFECTS)


@template("memory.atomic.notify")
def notify(t: Translator, instruction: Instruction, argument: MemArg) -> None:
    address, count = _pop(t, argument, 2)
    t.into_slot(f"m{argument.memory}.notify({address.text}, {count.text})", I32, _EFFECTS)


@template("atomic.fence")
def fence(t: Translator, instruction: Instruction, _: int) -> None:
    # Python has no order of memory accesses but the program's.
    t.stack.before(_EFFECTS)
