"""Templates of references: calls through them, tests for null, and equality."""

from __future__ import annotations

from wrt_core.engines.stackless.translation.operand import ATOM, CONDITIONAL, TRAPS, Operand
from wrt_core.engines.stackless.translation.templates.calls import call_through
from wrt_core.engines.stackless.translation.templates.control import branch_when
from wrt_core.engines.stackless.translation.translator import Translator, template
from wrt_foundation.instructions import Instruction
from wrt_foundation.types import I32, FuncType, RefType

__all__ = ["or_null", "present", "with_type"]

_C = frozenset(("c",))


def with_type(operand: Operand, nullable: bool) -> Operand:
    """A reference that has been found to be null or not: the same variable, of a narrower type."""
    type_ = operand.type
    assert isinstance(type_, RefType)
    return Operand(operand.text, RefType(nullable, type_.heap, type_.exact), operand.precedence, reads=operand.reads)


def may_be_null(operand: Operand) -> bool:
    """Whether the operand's static type admits null."""
    return not isinstance(operand.type, RefType) or operand.type.nullable


def or_null(text: str, operand: Operand, trap: str) -> str:
    """`text`, or the trap if `operand`, which must be simple, is null."""
    return f"{text} if {operand.text} is not None else {trap}()" if may_be_null(operand) else text


@template("ref.as_non_null")
def as_non_null(t: Translator, instruction: Instruction, _: None) -> None:
    (a,) = t.pop_simple()
    if not may_be_null(a):
        t.push(a)
        return
    type_ = with_type(a, False).type
    t.combine(or_null(a.text, a, "null_reference"), CONDITIONAL, type_, (a,), effects=TRAPS)


@template("br_on_null")
def br_on_null(t: Translator, instruction: Instruction, depth: int) -> None:
    t.stack.before(TRAPS)
    (a,) = t.pop_simple()
    branch_when(t, f"{a.text} is None", f"{a.text} is not None", depth)
    t.push(with_type(a, False))


@template("br_on_non_null")
def br_on_non_null(t: Translator, instruction: Instruction, depth: int) -> None:
    t.stack.before(TRAPS)
    (a,) = t.pop_simple()
    t.push(with_type(a, False))
    branch_when(t, f"{a.text} is not None", f"{a.text} is None", depth)
    t.pop()


@template("ref.eq")
def eq(t: Translator, instruction: Instruction, _: None) -> None:
    b, a = t.pop(), t.pop()
    text = f"ref_eq({a.text}, {b.text})"
    t.combine(text, ATOM, I32, (a, b), 0, 1, negated=f"(not {text})")


def present(t: Translator) -> str:
    """Pop a function reference into the variable `c`; return the text that is its null check."""
    reference = t.pop()
    t.statement(f"c = {reference.text}", reference.effects | TRAPS, _C)
    return "c" if not may_be_null(reference) else "(c if c is not None else null_function())"


@template("call_ref")
def call_ref(t: Translator, instruction: Instruction, type_index: int) -> None:
    type_ = t.module.types[type_index].composite
    assert isinstance(type_, FuncType)
    call_through(t, present(t), type_)
