"""Templates of casts: a type's test is a constant of the translation, a function that takes a reference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wrt_core.engines.stackless.translation.operand import ATOM, CONDITIONAL, TRAPS, Operand
from wrt_core.engines.stackless.translation.templates.control import branch_when
from wrt_core.engines.stackless.translation.translator import Translator, template
from wrt_core.runtime.references import membership
from wrt_core.validation import ValidatedModule
from wrt_foundation.canonical import close
from wrt_foundation.immediates import Cast
from wrt_foundation.instructions import Instruction
from wrt_foundation.types import I32, AbstractHeapType, RefType

__all__ = ["TEST", "closed", "difference", "test_named"]

TEST = "is_"
"""How the names of tests begin."""


def closed(t: Translator, type_: RefType) -> RefType:
    """A syntactic reference type as the module's definitions close it."""
    return close(type_, t.module.types)


def _test(t: Translator, type_: RefType, reference: Operand) -> str:
    """The text that says whether a reference is of a type."""
    key = f"{'null_' if type_.nullable else ''}{'exact_' if type_.exact else ''}{type_.heap}"
    name = t.constant_name(TEST, key, membership(closed(t, type_)))
    return f"{name}({reference.text})"


def test_named(name: str, module: ValidatedModule) -> Callable[[Any], bool]:
    """The test that a translation of this module knows by that name: for one that was kept without its constants."""
    *flags, heap = name.removeprefix(TEST).split("_")
    type_ = RefType(
        "null" in flags, int(heap) if heap.isdecimal() else AbstractHeapType[heap.upper()], "exact" in flags
    )
    return membership(close(type_, module.types))


def difference(source: RefType, target: RefType) -> RefType:
    """The type of what is of `source` and was found not to be of `target`."""
    return RefType(source.nullable and not target.nullable, source.heap, source.exact)


@template("ref.test", "ref.test_null")
def test(t: Translator, instruction: Instruction, type_: RefType) -> None:
    a = t.pop()
    text = _test(t, type_, a)
    t.combine(text, ATOM, I32, (a,), 0, 1, negated=f"(not {text})")


@template("ref.cast", "ref.cast_null")
def cast(t: Translator, instruction: Instruction, type_: RefType) -> None:
    (a,) = t.pop_simple()
    text = f"{a.text} if {_test(t, type_, a)} else cast_failure()"
    t.combine(text, CONDITIONAL, closed(t, type_), (a,), effects=TRAPS)


def branch_on(t: Translator, operands: tuple[str, str], a: Operand, taken: RefType, kept: RefType, depth: int) -> None:
    """Branch with `a` as `taken` where the first text holds; go on with it as `kept` where the second does."""
    t.push(Operand(a.text, taken, a.precedence, reads=a.reads))
    branch_when(t, *operands, depth)
    t.pop()
    t.push(Operand(a.text, kept, a.precedence, reads=a.reads))


@template("br_on_cast")
def br_on_cast(t: Translator, instruction: Instruction, immediate: Cast) -> None:
    t.stack.before(TRAPS)
    (a,) = t.pop_simple()
    source, target = closed(t, immediate.source), closed(t, immediate.target)
    text = _test(t, immediate.target, a)
    branch_on(t, (text, f"not {text}"), a, target, difference(source, target), immediate.label)


@template("br_on_cast_fail")
def br_on_cast_fail(t: Translator, instruction: Instruction, immediate: Cast) -> None:
    t.stack.before(TRAPS)
    (a,) = t.pop_simple()
    source, target = closed(t, immediate.source), closed(t, immediate.target)
    text = _test(t, immediate.target, a)
    branch_on(t, (f"not {text}", text), a, difference(source, target), target, immediate.label)


@template("any.convert_extern", "extern.convert_any")
def convert(t: Translator, instruction: Instruction, _: None) -> None:
    # A reference is the same object on both sides. Only its static type changes, and whether that admits null stays.
    a = t.pop()
    heap = AbstractHeapType.ANY if instruction.name.startswith("any") else AbstractHeapType.EXTERN
    nullable = not isinstance(a.type, RefType) or a.type.nullable
    a.type = RefType(nullable, heap)
    t.push(a)
