"""Templates of locals, globals, constants of references, and of what only moves values."""

from __future__ import annotations

from wrt_core.engines.stackless.translation.holding import climbing, signs, sums
from wrt_core.engines.stackless.translation.knowledge.counting import Growth, Step
from wrt_core.engines.stackless.translation.operand import (
    ATOM,
    CALLS,
    COMPARE,
    CONDITIONAL,
    MULTIPLY,
    NOTHING,
    READS,
    SCALED,
    SHIFT,
    TRAPS,
    WILD,
    Operand,
    constant,
    is_integer,
    name,
    numbered,
)
from wrt_core.engines.stackless.translation.results import redirect
from wrt_core.engines.stackless.translation.stack import WRITES
from wrt_core.engines.stackless.translation.templates.control import pop_condition
from wrt_core.engines.stackless.translation.templates.vector_numbers import is_constant, number_of, vote
from wrt_core.engines.stackless.translation.translator import Translator, template
from wrt_foundation.instructions import Instruction
from wrt_foundation.types import F32, I32, V128, RefType, ValueType

_BELOW = range(0xC000_0000, 0xFFFF_FFC0)
"""Numbers far below zero."""


@template("nop")
def nop(t: Translator, instruction: Instruction, _: None) -> None:
    pass


@template("local.get")
def local_get(t: Translator, instruction: Instruction, index: int) -> None:
    t.used.add(index)
    type_ = t.local_types[index]
    if type_ is V128:
        vote(t, index, -1)
    operand = numbered(f"l{index}") if index in t.found.numbers else name(f"l{index}", type_)
    if index in t.found.signed:
        operand.low, operand.high = signs.signed_range(t.ranges.get(index))
        operand.grown = operand.text, 0
    elif is_integer(type_):
        operand.grown = operand.text, 0
        low, high = t.ranges.get(index)
        if low == high and not t.is_first:
            t.push(constant(low, type_))
            return
        operand.low, operand.high = low, high
        if operand.is_clean:
            operand.local = index
            if t.is_first:
                signs.vote(t, operand, signs.TAKEN)
                sums.vote(t, index, sums.TAKEN)
                climbing.vote(t, index, climbing.TAKEN)
    elif type_ is F32 and t.is_first:
        t.votes.exact[index] += 1
    if type_ is I32:
        operand.alignment = t.locals.get(index)
        operand.kin = frozenset(() if operand.local is None else (index,))
    if index in t.wild:
        operand.temper = WILD
    operand.divided = t.quotient(index)
    if index in t.places:
        operand.reads = t.places[index]
    t.push(operand)


@template("local.set")
def local_set(t: Translator, instruction: Instruction, index: int) -> None:
    value = t.pop().numeric()
    t.used.add(index)
    variable = f"l{index}"
    if is_integer(value.type):
        if value.temper == SCALED and variable in value.reads and value.precedence not in (MULTIPLY, SHIFT):
            value.temper = WILD  # each time round it grows; what is multiplied and no more is an index made an address
        if value.temper == WILD:
            t.wild.add(index)
        else:
            t.wild.discard(index)
        step: Step | None = None
        if value.parts is not None and variable in value.parts and value.parts[0] != value.parts[1]:
            step = value.parts[value.parts[0] == variable]
        elif value.grown is not None and value.grown[0] == variable and value.grown[1]:
            step = Growth(value.grown[1])
        signs.given(t, index, value)
        climbing.given(t, index, value, step)
        given, grows = value, sums.given(t, index, value) and t.grows(index)
        value = value.clean()
        t.ventures.give(index, given)
        t.ranges.give(index, value, step, given, grows)
        t.changed[index] += 1
        if given.divided is not None:
            t.divide(index, given.divided)
        if value.type is I32:
            t.locals.give(index, value.alignment)
            if value.value is not None:
                (t.below.add if value.value in _BELOW else t.below.discard)(index)
            elif given.low < 0 and given.high <= 0:
                t.below.add(index)
        if index in t.found.signed:
            value = given.signed()
        elif grows:
            value = given
    text = value.text
    if value.quiet_text is not None:
        t.votes.loaded.add(index)
        text = value.quiet_text if index in t.found.quiet else text
    if value.type is V128:
        if not is_constant(value):
            vote(t, index, -1 if value.number is None else 1)
        if index in t.found.numbers:
            text = number_of(t, value)
    writes = t.writes(index)
    if index not in t.found.numbers and redirect(t, text, variable, writes):
        return
    source = value.local if text == f"l{value.local}" else None
    if source is None or t.owner(source) != t.owner(index):  # else the variable has it already
        t.statement(f"{variable} = {text}", value.effects, writes, fault=value.fault)


@template("local.tee")
def local_tee(t: Translator, instruction: Instruction, index: int) -> None:
    local_set(t, instruction, index)
    local_get(t, instruction, index)


@template("global.get")
def global_get(t: Translator, instruction: Instruction, index: int) -> None:
    type_ = t.module.globals[index]
    operand = name(f"g{index}.raw", type_.value)
    operand.reads = frozenset()
    operand.effects = READS if type_.mutable else NOTHING
    t.push(operand)


@template("global.set")
def global_set(t: Translator, instruction: Instruction, index: int) -> None:
    value = t.pop_clean()
    t.statement(f"g{index}.raw = {value.text}", value.effects | WRITES, fault=value.fault)


@template("drop")
def drop(t: Translator, instruction: Instruction, _: None) -> None:
    value = t.pop()
    if value.effects & (TRAPS | CALLS):
        t.statement(value.text, value.effects, fault=value.fault)


@template("select", "select_t")
def select(t: Translator, instruction: Instruction, _: tuple[ValueType, ...] | None) -> None:
    # Both values are evaluated, and before the condition; Python's conditional does neither.
    height = len(t.stack) - 3
    for index in (height, height + 1):
        if t.stack.items[index].effects & (TRAPS | CALLS) or (
            t.stack.items[index].effects and t.stack.items[-1].effects
        ):
            t.stack.spill(index)
    condition, b, a = pop_condition(t), t.pop(), t.pop()
    text = f"{a.at(CONDITIONAL + 1)} if {condition.at(CONDITIONAL + 1)} else {b.at(CONDITIONAL)}"
    low, high = (min(a.low, b.low), max(a.high, b.high)) if is_integer(a.type) else (0, 0)
    t.combine(text, CONDITIONAL, a.type, (a, b, condition), low, high)
    if a.type is I32 and all(each.kin or signs.is_free(each) for each in (a, b)):
        t.stack.items[-1].kin = a.kin | b.kin


@template("ref.null")
def ref_null(t: Translator, instruction: Instruction, type: RefType) -> None:
    t.push(Operand("None", type, ATOM))


@template("ref.is_null")
def ref_is_null(t: Translator, instruction: Instruction, _: None) -> None:
    a = t.pop()
    text = a.at(COMPARE + 1)
    t.combine(f"{text} is None", COMPARE, I32, (a,), 0, 1, negated=f"{text} is not None")


@template("ref.func")
def ref_func(t: Translator, instruction: Instruction, index: int) -> None:
    t.push(Operand(f"functions[{index}]", RefType(False, t.module.functions[index]), ATOM))
