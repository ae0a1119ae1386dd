"""Types: how they print, compare and take in one another."""

from __future__ import annotations

import pickle

import pytest

from wrt_foundation.types import (
    ANYREF,
    EXNREF,
    F32,
    F64,
    FUNCREF,
    I32,
    I64,
    V128,
    AbstractHeapType,
    ExternKind,
    FieldType,
    FuncType,
    Limits,
    NumType,
    PackedType,
    RefType,
)


def test_number_types_know_their_width_and_code() -> None:
    assert [(t, t.bits, t.value) for t in NumType] == [
        (I32, 32, 0x7F),
        (I64, 64, 0x7E),
        (F32, 32, 0x7D),
        (F64, 64, 0x7C),
        (V128, 128, 0x7B),
    ]
    assert [(t.bits, t.value) for t in PackedType] == [(8, 0x78), (16, 0x77)]
    assert [str(t) for t in (*NumType, *PackedType)] == ["i32", "i64", "f32", "f64", "v128", "i8", "i16"]


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        (FUNCREF, "funcref"),
        (ANYREF, "anyref"),
        (EXNREF, "exnref"),
        (RefType(True, AbstractHeapType.NONE), "nullref"),
        (RefType(True, AbstractHeapType.NOFUNC), "nullfuncref"),
        (RefType(True, AbstractHeapType.NOEXTERN), "nullexternref"),
        (RefType(True, AbstractHeapType.NOEXN), "nullexnref"),
        (RefType(True, AbstractHeapType.NOCONT), "nullcontref"),
        (RefType(True, AbstractHeapType.I31), "i31ref"),
        (RefType(False, AbstractHeapType.FUNC), "(ref func)"),
        (RefType(True, 3), "(ref null 3)"),
        (RefType(False, 3), "(ref 3)"),
        (RefType(False, 3, exact=True), "(ref (exact 3))"),
        (RefType(True, 3, exact=True), "(ref null (exact 3))"),
    ],
)
def test_references_print_as_the_text_format_writes_them(type_: RefType, text: str) -> None:
    assert str(type_) == text


def test_every_abstract_heap_type_has_a_shorthand() -> None:
    shorthands = {str(RefType(True, heap)) for heap in AbstractHeapType}
    assert len(shorthands) == len(AbstractHeapType)
    assert all(shorthand.endswith("ref") and " " not in shorthand for shorthand in shorthands)


def test_functions_and_limits_print() -> None:
    assert str(FuncType((I32, FUNCREF), (V128,))) == "[i32 funcref] -> [v128]"
    assert str(FuncType()) == "[] -> []"
    assert (str(Limits(1)), str(Limits(1, 2))) == ("1", "1 2")
    assert str(ExternKind.MEMORY) == "memory"


def test_packed_fields_unpack_to_i32() -> None:
    assert FieldType(PackedType.I8).value is I32
    assert FieldType(PackedType.I16, True).value is I32
    assert FieldType(F64).value is F64


def test_types_are_values() -> None:
    assert RefType(True, 1) == RefType(True, 1) != RefType(True, 1, exact=True)
    assert len({FuncType((I32,)), FuncType((I32,)), FuncType((), (I32,))}) == 2
    with pytest.raises(AttributeError):
        FUNCREF.nullable = False  # type: ignore[misc]
    for type_ in (I32, FUNCREF, FuncType((I32,), (ANYREF,)), FieldType(PackedType.I8, True)):
        assert pickle.loads(pickle.dumps(type_)) == type_
    assert pickle.loads(pickle.dumps(I32)) is I32
