"""Custom descriptors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from wrt_foundation.errors import ValidationError
from wrt_foundation.features import ALL, Feature
from wrt_foundation.immediates import Cast
from wrt_foundation.instructions import BY_NAME
from wrt_foundation.module import Export, Import
from wrt_foundation.types import (
    ANYREF,
    FUNCREF,
    I32,
    AbstractHeapType,
    ExternKind,
    FieldType,
    FuncUse,
    RecType,
    RefType,
    StructType,
    SubType,
)

A, A_DESC, B, B_DESC, PLAIN, PARTIAL, PARTIAL_DESC = range(1, 8)
_EMPTY = StructType()
_NON_NULL = RefType(False, AbstractHeapType.FUNC)
_REST: dict[str, Any] = {
    "types": (
        RecType(
            (
                SubType(StructType((FieldType(I32),)), final=False, descriptor=A_DESC),
                SubType(_EMPTY, final=False, describes=A),
                SubType(StructType((FieldType(I32),)), (A,), final=False, descriptor=B_DESC),
                SubType(_EMPTY, (A_DESC,), final=False, describes=B),
            ),
            explicit=True,
        ),
        _EMPTY,
        RecType(
            (SubType(StructType((FieldType(_NON_NULL),)), descriptor=PARTIAL_DESC), SubType(_EMPTY, describes=PARTIAL)),
            explicit=True,
        ),
    )
}


def _ref(index: int, *, null: bool = False, exact: bool = False) -> RefType:
    return RefType(null, index, exact)


_EXACT_A, _EXACT_DESC = _ref(A, exact=True), _ref(A_DESC, null=True, exact=True)

VALID: dict[str, tuple[tuple[Any, ...], Any, Any]] = {
    "new": (("struct.new_desc", A), (I32, _EXACT_DESC), (_EXACT_A,)),
    "new of defaults": (("struct.new_default_desc", A), (_EXACT_DESC,), (_EXACT_A,)),
    "new without descriptor is exact": (("struct.new", PLAIN), (), (_ref(PLAIN, exact=True),)),
    "descriptor": (("ref.get_desc", A), (_ref(A, null=True),), (_ref(A_DESC),)),
    "descriptor of what is exact": (("ref.get_desc", A), (_EXACT_A,), (_ref(A_DESC, exact=True),)),
    "descriptor of a subtype": (("ref.get_desc", A), (_ref(B, exact=True),), (_ref(A_DESC),)),
    "cast": (("ref.cast_desc_eq", _ref(A)), (ANYREF, _ref(A_DESC, null=True)), (_ref(A),)),
    "exact cast": (("ref.cast_desc_eq", _EXACT_A), (ANYREF, _EXACT_DESC), (_EXACT_A,)),
    "cast to a nullable": (
        ("ref.cast_desc_eq_null", _ref(A, null=True)),
        (ANYREF, _ref(A_DESC)),
        (_ref(A, null=True),),
    ),
    "branch": (("br_on_cast_desc_eq", Cast(0, ANYREF, _ref(A))), (ANYREF, _ref(A_DESC)), (ANYREF,)),
    "branch on failure": (("br_on_cast_desc_eq_fail", Cast(0, ANYREF, _ref(A))), (ANYREF, _ref(A_DESC)), (ANYREF,)),
    "cast between siblings": (("br_on_cast", Cast(0, _ref(PLAIN), _ref(A))), (_ref(PLAIN),), (ANYREF,)),
}
_valid = pytest.mark.parametrize(("line", "params", "results"), VALID.values(), ids=VALID)


@_valid
def test_valid(check: Callable[..., Any], line: tuple[Any, ...], params: Any, results: Any) -> None:
    check(*(("local.get", i) for i in range(len(params))), line, params=params, results=results, **_REST)


@_valid
def test_each_operand_counts(check: Callable[..., Any], line: tuple[Any, ...], params: Any, results: Any) -> None:
    for wrong in range(len(params)):
        given = (*params[:wrong], FUNCREF, *params[wrong + 1 :])
        with pytest.raises(ValidationError, match=f"^type mismatch: {BY_NAME[line[0]].keyword} expected"):
            check(*(("local.get", i) for i in range(len(params))), line, params=given, results=results, **_REST)


INVALID: dict[str, tuple[tuple[Any, ...], Any, Any, str]] = {
    "new without the descriptor": (
        ("struct.new", A),
        (I32,),
        (ANYREF,),
        "type with descriptor requires descriptor allocation",
    ),
    "defaults without the descriptor": (
        ("struct.new_default", A),
        (),
        (ANYREF,),
        "type with descriptor requires descriptor allocation",
    ),
    "new with a descriptor it has not": (
        ("struct.new_desc", PLAIN),
        (),
        (ANYREF,),
        "type without descriptor requires non-descriptor allocation",
    ),
    "defaults with a descriptor it has not": (
        ("struct.new_default_desc", PLAIN),
        (),
        (ANYREF,),
        "type without descriptor requires non-descriptor allocation",
    ),
    "default that there is not": (
        ("struct.new_default_desc", PARTIAL),
        (_ref(PARTIAL_DESC, exact=True),),
        (ANYREF,),
        "type mismatch: field 0",
    ),
    "descriptor that may be of a subtype": (("struct.new_desc", A), (I32, _ref(A_DESC)), (ANYREF,), "type mismatch"),
    "descriptor of a subtype": (("struct.new_desc", A), (I32, _ref(B_DESC, exact=True)), (ANYREF,), "type mismatch"),
    "get of what has none": (("ref.get_desc", PLAIN), (_ref(PLAIN),), (ANYREF,), f"type without descriptor {PLAIN}"),
    "get gives no exact descriptor": (
        ("ref.get_desc", A),
        (_ref(A),),
        (_ref(A_DESC, exact=True),),
        "type mismatch: end expected",
    ),
    "get gives no exact descriptor of a subtype": (
        ("ref.get_desc", A),
        (_ref(B, exact=True),),
        (_ref(A_DESC, exact=True),),
        "type mismatch: end expected",
    ),
    "cast to what has none": (
        ("ref.cast_desc_eq", _ref(PLAIN)),
        (ANYREF, ANYREF),
        (ANYREF,),
        f"type {PLAIN} does not have a descriptor",
    ),
    "cast to any": (
        ("ref.cast_desc_eq", RefType(False, AbstractHeapType.ANY)),
        (ANYREF, ANYREF),
        (ANYREF,),
        "type any does not have a descriptor",
    ),
    "exact cast by an inexact descriptor": (
        ("ref.cast_desc_eq", _EXACT_A),
        (ANYREF, _ref(A_DESC)),
        (ANYREF,),
        "type mismatch: ref.cast_desc_eq expected",
    ),
    "branch to what has none": (
        ("br_on_cast_desc_eq", Cast(0, ANYREF, _ref(PLAIN))),
        (ANYREF, ANYREF),
        (ANYREF,),
        f"type {PLAIN} does not have a descriptor",
    ),
    "branch across hierarchies": (
        ("br_on_cast_desc_eq", Cast(0, FUNCREF, _ref(A))),
        (FUNCREF, _ref(A_DESC)),
        (ANYREF,),
        "type mismatch: br_on_cast_desc_eq can't cast",
    ),
}


@pytest.mark.parametrize(("line", "params", "results", "message"), INVALID.values(), ids=INVALID)
def test_invalid(check: Callable[..., Any], line: tuple[Any, ...], params: Any, results: Any, message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        check(*(("local.get", i) for i in range(len(params))), line, params=params, results=results, **_REST)
    assert caught.value.message.startswith(message)


def test_functions_are_exact_but_for_imports(check: Callable[..., Any]) -> None:
    exact = RefType(False, 0, exact=True)
    imports = [Import("m", "f", FuncUse(0)), Import("m", "g", FuncUse(0, exact=True))]
    exports = [Export(str(index), ExternKind.FUNC, index) for index in range(3)]
    for index in (1, 2):
        check(("block", exact), ("ref.func", index), "end", "drop", imports=imports, exports=exports)
    with pytest.raises(ValidationError, match="^type mismatch: end expected"):
        check(("block", exact), ("ref.func", 0), "end", "drop", imports=imports, exports=exports)


def test_casts_between_siblings_are_descriptors_alone(check: Callable[..., Any]) -> None:
    i31 = RefType(False, AbstractHeapType.I31)
    lines = [("local.get", 0), ("br_on_cast", Cast(0, i31, _ref(1)))]
    check(*lines, params=(i31,), results=(ANYREF,), types=(_EMPTY,))
    with pytest.raises(ValidationError, match="^type mismatch: br_on_cast can't cast"):
        check(*lines, params=(i31,), results=(ANYREF,), types=(_EMPTY,), features=ALL - {Feature.CUSTOM_DESCRIPTORS})
