"""Inlining: a call of a small function that does nothing but compute is translated as what the function does.

Such a function has no loop, calls nothing, reads no memory and can't trap: so that it had a frame can't be told, but by
the time that it took. Its parameters and locals become variables past the caller's own locals. An argument that is a
constant or a local of the caller stands for the parameter itself if nothing is assigned to that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

from wrt_core.engines.stackless.translation.instructions.kinds import ASSIGNING, BR, COMPUTING, GET, RETURN, SET
from wrt_core.engines.stackless.translation.operand import Operand, constant
from wrt_core.engines.stackless.translation.reading import reached
from wrt_core.engines.stackless.translation.safe_points import charge
from wrt_core.engines.stackless.translation.templates.in_place.tolls import call_directly, paid
from wrt_core.engines.stackless.translation.translator import TEMPLATES, Translator
from wrt_core.engines.stackless.translation.writing.tree import Label
from wrt_core.validation import ValidatedModule
from wrt_foundation.binary.instructions import read_instructions
from wrt_foundation.instructions import BY_NAME, Instruction
from wrt_foundation.types import F32, F64, I32, I64, FuncType, NumType

__all__ = ["Leaf", "inlined", "placed"]

_BYTES = 64
"""Bodies longer than that are not looked at."""

_INSTRUCTIONS = 24
"""What is longer is called: its call does not weigh much then, and its text would be repeated at each."""

_TYPES = (I32, I64, F32, F64)
_LOCALS = ASSIGNING | {GET}
_MOVES = ("nop", "drop", "select", "global.get", "global.set", "block", "if", "else", "end", "br", "br_if", "return")
_ALLOWED = _LOCALS | {BY_NAME[each] for each in _MOVES} | COMPUTING


@dataclass(frozen=True, slots=True)
class Leaf:
    """A function that can be inlined."""

    type: FuncType
    locals: tuple[NumType, ...]
    """Its parameters and locals."""
    instructions: tuple[tuple[Instruction, object, int], ...]
    assigned: frozenset[int]


_LEAVES: WeakKeyDictionary[ValidatedModule, dict[int, Leaf | None]] = WeakKeyDictionary()


def leaf(module: ValidatedModule, index: int) -> Leaf | None:
    """Return the function at `index` if it can be inlined."""
    known = _LEAVES.setdefault(module, {})
    if index not in known:
        known[index] = _leaf(module, index)
    return known[index]


def _leaf(module: ValidatedModule, index: int) -> Leaf | None:
    imported = len(module.function_types) - len(module.module.codes)
    if index < imported:
        return None
    body = module.module.codes[index - imported]
    if len(body.code) > _BYTES:
        return None
    type_ = module.function_types[index]
    types = [*type_.params, *(each for count, each in body.locals for _ in range(min(count, _INSTRUCTIONS)))]
    if not all(each in _TYPES for each in (*types, *type_.results)) or len(types) > _INSTRUCTIONS:
        return None
    instructions = tuple(read_instructions(body.code, body.offset))
    if len(instructions) > _INSTRUCTIONS or not all(each in _ALLOWED for each, _, _ in instructions):
        return None
    assigned = frozenset(immediate for each, immediate, _ in instructions if each in ASSIGNING)
    numbers = tuple(each for each in types if isinstance(each, NumType))
    return Leaf(type_, numbers, instructions, assigned)


def inlined(t: Translator, index: int) -> bool:
    """Translate a call of the function at `index` as what it does, if that can be.

    Not in what is left of a function after a pause, which may be in any of its calls.
    """
    if t.form.resumed is not None:
        return False
    found = leaf(t.module, index)
    if found is None:
        return False
    arguments = placed(t, index, found)
    base, cost = t.inlined[index], 0

    def get(instruction: Instruction, local: int) -> None:
        if local in arguments:
            t.push(replace(arguments[local]))
        else:
            TEMPLATES[instruction](t, instruction, base + local)

    def act() -> None:
        nonlocal cost
        depth = len(t.frames)
        t.open_as("block", FuncType((), found.type.results), Label())
        for instruction, immediate, _ in reached(t, found.instructions):
            cost += 1
            if instruction in _LOCALS:
                assert isinstance(immediate, int)
                get(instruction, immediate)
            elif instruction is RETURN:
                TEMPLATES[BR](t, BR, len(t.frames) - 1 - depth)
            else:
                TEMPLATES[instruction](t, instruction, immediate)

    def call() -> None:
        for number in range(len(found.type.params)):
            get(GET, number)
        call_directly(t, index, found.type)

    with t.inside():
        if not t.meters:
            act()
            return True
        charge(paid(t, found.type, act, call), cost)
    return True


def placed(t: Translator, called: object, found: Leaf) -> dict[int, Operand]:
    """Pop the arguments of a call of what is `called`, the function of an index or whatever it is.

    Return those that stand for their parameters; the others have been given to locals, which begin at `t.inlined`.
    """
    base = t.inlined.get(called)
    if base is None:
        base = t.inlined[called] = len(t.local_types)
        t.local_types += found.locals
        t.assigned |= frozenset(range(base, base + len(found.locals)))
    count = len(found.type.params)
    height = len(t.stack) - count
    standing: dict[int, Operand] = {}
    for number in range(count):
        operand = t.stack.items[height + number]
        if number not in found.assigned and (operand.value is not None or _is_own(t, operand)):
            standing[number] = operand
    for number in reversed(range(count)):
        if number in standing:
            t.pop()
        else:
            TEMPLATES[SET](t, SET, base + number)
    for number in range(count, len(found.locals)):
        t.push(_zero(found.locals[number]))
        TEMPLATES[SET](t, SET, base + number)
    return standing


def _is_own(t: Translator, operand: Operand) -> bool:
    """Whether an operand is a local of the caller's own, which nothing that is inlined can change."""
    return operand.text[0] == "l" and operand.text[1:].isdigit() and int(operand.text[1:]) < t.own_locals


def _zero(type_: NumType) -> Operand:
    return constant(0, type_) if type_ in (I32, I64) else Operand("0.0", type_)
