"""Templates of structures, arrays and unboxed scalars."""

from __future__ import annotations

from wrt_core.engines.stackless.translation.operand import (
    ADD,
    AND,
    ATOM,
    CONDITIONAL,
    NOTHING,
    READS,
    TRAPS,
    WIDTH_MASK,
    XOR,
    Operand,
)
from wrt_core.engines.stackless.translation.stack import WRITES
from wrt_core.engines.stackless.translation.templates.references import may_be_null, or_null
from wrt_core.engines.stackless.translation.translator import Translator, template
from wrt_core.runtime.aggregates import default_of
from wrt_foundation.instructions import Instruction
from wrt_foundation.traps import TrapCode
from wrt_foundation.types import (
    I32,
    AbstractHeapType,
    ArrayType,
    FieldType,
    NumType,
    PackedType,
    RefType,
    StructType,
)

__all__ = ["packed", "struct_type"]


def struct_type(t: Translator, index: int) -> StructType:
    """The structure type at a type index."""
    composite = t.module.types[index].composite
    assert isinstance(composite, StructType)
    return composite


def _element(t: Translator, index: int) -> FieldType:
    composite = t.module.types[index].composite
    assert isinstance(composite, ArrayType)
    return composite.field


def _new_type(t: Translator, index: int) -> RefType:
    return RefType(False, t.module.types[index], True)


def packed(field: FieldType, value: Operand) -> str:
    """A value as it is stored in a field."""
    if isinstance(field.storage, PackedType):
        mask = (1 << field.storage.bits) - 1
        return value.text if value.low >= 0 and value.high <= mask else f"{value.at(AND)} & {mask:#x}"
    return value.text


def default_text(field: FieldType) -> str:
    """The text of a field's default value."""
    return "ZERO" if field.storage is NumType.V128 else repr(default_of(field))


def _unpacked(instruction: Instruction, field: FieldType, value: Operand) -> Operand:
    """What a field's value is on the stack: of a packed one, extended as the instruction says."""
    if not isinstance(field.storage, PackedType):
        return value
    bits = field.storage.bits
    value.high = (1 << bits) - 1
    if not instruction.name.endswith("_s"):
        return value
    sign = 1 << bits - 1
    return value.derive(f"({value.at(XOR)} ^ {sign:#x}) - {sign:#x}", ADD, -sign, sign - 1)


def new(t: Translator, type_index: int, fields: str, operands: list[Operand], descriptor: str = "") -> None:
    """Push a new structure."""
    text = f"Struct(y{type_index}, [{fields}]{descriptor})"
    t.combine(text, ATOM, _new_type(t, type_index), operands, effects=READS)


@template("struct.new")
def struct_new(t: Translator, instruction: Instruction, type_index: int) -> None:
    fields = struct_type(t, type_index).fields
    operands = t.pop_many(len(fields))
    new(t, type_index, ", ".join(map(packed, fields, operands)), operands)


@template("struct.new_default")
def struct_new_default(t: Translator, instruction: Instruction, type_index: int) -> None:
    new(t, type_index, ", ".join(map(default_text, struct_type(t, type_index).fields)), [])


@template("struct.get", "struct.get_s", "struct.get_u")
def struct_get(t: Translator, instruction: Instruction, immediates: tuple[int, int]) -> None:
    type_index, field = immediates
    (a,) = t.pop_simple()
    type_ = struct_type(t, type_index).fields[field]
    text = or_null(f"{a.text}.fields[{field}]", a, "null_structure")
    high = WIDTH_MASK.get(type_.value, 0)
    t.combine(text, CONDITIONAL, type_.value, (a,), 0, high, READS | (TRAPS if may_be_null(a) else NOTHING))
    t.push(_unpacked(instruction, type_, t.pop()))


@template("struct.set")
def struct_set(t: Translator, instruction: Instruction, immediates: tuple[int, int]) -> None:
    type_index, field = immediates
    a, value = t.pop_simple(2)
    target = or_null(a.text, a, "null_structure")
    stored = packed(struct_type(t, type_index).fields[field], value)
    t.statement(f"({target}).fields[{field}] = {stored}", WRITES | TRAPS)


@template("array.new")
def array_new(t: Translator, instruction: Instruction, type_index: int) -> None:
    operands = value, count = t.pop_many(2)
    text = f"array_new(y{type_index}, {packed(_element(t, type_index), value)}, {count.text})"
    t.combine(text, ATOM, _new_type(t, type_index), operands, effects=TRAPS | READS)


@template("array.new_default")
def array_new_default(t: Translator, instruction: Instruction, type_index: int) -> None:
    count = t.pop_clean()
    text = f"array_new(y{type_index}, {default_text(_element(t, type_index))}, {count.text})"
    t.combine(text, ATOM, _new_type(t, type_index), (count,), effects=TRAPS | READS)


@template("array.new_fixed")
def array_new_fixed(t: Translator, instruction: Instruction, immediates: tuple[int, int]) -> None:
    type_index, count = immediates
    field = _element(t, type_index)
    operands = t.pop_many(count)
    elements = ", ".join(packed(field, each) for each in operands)
    t.combine(f"Array(y{type_index}, [{elements}])", ATOM, _new_type(t, type_index), operands, effects=READS)


@template("array.new_data", "array.new_elem")
def array_new_segment(t: Translator, instruction: Instruction, immediates: tuple[int, int]) -> None:
    type_index, segment = immediates
    operands = offset, count = t.pop_many(2)
    source = f"data[{segment}]" if instruction.name.endswith("data") else f"elements[{segment}]"
    text = f"{instruction.name.replace('.', '_')}(y{type_index}, {source}, {offset.text}, {count.text})"
    t.combine(text, ATOM, _new_type(t, type_index), operands, effects=TRAPS | READS)


@template("array.get", "array.get_s", "array.get_u")
def array_get(t: Translator, instruction: Instruction, type_index: int) -> None:
    a, index = t.pop_simple(2)
    field = _element(t, type_index)
    text = or_null(f"{a.text}.elements[{index.text}]", a, "null_array")
    # On a line of its own: its IndexError is the array's.
    t.into_slot(text, field.value, READS | TRAPS, TrapCode.ARRAY_OUT_OF_BOUNDS)
    t.push(_unpacked(instruction, field, t.pop()))


@template("array.set")
def array_set(t: Translator, instruction: Instruction, type_index: int) -> None:
    a, index, value = t.pop_simple(3)
    target = or_null(a.text, a, "null_array")
    stored = packed(_element(t, type_index), value)
    text = f"({target}).elements[{index.text}] = {stored}"
    t.statement(text, WRITES | TRAPS, trap=TrapCode.ARRAY_OUT_OF_BOUNDS)


@template("array.len")
def array_len(t: Translator, instruction: Instruction, _: None) -> None:
    (a,) = t.pop_simple()
    text = or_null(f"len({a.text}.elements)", a, "null_array")
    t.combine(text, CONDITIONAL, I32, (a,), 0, WIDTH_MASK[I32], TRAPS)


@template("array.fill", "array.copy", "array.init_data", "array.init_elem")
def array_bulk(t: Translator, instruction: Instruction, immediates: int | tuple[int, int]) -> None:
    name = instruction.name
    operands = t.pop_many(5 if name == "array.copy" else 4)
    texts = [each.text for each in operands]
    if name == "array.fill":
        assert isinstance(immediates, int)
        texts[2] = packed(_element(t, immediates), operands[2])
    elif name != "array.copy":
        assert isinstance(immediates, tuple)
        texts.append(f"{'data' if name.endswith('data') else 'elements'}[{immediates[1]}]")
    effects = WRITES | TRAPS
    for operand in operands:
        effects |= operand.effects
    t.statement(f"{name.replace('.', '_')}({', '.join(texts)})", effects)


@template("ref.i31")
def ref_i31(t: Translator, instruction: Instruction, _: None) -> None:
    a = t.pop()
    number = f"({a.at(AND)} & 0x7fffffff ^ 0x40000000) - 0x40000000"
    t.combine(f"I31({number})", ATOM, RefType(False, AbstractHeapType.I31), (a,))


@template("i31.get_s", "i31.get_u")
def i31_get(t: Translator, instruction: Instruction, _: None) -> None:
    (a,) = t.pop_simple()
    if instruction.name.endswith("_s"):
        text, low, high = f"{a.text} + 0", -0x4000_0000, 0x3FFF_FFFF  # an int: an i32 is nothing more
    else:
        text, low, high = f"{a.text} & 0x7fffffff", 0, 0x7FFF_FFFF
    t.combine(or_null(text, a, "null_i31"), CONDITIONAL, I32, (a,), low, high, TRAPS)
