"""Templates of custom descriptors: structures that carry a structure which describes their type."""

from __future__ import annotations

from wrt_core.engines.stackless.translation.operand import CONDITIONAL, TRAPS, Operand
from wrt_core.engines.stackless.translation.templates.aggregates import default_text, new, packed, struct_type
from wrt_core.engines.stackless.translation.templates.casts import branch_on, closed, difference
from wrt_core.engines.stackless.translation.templates.references import may_be_null, or_null
from wrt_core.engines.stackless.translation.translator import Translator, template
from wrt_foundation.immediates import Cast
from wrt_foundation.instructions import Instruction
from wrt_foundation.types import RefType

__all__: list[str] = []


def _pop_descriptor(t: Translator) -> Operand:
    """Pop a descriptor, which must not be null: the trap comes before anything is made."""
    (descriptor,) = t.pop_simple()
    if may_be_null(descriptor):
        t.statement(f"{descriptor.text} is not None or null_descriptor()", TRAPS)
    return descriptor


@template("struct.new_desc")
def new_desc(t: Translator, instruction: Instruction, type_index: int) -> None:
    descriptor = _pop_descriptor(t)
    fields = struct_type(t, type_index).fields
    operands = t.pop_many(len(fields))
    texts = ", ".join(map(packed, fields, operands))
    new(t, type_index, texts, [*operands, descriptor], f", {descriptor.text}")


@template("struct.new_default_desc")
def new_default_desc(t: Translator, instruction: Instruction, type_index: int) -> None:
    descriptor = _pop_descriptor(t)
    texts = ", ".join(map(default_text, struct_type(t, type_index).fields))
    new(t, type_index, texts, [descriptor], f", {descriptor.text}")


@template("ref.get_desc")
def get_desc(t: Translator, instruction: Instruction, type_index: int) -> None:
    (a,) = t.pop_simple()
    descriptor = t.module.types[type_index].descriptor
    assert descriptor is not None
    exact = isinstance(a.type, RefType) and a.type.exact
    text = or_null(f"{a.text}.descriptor", a, "null_reference")
    t.combine(text, CONDITIONAL, RefType(False, descriptor, exact), (a,), effects=TRAPS)


def _test(type_: RefType, a: Operand, descriptor: Operand) -> str:
    """The text that says whether a reference is described by a descriptor; null where the type admits it."""
    text = f"described_by({a.text}, {descriptor.text})"
    return f"({a.text} is None or {text})" if type_.nullable else text


@template("ref.cast_desc_eq", "ref.cast_desc_eq_null")
def cast(t: Translator, instruction: Instruction, type_: RefType) -> None:
    descriptor = _pop_descriptor(t)
    (a,) = t.pop_simple()
    text = f"{a.text} if {_test(type_, a, descriptor)} else descriptor_cast_failure()"
    t.combine(text, CONDITIONAL, closed(t, type_), (a, descriptor), effects=TRAPS)


@template("br_on_cast_desc_eq", "br_on_cast_desc_eq_fail")
def branch(t: Translator, instruction: Instruction, immediate: Cast) -> None:
    t.stack.before(TRAPS)
    descriptor = _pop_descriptor(t)
    (a,) = t.pop_simple()
    source, target = closed(t, immediate.source), closed(t, immediate.target)
    text = _test(target, a, descriptor)
    rest = difference(source, target)
    if instruction.name.endswith("_fail"):
        branch_on(t, (f"not {text}", text), a, rest, target, immediate.label)
    else:
        branch_on(t, (text, f"not {text}"), a, target, rest, immediate.label)
