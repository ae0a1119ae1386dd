"""Matching (specification, section 3.3): the hierarchies, and variance where types are put together."""

from __future__ import annotations

import itertools

import pytest

from wrt_foundation.canonical import canonical_types
from wrt_foundation.subtyping import (
    bottom_of,
    matches,
    matches_composite,
    matches_field,
    matches_global,
    matches_heap,
    matches_limits,
    matches_memory,
    matches_results,
    matches_table,
    top_of,
)
from wrt_foundation.types import (
    F32,
    FUNCREF,
    I32,
    I64,
    AbstractHeapType,
    ArrayType,
    ContType,
    FieldType,
    FuncType,
    GlobalType,
    Limits,
    MemoryType,
    NumType,
    PackedType,
    RecType,
    RefType,
    StructType,
    SubType,
    TableType,
)

A = AbstractHeapType

BELOW = {
    A.ANY: {A.ANY, A.EQ, A.I31, A.STRUCT, A.ARRAY, A.NONE},
    A.EQ: {A.EQ, A.I31, A.STRUCT, A.ARRAY, A.NONE},
    A.I31: {A.I31, A.NONE},
    A.STRUCT: {A.STRUCT, A.NONE},
    A.ARRAY: {A.ARRAY, A.NONE},
    A.NONE: {A.NONE},
    A.FUNC: {A.FUNC, A.NOFUNC},
    A.NOFUNC: {A.NOFUNC},
    A.EXTERN: {A.EXTERN, A.NOEXTERN},
    A.NOEXTERN: {A.NOEXTERN},
    A.EXN: {A.EXN, A.NOEXN},
    A.NOEXN: {A.NOEXN},
    A.CONT: {A.CONT, A.NOCONT},
    A.NOCONT: {A.NOCONT},
}

BASE, DERIVED, OTHER, ARRAY, FUNC, CONT = canonical_types(
    [
        RecType((SubType(StructType((FieldType(I32),)), final=False),)),
        RecType((SubType(StructType((FieldType(I32), FieldType(I64))), (0,), final=False),)),
        RecType((SubType(StructType((FieldType(I64),)), final=False),)),
        RecType((SubType(ArrayType(FieldType(I32))),)),
        RecType((SubType(FuncType((I32,))),)),
        RecType((SubType(ContType(4)),)),
    ]
)

TOPS = {BASE: A.STRUCT, DERIVED: A.STRUCT, OTHER: A.STRUCT, ARRAY: A.ARRAY, FUNC: A.FUNC, CONT: A.CONT}
"""The abstract type right above each of them."""


def test_abstract_heap_types() -> None:
    assert set(BELOW) == set(A)
    for sub, sup in itertools.product(A, A):
        assert matches_heap(sub, sup) == (sub in BELOW[sup]), (sub, sup)


def test_definitions_and_abstract_heap_types() -> None:
    for defined, abstract in TOPS.items():
        for heap in A:
            assert matches_heap(defined, heap) == (abstract in BELOW[heap]), (defined, heap)
            assert matches_heap(heap, defined) == (heap is bottom_of(abstract)), (heap, defined)


def test_definitions_match_by_declaration() -> None:
    matching = {(a, b) for a, b in itertools.product(TOPS, TOPS) if matches_heap(a, b)}
    assert matching == {(a, a) for a in TOPS} | {(DERIVED, BASE)}


def test_exact_types_take_no_subtypes() -> None:
    def heap(sub: object, exact_sub: bool, sup: object, exact_sup: bool) -> bool:
        return matches_heap(sub, sup, exact_sub, exact_sup)

    assert heap(BASE, True, BASE, True)
    assert heap(BASE, True, BASE, False)
    assert not heap(BASE, False, BASE, True)
    assert heap(DERIVED, True, BASE, False)
    assert not heap(DERIVED, True, BASE, True)
    assert heap(BASE, True, A.STRUCT, False)
    assert heap(A.NONE, False, BASE, True)
    assert not heap(A.NOFUNC, False, BASE, True)


def test_tops_and_bottoms() -> None:
    for heap in A:
        assert heap in BELOW[top_of(heap)]
        assert bottom_of(heap) in BELOW[heap]
    assert top_of(BASE) is A.ANY
    assert bottom_of(FUNC) is A.NOFUNC
    with pytest.raises(TypeError):
        top_of(3)


def test_values() -> None:
    for sub, sup in itertools.product(NumType, NumType):
        assert matches(sub, sup) == (sub is sup)
    assert not matches(I32, FUNCREF)
    assert not matches(FUNCREF, I32)
    nullable, not_null = RefType(True, BASE), RefType(False, BASE)
    assert matches(not_null, nullable)
    assert not matches(nullable, not_null)
    assert matches(RefType(False, DERIVED), nullable)
    assert matches(RefType(True, A.NONE), nullable)
    assert not matches(RefType(True, A.NONE), not_null)
    assert not matches(nullable, RefType(True, BASE, exact=True))


def test_matching_is_an_order() -> None:
    heaps = [*A, *TOPS]
    references = [RefType(nullable, heap) for nullable in (True, False) for heap in heaps]
    references += [RefType(True, heap, exact=True) for heap in TOPS]
    below = {a: {b for b in references if matches(b, a)} for a in references}
    for a in references:
        assert a in below[a]
        for b in below[a]:
            assert below[b] <= below[a]
            assert a == b or a not in below[b]


def test_results_match_one_by_one() -> None:
    derived, base = RefType(True, DERIVED), RefType(True, BASE)
    assert matches_results((), ())
    assert matches_results((I32, derived), (I32, base))
    assert not matches_results((I32, base), (I32, derived))
    assert not matches_results((I32,), (I32, I32))
    assert not matches_results((I32, I32), (I32,))


def test_fields_that_may_be_set_are_invariant() -> None:
    derived, base = RefType(True, DERIVED), RefType(True, BASE)
    assert matches_field(FieldType(derived), FieldType(base))
    assert not matches_field(FieldType(base), FieldType(derived))
    assert not matches_field(FieldType(derived, True), FieldType(base, True))
    assert matches_field(FieldType(base, True), FieldType(base, True))
    assert not matches_field(FieldType(base, True), FieldType(base))
    assert not matches_field(FieldType(base), FieldType(base, True))
    assert matches_field(FieldType(PackedType.I8), FieldType(PackedType.I8))
    assert not matches_field(FieldType(PackedType.I8), FieldType(PackedType.I16))
    assert not matches_field(FieldType(PackedType.I8), FieldType(I32))
    assert not matches_field(FieldType(I32), FieldType(PackedType.I8))


def test_composites() -> None:
    derived, base = RefType(True, DERIVED), RefType(True, BASE)
    assert matches_composite(FuncType((base,), (derived,)), FuncType((derived,), (base,)))
    assert not matches_composite(FuncType((derived,)), FuncType((base,)))
    assert not matches_composite(FuncType((), (base,)), FuncType((), (derived,)))
    one, two = StructType((FieldType(I32),)), StructType((FieldType(I32), FieldType(F32)))
    assert matches_composite(two, one)
    assert not matches_composite(one, two)
    assert not matches_composite(StructType((FieldType(I64), FieldType(F32))), one)
    assert matches_composite(ArrayType(FieldType(derived)), ArrayType(FieldType(base)))
    assert not matches_composite(ArrayType(FieldType(base)), ArrayType(FieldType(derived)))
    assert matches_composite(ContType(FUNC), ContType(FUNC))
    assert not matches_composite(FuncType(), StructType())
    assert not matches_composite(one, ArrayType(FieldType(I32)))


@pytest.mark.parametrize(
    ("sub", "sup", "expected"),
    [
        (Limits(1), Limits(1), True),
        (Limits(2), Limits(1), True),
        (Limits(1), Limits(2), False),
        (Limits(1, 5), Limits(1), True),
        (Limits(1), Limits(1, 5), False),
        (Limits(1, 5), Limits(1, 5), True),
        (Limits(1, 6), Limits(1, 5), False),
        (Limits(3, 4), Limits(1, 5), True),
    ],
)
def test_limits(sub: Limits, sup: Limits, expected: bool) -> None:
    assert matches_limits(sub, sup) is expected


def test_memories() -> None:
    memory = MemoryType(Limits(1, 2))
    assert matches_memory(memory, MemoryType(Limits(0, 2)))
    assert not matches_memory(memory, MemoryType(Limits(2, 2)))
    assert not matches_memory(memory, MemoryType(Limits(1, 2), I64))
    assert not matches_memory(memory, MemoryType(Limits(1, 2), shared=True))
    assert not matches_memory(memory, MemoryType(Limits(1, 2), page_size=1))


def test_tables_are_invariant_in_their_elements() -> None:
    derived, base = RefType(True, DERIVED), RefType(True, BASE)
    table = TableType(base, Limits(1))
    assert matches_table(table, TableType(base, Limits(0)))
    assert not matches_table(TableType(derived, Limits(1)), table)
    assert not matches_table(table, TableType(derived, Limits(1)))
    assert not matches_table(table, TableType(base, Limits(1), I64))
    assert not matches_table(table, TableType(base, Limits(2)))


def test_globals_that_may_be_set_are_invariant() -> None:
    derived, base = RefType(True, DERIVED), RefType(True, BASE)
    assert matches_global(GlobalType(derived), GlobalType(base))
    assert not matches_global(GlobalType(base), GlobalType(derived))
    assert not matches_global(GlobalType(derived, True), GlobalType(base, True))
    assert matches_global(GlobalType(base, True), GlobalType(base, True))
    assert not matches_global(GlobalType(base, True), GlobalType(base))
    assert not matches_global(GlobalType(base), GlobalType(base, True))
