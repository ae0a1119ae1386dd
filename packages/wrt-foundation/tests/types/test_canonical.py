"""Canonical types: equal definitions are the identical object, others are not."""

from __future__ import annotations

import gc
import pickle
import threading

import pytest

from wrt_foundation.canonical import DefinedType, canonical_types, close, defined_function_type
from wrt_foundation.types import (
    F32,
    I32,
    I64,
    ArrayType,
    ContType,
    FieldType,
    FuncType,
    RecType,
    RefType,
    StructType,
    SubType,
)


def ref(heap: int) -> RefType:
    return RefType(True, heap)


def struct(*storages: object, final: bool = True, supertypes: tuple[int, ...] = ()) -> SubType:
    fields = tuple(FieldType(storage) for storage in storages)  # type: ignore[arg-type]
    return SubType(StructType(fields), supertypes, final)


def single(*subtypes: SubType) -> list[RecType]:
    return [RecType((subtype,)) for subtype in subtypes]


def test_equal_definitions_are_the_same_type_whatever_their_index() -> None:
    a, b, c = canonical_types(single(struct(I32), struct(I64), struct(I32)))
    assert a is c
    assert a is not b
    (again,) = canonical_types(single(struct(I32)))
    assert again is a


def test_definitions_are_told_apart_by_everything_they_say() -> None:
    variants = [
        struct(I32),
        struct(I32, I32),
        struct(I32, final=False),
        SubType(StructType((FieldType(I32, True),))),
        SubType(ArrayType(FieldType(I32))),
        SubType(FuncType((I32,))),
        SubType(FuncType((), (I32,))),
        SubType(StructType((FieldType(ref(0)),))),
        SubType(StructType((FieldType(RefType(False, 0)),))),
        SubType(StructType((FieldType(RefType(True, 0, exact=True)),))),
    ]
    types = canonical_types(single(struct(F32, final=False), *variants))
    assert len(set(types)) == len(variants) + 1


def test_references_within_a_group_are_relative() -> None:
    def list_of(at: int) -> RecType:
        return RecType((struct(I32, ref(at)),), explicit=True)

    first, _, third = canonical_types([list_of(0), *single(struct(I64)), list_of(2)])
    assert first is third
    assert first.composite == StructType((FieldType(I32), FieldType(RefType(True, first))))


def test_a_group_is_more_than_its_members() -> None:
    # The same two definitions, in one group, in two, and in the other order.
    a, b = struct(I32), struct(I64)
    alone = canonical_types(single(a, b))
    together = canonical_types([RecType((a, b))])
    swapped = canonical_types([RecType((b, a))])
    assert len({*alone, *together, *swapped}) == 6


def test_a_reference_into_the_group_is_not_one_to_the_equal_type_before_it() -> None:
    loop = RecType((struct(ref(0)),))
    back = RecType((struct(ref(0)),))
    first, second = canonical_types([loop, back])
    assert first is not second
    assert second.composite == StructType((FieldType(RefType(True, first)),))


def test_declared_supertypes_reach_over_any_number_of_steps() -> None:
    groups = single(
        struct(final=False),
        struct(I32, final=False, supertypes=(0,)),
        struct(I32, I32, final=False, supertypes=(1,)),
        struct(I32, final=False, supertypes=(0,)),
        struct(I32, final=False),
    )
    top, middle, bottom, same_as_middle, stranger = canonical_types(groups)
    assert same_as_middle is middle
    assert bottom.super is middle
    assert bottom.ancestors == (top, middle, bottom)
    assert bottom.is_subtype_of(top)
    assert bottom.is_subtype_of(middle)
    assert bottom.is_subtype_of(bottom)
    assert not top.is_subtype_of(bottom)
    # Structural likeness is not enough: a supertype must be declared.
    assert not stranger.is_subtype_of(top)
    assert not bottom.is_subtype_of(stranger)


def test_descriptors_name_one_another() -> None:
    described, descriptor = canonical_types(
        [RecType((SubType(StructType(), descriptor=1), SubType(StructType(), describes=0)))]
    )
    assert described.descriptor is descriptor
    assert descriptor.describes is described
    assert described.describes is None


def test_continuations_close_over_their_function() -> None:
    function, continuation = canonical_types(single(SubType(FuncType()), SubType(ContType(0))))
    assert continuation.composite == ContType(function)


def test_host_functions_have_types_too() -> None:
    (defined,) = canonical_types(single(SubType(FuncType((I32,), (I64,)))))
    assert defined_function_type(FuncType((I32,), (I64,))) is defined


def test_closing_a_type() -> None:
    types = canonical_types(single(struct(I32)))
    assert close(RefType(False, 0, exact=True), types) == RefType(False, types[0], exact=True)
    assert close(I32, types) is I32
    with pytest.raises(IndexError):
        close(ref(1), types)


def test_indices_past_what_is_defined() -> None:
    with pytest.raises(IndexError):
        canonical_types(single(struct(ref(1))))


def test_pickling_keeps_identity() -> None:
    types = canonical_types([RecType((struct(ref(1), final=False), struct(ref(0), supertypes=(0,))))])
    again = pickle.loads(pickle.dumps(types))
    assert all(a is b for a, b in zip(again, types, strict=True))


def test_types_print_in_bounded_space() -> None:
    (loop,) = canonical_types([RecType((SubType(FuncType((ref(0), I32), (ref(0),))),))])
    assert str(loop) == "func [(ref null func.0) i32] -> [(ref null func.0)]"
    assert repr(loop) == f"<FuncType {loop}>"


def test_types_that_nobody_holds_are_forgotten() -> None:
    from wrt_foundation import canonical

    definition = single(struct(I32, I64, I32, F32, F32, I64))
    before = len(canonical._groups)
    types = canonical_types(definition)
    assert len(canonical._groups) == before + 1
    del types
    gc.collect()
    assert len(canonical._groups) <= before


def test_threads_agree() -> None:
    definition = single(struct(F32, F32, I64, I32, I32))
    found: list[DefinedType] = []
    start = threading.Barrier(8)

    def define() -> None:
        start.wait()
        found.extend(canonical_types(definition))

    threads = [threading.Thread(target=define) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
